using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>
/// Delivers the pages that nobody has acknowledged: each to every sink, again and again with a growing, capped wait, until every sink has. What is owed and what was tried
/// is in the store, so that a restart loses nothing; which of several sinks has acknowledged is not, so that after a restart one may get a page twice, under the same key.
/// </summary>
internal sealed partial class PageDelivery(IPerdure perdure, IStore store, IEnumerable<IPageSink> sinks, TimeProvider time, IOptions<PerdureHttpOptions> options, ILogger<PageDelivery> log)
    : BackgroundService
{
    private const int Owed = 1_000;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5), Rest = TimeSpan.FromMilliseconds(250);
    private readonly IPageSink[] _sinks = [.. sinks];
    private readonly Dictionary<string, Delivery> _under = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var seen = -1L;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (perdure.Health.Ready)
                {
                    seen = await perdure.Views.FeedEnd(stoppingToken);
                    await DeliverOwed(stoppingToken);
                }
                await Wait(seen, stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Broken(log, e);
                await Task.Delay(Poll, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Tries every page that is owed and whose time has come.</summary>
    internal async Task DeliverOwed(CancellationToken cancellation)
    {
        var owed = await store.PagesOwed(Owed, cancellation);
        foreach (var gone in _under.Keys.Except(owed.Select(p => p.Page.Key), StringComparer.Ordinal).ToList()) _under.Remove(gone);
        var now = time.GetUtcNow();
        List<(StoredPage Page, Delivery Delivery)> due = [];
        foreach (var page in owed)
        {
            if (!perdure.Owns(page.Instance)) continue;      // the node that has the instance delivers its pages
            if (!_under.TryGetValue(page.Page.Key, out var delivery)) _under[page.Page.Key] = delivery = new();
            if (delivery.Next <= now) due.Add((page, delivery));
        }
        await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, options.Value.Pager.Concurrency), CancellationToken = cancellation },
            async (one, stop) => await Try(one.Page, one.Delivery, stop));
    }

    private async Task Try(StoredPage page, Delivery delivery, CancellationToken cancellation)
    {
        string? error = null;
        foreach (var sink in _sinks)
        {
            if (delivery.Acknowledged.Contains(sink)) continue;
            try
            {
                await sink.Deliver(page, cancellation);
                delivery.Acknowledged.Add(sink);
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                error = $"{sink.Name}: {e.Message}";
                NotDelivered(log, e, page.Page.Key, sink.Name, page.Tries + 1);
            }
        }
        delivery.Tries++;
        delivery.Next = time.GetUtcNow() + Backoff(Math.Max(delivery.Tries, page.Tries + 1));
        await store.PageTried(page.Page.Key, error is null, error, time.GetUtcNow(), cancellation);
    }

    private TimeSpan Backoff(int tries)
    {
        var (first, cap) = (options.Value.Pager.Backoff, options.Value.Pager.BackoffCap);
        var wait = first.TotalMilliseconds * Math.Pow(2, Math.Min(tries - 1, 30));
        return wait < cap.TotalMilliseconds ? TimeSpan.FromMilliseconds(wait) : cap;
    }

    // Until records came, or a page is due again, or for a while; never at once, so that a busy log is not asked all the time.
    private async Task Wait(long seen, CancellationToken cancellation)
    {
        await Task.Delay(Rest, time, cancellation);
        if (seen < 0) return;
        var next = _under.Values.Select(d => d.Next).Append(time.GetUtcNow() + Poll).Min() - time.GetUtcNow();
        if (next <= TimeSpan.Zero) return;
        using var limit = new CancellationTokenSource(next, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        await perdure.FeedMoved(seen, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
    }

    private sealed class Delivery
    {
        public HashSet<IPageSink> Acknowledged { get; } = [];
        public int Tries { get; set; }
        public DateTimeOffset Next { get; set; }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The page {PageKey} was not delivered to {Sink} at try {Try}; it is tried again")]
    private static partial void NotDelivered(ILogger log, Exception e, string pageKey, string sink, int @try);

    [LoggerMessage(Level = LogLevel.Error, Message = "Pages cannot be read or marked; trying again")]
    private static partial void Broken(ILogger log, Exception e);
}
