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
    private const int TimerPage = 2_000, TimersHeldMax = 20_000, LoadedForDeadlines = 100;

    private readonly TimerHeap _timers;
    private readonly Func<StoredTimer, bool> _needsNoRoom;
    private DateTimeOffset _scannedUntil = DateTimeOffset.MinValue;
    private DateTimeOffset _nextScan = DateTimeOffset.MinValue;
    private StoredTimer? _scanAfter;
    private DateTimeOffset _scanUntil;
    private bool _scanning;
    private bool _passedOver;      // timers were read that there was neither room to fire nor to hold

    private void Keep(InstanceId instance, TimerId timer, DateTimeOffset due)
    {
        if (due <= _scannedUntil || (_scanning && due <= _scanUntil)) _timers.Add(new(instance, timer, due));
    }

    /// <summary>What an instance waits for that was in memory when its timers were passed over: they fire now that it is under way.</summary>
    private void KeepPassedOver(Hot hot)
    {
        if (!_passedOver || hot is not { Code: { } code, Instance: { } instance }) return;
        foreach (var effect in Decider.Pending(code.Map, instance))
            if (effect is Effect.SetTimer set) Keep(hot.Id, set.Timer, set.Due);
    }

    private bool HasRoom => InFlight + _loading < _node.Options.InFlightMax;

    // Deadlines page people, most of all where a node is full because something hangs: they need no room. Nor does what is under way here anyhow, and would else never get on to make some.
    private bool NeedsNoRoom(StoredTimer timer) => timer.Timer.Kind == TimerKind.Deadline || _hot.GetValueOrDefault(timer.Instance) is { Busy: true };

    // Where nothing may fire, what changes that wakes the lane.
    private DateTimeOffset? NextTimer => Leaving || _loading >= LoadedForDeadlines ? null : _timers.Next(HasRoom);

    private void FireTimers()
    {
        if (Leaving) return;
        // Bounded: a flood of timers that fall due together goes through in portions, as the queue and the batches do.
        for (var fired = 0; fired < TimerPage && (HasRoom || _loading < LoadedForDeadlines) && _timers.TryTakeDue(Now, HasRoom ? null : _needsNoRoom, out var timer); fired++)
            Handle(Take(timer.Instance), new Command.FireTimer(Now, timer.Timer));
        if (_passedOver && _timers.Held == 0 && !_scanning)
        {
            (_passedOver, _scanAfter, _scannedUntil, _nextScan) = (false, null, DateTimeOffset.MinValue, Now);
        }
        if (!_scanning && Now >= _nextScan && _timers.Count < TimerPage) Scan();
    }

    private void Scan()
    {
        _scanning = true;
        var until = _scanUntil = Now + Horizon;
        Read(_node.Store.Timers(_lease.Lane, until, _scanAfter, TimerPage, CancellationToken.None), page =>
        {
            _scanning = false;
            foreach (var timer in page)
            {
                // More than can be held for a node without room stay in the store, and are read again once there is some. Deadlines among them are not passed over.
                if (_timers.Held < TimersHeldMax || HasRoom || NeedsNoRoom(timer)) _timers.Add(timer);
                else _passedOver = true;
            }
            if (page.Count == TimerPage)
            {
                // There is more: go on behind the last one as soon as these have fired.
                _scanAfter = page[^1];
                _scannedUntil = page[^1].Due;
                _nextScan = Now;
            }
            else
            {
                if (!_passedOver) _scanAfter = null;
                else if (page.Count > 0) _scanAfter = page[^1];
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

/// <summary>
/// The timers that are due soon, soonest first, each once. What was forgotten or moved stays in its queue until its moment, and is passed over then. Those that are due and may not fire yet are held
/// apart, so that they are neither looked at again and again nor in the way of those that may.
/// </summary>
internal sealed class TimerHeap
{
    private readonly PriorityQueue<StoredTimer, (DateTimeOffset, InstanceId, TimerKind, int)> _queue = new(), _held = new();
    private readonly Dictionary<(InstanceId, TimerId), (DateTimeOffset Due, bool Held)> _known = [];
    private readonly Dictionary<InstanceId, List<StoredTimer>> _heldOf = [];

    /// <summary>Those that are not held.</summary>
    public int Count => _known.Count - Held;

    /// <summary>Those that were due and might not fire.</summary>
    public int Held { get; private set; }

    /// <summary>When the soonest is due of those that would be taken.</summary>
    public DateTimeOffset? Next(bool hasRoom) => hasRoom && Soonest(_held, held: true) is { } held ? held.Due : Soonest(_queue, held: false)?.Due;

    public void Add(StoredTimer timer)
    {
        var key = (timer.Instance, timer.Timer);
        if (_known.TryGetValue(key, out var known))
        {
            if (known.Due == timer.Due) return;
            Remove(timer.Instance, timer.Timer);
        }
        _known[key] = (timer.Due, false);
        Put(_queue, timer);
    }

    public void Remove(InstanceId instance, TimerId timer)
    {
        if (!_known.Remove((instance, timer), out var known) || !known.Held) return;
        Held--;
        var held = _heldOf[instance];
        held.RemoveAll(t => t.Timer == timer);
        if (held.Count == 0) _heldOf.Remove(instance);
    }

    /// <summary>Those of an instance that were held may fire now: they are as if they had just become due.</summary>
    public void Release(InstanceId instance)
    {
        if (_heldOf.Count == 0 || !_heldOf.Remove(instance, out var held)) return;
        Held -= held.Count;
        foreach (var timer in held)
        {
            _known[(instance, timer.Timer)] = (timer.Due, false);
            Put(_queue, timer);
        }
    }

    /// <param name="now">Up to when.</param>
    /// <param name="may">Which may be taken; the others are held. Null where there is room for all, those that were held first.</param>
    /// <param name="timer">The one that was taken.</param>
    public bool TryTakeDue(DateTimeOffset now, Func<StoredTimer, bool>? may, out StoredTimer timer)
    {
        if (may is null && Soonest(_held, held: true) is { } held)
        {
            timer = held;
            Remove(held.Instance, held.Timer);
            return true;
        }
        while (Soonest(_queue, held: false) is { } next && next.Due <= now)
        {
            timer = _queue.Dequeue();
            if (may is null || may(timer))
            {
                _known.Remove((timer.Instance, timer.Timer));
                return true;
            }
            _known[(timer.Instance, timer.Timer)] = (timer.Due, true);
            Held++;
            Put(_held, timer);
            if (_heldOf.TryGetValue(timer.Instance, out var others)) others.Add(timer);
            else _heldOf.Add(timer.Instance, [timer]);
        }
        timer = null!;
        return false;
    }

    private static void Put(PriorityQueue<StoredTimer, (DateTimeOffset, InstanceId, TimerKind, int)> queue, StoredTimer timer) => queue.Enqueue(timer, (timer.Due, timer.Instance, timer.Timer.Kind, timer.Timer.Ordinal));

    // Takes what does not count any more off the front.
    private StoredTimer? Soonest(PriorityQueue<StoredTimer, (DateTimeOffset, InstanceId, TimerKind, int)> queue, bool held)
    {
        while (queue.TryPeek(out var first, out _))
        {
            if (_known.TryGetValue((first.Instance, first.Timer), out var known) && known == (first.Due, held)) return first;
            queue.Dequeue();
        }
        return null;
    }
}
