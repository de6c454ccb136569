using System.Diagnostics;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// A thread that pumps some lanes. Where a node has many, a few threads serve them all: a lane that is awake needs the thread for a moment only, and threads beyond the machine's cores would wait
/// for each other.
/// </summary>
internal sealed class LaneThread
{
    private const int SpinsBeforeParking = 40, SpinLength = 20;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    // Wakes in a fraction of the time that a ManualResetEventSlim takes, and that time is part of every step.
    private readonly AutoResetEvent _wake = new(false);
    private readonly Lock _gate = new();
    private volatile Loop[] _loops = [];
    private volatile bool _parked;
    private Thread? _thread;

    /// <summary>How many lanes it pumps.</summary>
    public int Lanes => _loops.Length;

    /// <summary>Begins to pump a lane as well.</summary>
    public ILaneLoop Add(string name, ILanePump pump)
    {
        var loop = new Loop(this, pump);
        using (_gate.EnterScope())
        {
            _loops = [.. _loops, loop];
            if (_thread is null)
            {
                _thread = new(Run) { IsBackground = true, Name = name };
                _thread.Start();
            }
        }
        Wake();
        return loop;
    }

    private void Wake()
    {
        Interlocked.MemoryBarrier();        // what was posted is visible before the thread is seen awake
        if (_parked) _wake.Set();
    }

    private void Run()
    {
        while (true)
        {
            var loops = _loops;
            var next = LongestWait;
            foreach (var loop in loops)
            {
                var wait = loop.Turn();
                if (wait < next) next = wait;
            }
            if (HasEnded(loops)) return;
            // What is on its way already mostly comes now, and parking costs more than this.
            for (var spins = 0; spins < SpinsBeforeParking && !HasWork(); spins++) Thread.SpinWait(SpinLength);
            _parked = true;
            Interlocked.MemoryBarrier();
            if (!HasWork() && next > TimeSpan.Zero) _wake.WaitOne(next + OneMillisecond);
            _parked = false;
        }
    }

    private static readonly TimeSpan OneMillisecond = TimeSpan.FromMilliseconds(1);

    private bool HasWork()
    {
        foreach (var loop in _loops)
            if (loop.HasWork) return true;
        return false;
    }

    /// <summary>Takes the loops out that were stopped. The thread ends with the last of them; who comes later gets a new one.</summary>
    private bool HasEnded(Loop[] loops)
    {
        if (!Array.Exists(loops, l => l.IsStopped)) return false;
        Loop[] stopped;
        bool ended;
        using (_gate.EnterScope())
        {
            stopped = Array.FindAll(_loops, l => l.IsStopped);
            _loops = Array.FindAll(_loops, l => !l.IsStopped);
            ended = _loops.Length == 0;
            if (ended) _thread = null;
        }
        foreach (var loop in stopped) loop.End();
        return ended;
    }

    private sealed class Loop(LaneThread thread, ILanePump pump) : ILaneLoop
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _due;
        private volatile bool _stop;

        public bool IsStopped => _stop;

        public bool HasWork => _stop || pump.HasWork;

        /// <summary>Pumps, where there is something to do.</summary>
        /// <returns>How long until there is again, if nobody wakes the lane before.</returns>
        public TimeSpan Turn()
        {
            if (_stop) return TimeSpan.Zero;
            var now = Stopwatch.GetTimestamp();
            if (!pump.HasWork && now < _due) return Stopwatch.GetElapsedTime(now, _due);
            var wait = pump.Pump();
            if (wait < TimeSpan.Zero) wait = TimeSpan.Zero;
            _due = Stopwatch.GetTimestamp() + (long)(Math.Min(wait.TotalSeconds, LongestWait.TotalSeconds) * Stopwatch.Frequency);
            return wait;
        }

        public void Wake() => thread.Wake();

        public Task Stop()
        {
            _stop = true;
            thread.Wake();
            return _ended.Task;
        }

        public void End() => _ended.TrySetResult();
    }
}
