using Microsoft.Extensions.Logging;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>Where pages go: completing <paramref name="Deliver"/> means that the page was acknowledged; it may be called again for the same key.</summary>
internal sealed record PageSink(string Name, Func<StoredPage, CancellationToken, Task> Deliver);

/// <summary>How often pages are looked for and tried.</summary>
internal sealed record PagerPace
{
    /// <summary>The wait after the first try that fails; it doubles with each.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(1);
    /// <summary>No wait is longer.</summary>
    public TimeSpan BackoffCap { get; init; } = TimeSpan.FromMinutes(5);
    /// <summary>Deliveries to one sink at the same time at the most; at least one.</summary>
    public int Concurrency { get; init; } = 4;
    /// <summary>What is owed is looked for at least so often.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(5);
    /// <summary>Between two looks, however busy the log is.</summary>
    public TimeSpan Rest { get; init; } = TimeSpan.FromMilliseconds(250);
}

/// <summary>
/// Delivers the pages that nobody has acknowledged: each to every sink, again and again with a growing, capped wait, until every sink has. No sink waits for another. What is owed and what was tried
/// is in the store, so that a restart loses nothing; which of several sinks has acknowledged is not, so that after a restart one may get a page twice, under the same key.
/// </summary>
internal sealed partial class Pager
{
    private readonly IPerdure _perdure;
    private readonly IStore _store;
    private readonly TimeProvider _time;
    private readonly PagerPace _pace;
    private readonly Action<IThreadPoolWorkItem> _dispatch;
    private readonly ILogger _log;
    private readonly long _begin;
    private readonly OwedPages _owed;
    private readonly Worker[] _workers;
    private readonly List<Task> _working = [];
    private TimeSpan _handedOut, _until;
    private CancellationTokenSource? _waits;

    /// <param name="perdure">Says which instances, and so which pages, are this node's.</param>
    /// <param name="store">Has what is owed.</param>
    /// <param name="sinks">Where pages go.</param>
    /// <param name="time">For waits.</param>
    /// <param name="pace">How often.</param>
    /// <param name="dispatch">Runs deliveries off the thread that looks: a sink may hold its own.</param>
    /// <param name="log">Is told of what was not delivered.</param>
    public Pager(IPerdure perdure, IStore store, IEnumerable<PageSink> sinks, TimeProvider time, PagerPace pace, Action<IThreadPoolWorkItem> dispatch, ILogger log)
    {
        (_perdure, _store, _time, _pace, _dispatch, _log) = (perdure, store, time, pace, dispatch, log);
        _begin = time.GetTimestamp();
        _workers = [.. sinks.Select((sink, index) => new Worker(sink, index))];
        _owed = new(perdure, store, _workers.Length, () => Now, pace.Poll);
    }

    // By the clock that never jumps.
    private TimeSpan Now => _time.GetElapsedTime(_begin);

    /// <summary>Delivers until it is stopped; completes when the last delivery is over.</summary>
    public async Task Run(CancellationToken stopping)
    {
        var (seen, looked) = (-1L, TimeSpan.Zero);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if (_perdure.Health.Ready)
                {
                    var end = await _perdure.Views.FeedEnd(stopping).ConfigureAwait(false);
                    if (end != seen || Now - looked >= _pace.Poll)
                    {
                        looked = Now;
                        await _owed.Look(stopping).ConfigureAwait(false);
                        seen = end;
                    }
                    HandOut(stopping);
                }
                await Wait(seen, stopping).ConfigureAwait(false);
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                Broken(_log, e);
                await Pause(_pace.Poll, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
                for (var more = Math.Min(worker.Due.Count, Math.Max(1, _pace.Concurrency) - worker.Running); more > 0; more--)
                {
                    worker.Running++;
                    var shift = new Shift(this, worker, cancellation);
                    _working.Add(shift.Over);
                    _dispatch(shift);
                }
            }
        }
    }

    private async Task Work(Worker worker, CancellationToken cancellation)
    {
        while (Next(worker, cancellation) is { } page) await Deliver(page, worker, cancellation).ConfigureAwait(false);
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
            if (!progress.Acknowledged) await worker.Sink.Deliver(page.Page, cancellation).ConfigureAwait(false);
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
            if (delivered || error is not null) await _store.PageTried(key, delivered, error, _time.GetUtcNow(), cancellation).ConfigureAwait(false);
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
        var (first, cap) = (_pace.Backoff, _pace.BackoffCap);
        var wait = first.TotalMilliseconds * Math.Pow(2, Math.Min(tries - 1, 30));
        return wait < cap.TotalMilliseconds ? TimeSpan.FromMilliseconds(wait) : cap;
    }

    // Until records came, or a page is due again, or for a while; never at once, so that a busy log is not asked all the time.
    private async Task Wait(long seen, CancellationToken cancellation)
    {
        await Pause(_pace.Rest, cancellation).ConfigureAwait(false);
        if (seen < 0) return;
        using var limit = new CancellationTokenSource(_pace.Poll, _time);
        lock (_owed.Gate)
        {
            // What was due at the last handing out is with the workers.
            _until = _owed.All.Where(p => !p.Done).SelectMany(p => p.Sinks).Where(s => !s.Busy && (!s.Acknowledged || s.OwesMark) && s.Next > _handedOut).Select(s => s.Next).Append(Now + _pace.Poll).Min();
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

    // A delay that is cancelled itself goes on on the pool.
    private Task Pause(TimeSpan time, CancellationToken cancellation) => Task.Delay(time, _time, CancellationToken.None).WaitAsync(cancellation);

    /// <summary>What is done for one sink.</summary>
    private sealed class Worker(PageSink sink, int index)
    {
        public PageSink Sink => sink;
        public int Index => index;
        public Queue<OwedPage> Due { get; set; } = new();
        public int Running { get; set; }
    }

    /// <summary>One of those that deliver to a sink at the same time, until nothing is due to it.</summary>
    private sealed class Shift(Pager pager, Worker worker, CancellationToken cancellation) : IThreadPoolWorkItem
    {
        private readonly TaskCompletionSource _over = new();

        public Task Over => _over.Task;

        public void Execute() => _ = Run();

        private async Task Run()
        {
            await pager.Work(worker, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _over.TrySetResult();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The page {PageKey} was not delivered to {Sink} at try {Try}; it is tried again")]
    private static partial void NotDelivered(ILogger log, Exception e, string pageKey, string sink, int @try);

    [LoggerMessage(Level = LogLevel.Error, Message = "Pages cannot be read or marked; trying again")]
    private static partial void Broken(ILogger log, Exception e);
}
