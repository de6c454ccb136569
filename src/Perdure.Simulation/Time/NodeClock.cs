namespace Perdure.Simulation.Time;

/// <summary>
/// A node's clock: it is off, drifts and jumps, as real ones do. Its timestamps come from a second clock that drifts alike and never jumps, as a machine's monotonic one.
/// Timers count by that second clock.
/// </summary>
internal sealed class NodeClock(Schedule schedule, IActor actor, DateTimeOffset begins) : TimeProvider
{
    private long _offset, _since, _shown;
    private double _drift;

    /// <summary>How far the clock is off, apart from its drift.</summary>
    public TimeSpan Offset => new(_offset);

    /// <summary>Sets how fast the clock is: parts per million more than the world's time.</summary>
    public void Drift(double partsPerMillion)
    {
        (_shown, _since) = (Drifted(schedule.Now), schedule.Now);
        _drift = partsPerMillion / 1_000_000;
    }

    /// <summary>The clock jumps.</summary>
    public void Jump(TimeSpan by) => _offset += by.Ticks;

    /// <inheritdoc />
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc />
    public override long GetTimestamp() => Drifted(schedule.Now);

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => begins.AddTicks(Drifted(schedule.Now) + _offset);

    /// <summary>The world's time after so much of this clock's.</summary>
    public long After(TimeSpan time)
    {
        if (time <= TimeSpan.Zero) return schedule.Now;
        return time.Ticks >= Longest ? long.MaxValue / 2 : schedule.Now + (long)(time.Ticks / (1 + _drift)) + 1;
    }

    private const long Longest = 1_000 * 365 * TimeSpan.TicksPerDay;

    private long Drifted(long world) => _shown + (world - _since) + (long)((world - _since) * _drift);

    /// <inheritdoc />
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Timer(this, callback, state, dueTime, period);

    private sealed class Timer : ITimer
    {
        private readonly NodeClock _clock;
        private readonly TimerCallback _callback;
        private readonly object? _state;
        private TimeSpan _period;
        private int _set;

        public Timer(NodeClock clock, TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (_clock, _callback, _state) = (clock, callback, state);
            Change(dueTime, period);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            Set(dueTime);
            return true;
        }

        private void Set(TimeSpan dueTime)
        {
            var set = ++_set;
            if (dueTime == Timeout.InfiniteTimeSpan) return;
            _clock.Later(dueTime, () =>
            {
                if (set != _set)
                {
                    _clock.CalledOff();
                    return;
                }
                if (_period > TimeSpan.Zero) Set(_period);
                _callback(_state);
            });
        }

        public void Dispose() => _set++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private void CalledOff() => schedule.CalledOff();

    private void Later(TimeSpan time, Action happens) => schedule.At(After(time), actor, "timer", happens);
}
