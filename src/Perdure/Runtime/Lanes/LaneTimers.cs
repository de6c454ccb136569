using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// Timers at their lane. The store keeps them all; memory holds those that are due soon, read in pages, so that a million of them cost the same as none.
/// A timer fires by the lane's clock at or after its moment; one that was forgotten since changes nothing.
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
    private bool TimersMayFire => !_node.Draining && InFlight + _loading < _node.Options.InFlightMax;

    private void FireTimers()
    {
        if (_node.Draining) return;
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

/// <summary>The timers that are due soon, soonest first, each once.</summary>
internal sealed class TimerHeap
{
    private readonly PriorityQueue<StoredTimer, (DateTimeOffset, InstanceId, TimerKind, int)> _queue = new();
    private readonly HashSet<(InstanceId, TimerId, DateTimeOffset)> _known = [];

    public int Count => _queue.Count;

    public DateTimeOffset? Next => _queue.TryPeek(out var timer, out _) ? timer.Due : null;

    public void Add(StoredTimer timer)
    {
        if (_known.Add((timer.Instance, timer.Timer, timer.Due)))
            _queue.Enqueue(timer, (timer.Due, timer.Instance, timer.Timer.Kind, timer.Timer.Ordinal));
    }

    public bool TryTakeDue(DateTimeOffset now, out StoredTimer timer)
    {
        if (!_queue.TryPeek(out timer!, out _) || timer.Due > now) return false;
        _queue.Dequeue();
        _known.Remove((timer.Instance, timer.Timer, timer.Due));
        return true;
    }
}
