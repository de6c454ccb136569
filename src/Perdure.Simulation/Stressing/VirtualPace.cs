using Perdure.Simulation.Time;

namespace Perdure.Simulation.Stressing;

/// <summary>Virtual time: the queue of a world, on its one thread.</summary>
internal sealed class VirtualPace : IPace, IActor
{
    private readonly Schedule _schedule;
    private long _begun;

    public VirtualPace(Schedule schedule) => (_schedule, Clock) = (schedule, new NodeClock(schedule, this, Worlds.World.Begins));

    public bool Gone => false;

    public long PausedUntil => 0;

    public TimeProvider Clock { get; }

    public long Now => _schedule.Now - _begun;

    /// <summary>The operation that another thread went on with.</summary>
    public string? Escaped { get; private set; }

    /// <summary>The stage begins now.</summary>
    public void Begin() => _begun = _schedule.Now;

    public void After(TimeSpan time, Action happens) => _schedule.After(time.Ticks, this, "stress", happens);

    public Task Wait(TimeSpan time, CancellationToken cancelled)
    {
        var waits = new TaskCompletionSource();
        if (time != Timeout.InfiniteTimeSpan) After(time, () => waits.TrySetResult());
        if (cancelled.CanBeCanceled) cancelled.Register(() => waits.TrySetCanceled(cancelled));
        return waits.Task;
    }

    // Not at once: what ends at once would begin the next one within itself, and so on.
    public void Dispatch(Action work) => After(TimeSpan.Zero, work);

    public void StillHere(string operation)
    {
        if (_schedule.Elsewhere(() => { })) Escaped = operation;
    }
}
