using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>
/// Delivers the pages that nobody has acknowledged: each to every sink, again and again with a growing, capped wait, until every sink has. No sink waits for another. What is owed and what was tried
/// is in the store, so that a restart loses nothing; which of several sinks has acknowledged is not, so that after a restart one may get a page twice, under the same key.
/// </summary>
internal sealed partial class PageDelivery : BackgroundService
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5), Rest = TimeSpan.FromMilliseconds(250);
    private readonly IPerdure _perdure;
    private readonly IStore _store;
    private readonly TimeProvider _time;
    private readonly PagerOptions _options;
    private readonly ILogger<PageDelivery> _log;
    private readonly long _begin;
    private readonly OwedPages _owed;
    private readonly Worker[] _workers;
    private readonly List<Task> _working = [];
    private TimeSpan _handedOut, _until;
    private CancellationTokenSource? _waits;

    public PageDelivery(IPerdure perdure, IStore store, IEnumerable<IPageSink> sinks, TimeProvider time, IOptions<PerdureHttpOptions> options, ILogger<PageDelivery> log)
    {
        (_perdure, _store, _time, _options, _log) = (perdure, store, time, options.Value.Pager, log);
        _begin = time.GetTimestamp();
        _workers = [.. sinks.Select((sink, index) => new Worker(sink, index))];
        _owed = new(perdure, store, _workers.Length, () => Now, Poll);
    }

    // By the clock that never jumps.
    private TimeSpan Now => _time.GetElapsedTime(_begin);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var (seen, looked) = (-1L, TimeSpan.Zero);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (_perdure.Health.Ready)
                {
                    var end = await _perdure.Views.FeedEnd(stoppingToken);
                    if (end != seen || Now - looked >= Poll)
                    {
                        looked = Now;
                        await _owed.Look(stoppingToken);
                        seen = end;
                    }
                    HandOut(stoppingToken);
                }
                await Wait(seen, stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                Broken(_log, e);
                await Task.Delay(Poll, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        await Task.WhenAll(_working).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // To each sink what it was never given, newest first, and then what waits longest: so none is starved by those that are refused for ever.
    private void HandOut(CancellationToken cancellation)
    {
        _working.RemoveAll(task => task.IsCompleted);
        lock (_owed.Gate)
        {
            _handedOut = Now;
            foreach (var worker in _workers)
            {
                worker.Due = new(_owed.All.Where(p => p.IsDue(worker.Index, _handedOut))
                    .OrderBy(p => p.TriesBefore + p.Sinks[worker.Index].Tries > 0 ? p.Sinks[worker.Index].Next : TimeSpan.MinValue).ThenByDescending(p => p.Page.RaisedAt));
                for (var more = Math.Min(worker.Due.Count, Math.Max(1, _options.Concurrency) - worker.Running); more > 0; more--)
                {
                    worker.Running++;
                    _working.Add(Task.Run(() => Work(worker, cancellation), CancellationToken.None));
                }
            }
        }
    }

    private async Task Work(Worker worker, CancellationToken cancellation)
    {
        while (Next(worker, cancellation) is { } page) await Deliver(page, worker, cancellation);
    }

    private OwedPage? Next(Worker worker, CancellationToken cancellation)
    {
        lock (_owed.Gate)
        {
            while (!cancellation.IsCancellationRequested && worker.Due.TryDequeue(out var page))
            {
                // The node that has the instance delivers its pages, and that may have changed.
                if (!page.IsDue(worker.Index, Now) || !_perdure.Owns(page.Page.Instance)) continue;
                page.Sinks[worker.Index].Busy = true;
                return page;
            }
            worker.Running--;
            return null;
        }
    }

    private async Task Deliver(OwedPage page, Worker worker, CancellationToken cancellation)
    {
        var (progress, key, tries) = (page.Sinks[worker.Index], page.Page.Page.Key, 0);
        string? error = null;
        try
        {
            if (!progress.Acknowledged) await worker.Sink.Deliver(page.Page, cancellation);
        }
        catch (Exception e)
        {
            if (cancellation.IsCancellationRequested) return;
            error = $"{worker.Sink.Name}: {e.Message}";
            NotDelivered(_log, e, key, worker.Sink.Name, page.TriesBefore + progress.Tries + 1);
        }
        bool delivered;
        lock (_owed.Gate)
        {
            if (error is null) progress.Acknowledged = true;
            tries = page.TriesBefore + ++progress.Tries;
            delivered = Array.TrueForAll(page.Sinks, s => s.Acknowledged);
        }
        var marked = true;
        try
        {
            if (delivered || error is not null) await _store.PageTried(key, delivered, error, _time.GetUtcNow(), cancellation);
        }
        catch (Exception e)
        {
            if (cancellation.IsCancellationRequested) return;
            marked = false;
            Broken(_log, e);
        }
        lock (_owed.Gate)
        {
            progress.Busy = false;
            page.Done = delivered && marked;
            progress.OwesMark = delivered && !marked;
            if (error is null && marked) return;
            progress.Next = Now + Backoff(tries);
            if (_waits is null || progress.Next >= _until) return;
            _until = progress.Next;
            _waits.CancelAfter(_until - Now is { Ticks: > 0 } left ? left : TimeSpan.Zero);
        }
    }

    private TimeSpan Backoff(int tries)
    {
        var (first, cap) = (_options.Backoff, _options.BackoffCap);
        var wait = first.TotalMilliseconds * Math.Pow(2, Math.Min(tries - 1, 30));
        return wait < cap.TotalMilliseconds ? TimeSpan.FromMilliseconds(wait) : cap;
    }

    // Until records came, or a page is due again, or for a while; never at once, so that a busy log is not asked all the time.
    private async Task Wait(long seen, CancellationToken cancellation)
    {
        await Task.Delay(Rest, _time, cancellation);
        if (seen < 0) return;
        using var limit = new CancellationTokenSource(Poll, _time);
        lock (_owed.Gate)
        {
            // What was due at the last handing out is with the workers.
            _until = _owed.All.Where(p => !p.Done).SelectMany(p => p.Sinks).Where(s => !s.Busy && (!s.Acknowledged || s.OwesMark) && s.Next > _handedOut).Select(s => s.Next).Append(Now + Poll).Min();
            if (_until <= Now) return;
            limit.CancelAfter(_until - Now);
            _waits = limit;
        }
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
            await _perdure.FeedMoved(seen, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            lock (_owed.Gate) _waits = null;
        }
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>What is done for one sink.</summary>
    private sealed class Worker(IPageSink sink, int index)
    {
        public IPageSink Sink => sink;
        public int Index => index;
        public Queue<OwedPage> Due { get; set; } = new();
        public int Running { get; set; }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The page {PageKey} was not delivered to {Sink} at try {Try}; it is tried again")]
    private static partial void NotDelivered(ILogger log, Exception e, string pageKey, string sink, int @try);

    [LoggerMessage(Level = LogLevel.Error, Message = "Pages cannot be read or marked; trying again")]
    private static partial void Broken(ILogger log, Exception e);
}
