namespace Perdure.Runtime;

/// <summary>How long batches of this node's lanes waited for their answers: while a piece was being removed, and while none was. From any thread.</summary>
internal sealed class WriterWaits
{
    private readonly Lock _gate = new();
    private bool _isAsked, _sweeps;
    private long _quietSince;
    private (TimeSpan Sum, int Count) _meanwhile, _alone;

    /// <summary>A batch was answered.</summary>
    /// <param name="given">When it was given to the store, as a timestamp of the node's clock.</param>
    /// <param name="waited">How long that took.</param>
    public void Answered(long given, TimeSpan waited)
    {
        if (!Volatile.Read(ref _isAsked)) return;
        lock (_gate)
        {
            // One that was under way at the same time as a piece may have waited for it.
            if (_sweeps || given < _quietSince) _meanwhile = (_meanwhile.Sum + waited, _meanwhile.Count + 1);
            else _alone = (_alone.Sum + waited, _alone.Count + 1);
        }
    }

    /// <summary>A piece is being removed from now on.</summary>
    public void Begin()
    {
        lock (_gate) (_isAsked, _sweeps) = (true, true);
    }

    /// <summary>The piece is over.</summary>
    /// <param name="now">A timestamp of the node's clock.</param>
    /// <returns>What batches waited since the end of the piece before: those that were under way together with a piece, and those that were not; null where there were none.</returns>
    public (TimeSpan? Meanwhile, TimeSpan? Alone) End(long now)
    {
        lock (_gate)
        {
            var told = (Mean(_meanwhile), Mean(_alone));
            (_sweeps, _quietSince, _meanwhile, _alone) = (false, now, default, default);
            return told;
        }
    }

    private static TimeSpan? Mean((TimeSpan Sum, int Count) waits) => waits.Count == 0 ? null : waits.Sum / waits.Count;
}
