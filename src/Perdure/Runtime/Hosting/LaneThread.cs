using System.Diagnostics;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// A thread that pumps some lanes. Where a node has many, a few threads serve them all: a lane that is awake needs the thread for a moment only, and threads beyond the machine's cores would wait
/// for each other.
/// </summary>
internal sealed class LaneThread
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    // As long as a commit or a short operation takes.
    private static readonly TimeSpan Awake = TimeSpan.FromMicroseconds(300);

    private readonly Doorbell _bell;
    private readonly Lock _gate = new();
    private volatile Loop[] _loops = [];
    private Thread? _thread;

    public LaneThread() => _bell = new(HasWork, Awake);

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

    private void Wake() => _bell.Ring();

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
            if (next > TimeSpan.Zero) _bell.Wait(next + OneMillisecond);
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
            // Asked once of each: what is stopped in between, by another thread, is still there the next time.
            stopped = Array.FindAll(_loops, l => l.IsStopped);
            _loops = Array.FindAll(_loops, l => !Array.Exists(stopped, s => s == l));
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
