namespace Perdure.Postgres.Replicas;

/// <summary>How old the reads of one answer may be: the oldest of them, as old as it has become since.</summary>
/// <param name="time">The process's own clock.</param>
internal sealed class Age(TimeProvider time)
{
    private readonly Lock _gate = new();
    private bool _unknown;
    private (TimeSpan Behind, long At)? _oldest;

    /// <summary>Zero where nothing old was read; null where the age of something is not known.</summary>
    public TimeSpan? Now
    {
        get
        {
            using var held = _gate.EnterScope();
            return _unknown ? null : _oldest is var (behind, at) ? behind + time.GetElapsedTime(at) : TimeSpan.Zero;
        }
    }

    /// <summary>A read of what was so far behind at that stamp; null where that is not known.</summary>
    public void Add(TimeSpan? behind, long at)
    {
        using var held = _gate.EnterScope();
        if (behind is not { } known) _unknown = true;
        else
        {
            // The clock of the primary is known a little late: it may seem that what was replayed is of the future.
            if (known < TimeSpan.Zero) known = TimeSpan.Zero;
            if (_oldest is not var (before, then) || before + time.GetElapsedTime(then, at) < known) _oldest = (known, at);
        }
    }
}
