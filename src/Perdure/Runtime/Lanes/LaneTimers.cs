using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// Timers at their lane. The store keeps them all; memory holds those that are due soon, read in pages, so that a million of them cost the same as none.
/// A timer fires by the lane's clock at or after its moment; one that was forgotten since is not even looked at.
/// </summary>
internal sealed partial class Lane
{
    private static readonly TimeSpan Horizon = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ScanEvery = TimeSpan.FromSeconds(10);
    private const int TimerPage = 2_000;

    private readonly TimerHeap _timers;
    private DateTimeOffset _scannedUntil = DateTimeOffset.MinValue;
    private DateTimeOffset _nextScan = DateTimeOffset.MinValue;
    private StoredTimer? _scanAfter;
    private DateTimeOffset _scanUntil;
    private bool _scanning;

    private void Keep(InstanceId instance, TimerId timer, DateTimeOffset due)
    {
        if (due <= _scannedUntil || (_scanning && due <= _scanUntil)) _timers.Add(new(instance, timer, due));
    }

    // While they may not, what makes room for them wakes the lane.
    private bool TimersMayFire => !Leaving && InFlight + _loading < _node.Options.InFlightMax;

    private void FireTimers()
    {
        if (Leaving) return;
        // Bounded: a flood of timers that fall due together goes through in portions, as the queue and the batches do.
        for (var fired = 0; fired < TimerPage && TimersMayFire && _timers.TryTakeDue(Now, out var timer); fired++)
            Handle(Take(timer.Instance), new Command.FireTimer(Now, timer.Timer));
        if (!_scanning && Now >= _nextScan && _timers.Count < TimerPage) Scan();
    }

    private void Scan()
    {
        _scanning = true;
        var until = _scanUntil = Now + Horizon;
        Read(_node.Store.Timers(_lease.Lane, until, _scanAfter, TimerPage, CancellationToken.None), page =>
        {
            _scanning = false;
            foreach (var timer in page) _timers.Add(timer);
            if (page.Count == TimerPage)
            {
                // There is more: go on behind the last one as soon as these have fired.
                _scanAfter = page[^1];
                _scannedUntil = page[^1].Due;
                _nextScan = Now;
            }
            else
            {
                _scanAfter = null;
                _scannedUntil = until;
                _nextScan = Now + ScanEvery;
            }
        }, () =>
        {
            _scanning = false;
            _nextScan = Now + ScanEvery;
        });
    }
}

/// <summary>The timers that are due soon, soonest first, each once. What was forgotten or moved stays in the queue until its moment, and is passed over then.</summary>
internal sealed class TimerHeap
{
    private readonly PriorityQueue<StoredTimer, (DateTimeOffset, InstanceId, TimerKind, int)> _queue = new();
    private readonly Dictionary<(InstanceId, TimerId), DateTimeOffset> _known = [];

    public int Count => _known.Count;

    public DateTimeOffset? Next => Soonest() ? _queue.Peek().Due : null;

    public void Add(StoredTimer timer)
    {
        ref var due = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_known, (timer.Instance, timer.Timer), out var known);
        if (known && due == timer.Due) return;
        due = timer.Due;
        _queue.Enqueue(timer, (timer.Due, timer.Instance, timer.Timer.Kind, timer.Timer.Ordinal));
    }

    public void Remove(InstanceId instance, TimerId timer) => _known.Remove((instance, timer));

    public bool TryTakeDue(DateTimeOffset now, out StoredTimer timer)
    {
        timer = null!;
        if (!Soonest() || _queue.Peek().Due > now) return false;
        timer = _queue.Dequeue();
        _known.Remove((timer.Instance, timer.Timer));
        return true;
    }

    // Takes what does not count any more off the front.
    private bool Soonest()
    {
        while (_queue.TryPeek(out var first, out _))
        {
            if (_known.TryGetValue((first.Instance, first.Timer), out var due) && due == first.Due) return true;
            _queue.Dequeue();
        }
        return false;
    }
}
