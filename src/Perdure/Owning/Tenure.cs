namespace Perdure.Owning;

/// <summary>Where a lane stands with this node.</summary>
internal enum Stage
{
    /// <summary>It is not this node's.</summary>
    None,

    /// <summary>It is this node's.</summary>
    Held,

    /// <summary>It is this node's; the node was asked to hand it over.</summary>
    HandingOver,

    /// <summary>The node is done with it: the row has to say so.</summary>
    Releasing,
}

/// <summary>One lane, as this node has it. Written by the protocol; stage and epoch are read from any thread.</summary>
internal sealed class Tenure(int lane)
{
    private volatile int _stage;
    private long _epoch, _passed;
    private (long Epoch, bool Death) _askedFor;

    public int Lane => lane;

    public Stage Stage { get => (Stage)_stage; private set => _stage = (int)value; }

    /// <summary>The epoch under which this node has or last had it.</summary>
    public long Epoch => Volatile.Read(ref _epoch);

    /// <summary>Whether the node works at it.</summary>
    public bool IsHeld => Stage is Stage.Held or Stage.HandingOver;

    /// <summary>Whether nobody has found a newer epoch in its row.</summary>
    public bool IsUnpassed => Volatile.Read(ref _passed) <= Epoch;

    /// <summary>Whether the node has let go, or cannot.</summary>
    public bool IsLetGo { get; private set; }

    /// <summary>Why it cannot.</summary>
    public Exception? Fault { get; private set; }

    /// <summary>When the node was asked.</summary>
    public TimeSpan AskedAt { get; private set; }

    /// <summary>Whom it is handed over to.</summary>
    public int? Heir { get; set; }

    /// <summary>Whether it is let go in order.</summary>
    public bool Clean { get; private set; }

    /// <summary>Whether its owner before died, and the node was not told so yet. Until it is, that is owed, whatever becomes of the lane here.</summary>
    public bool IsDeathOwed { get; private set; }

    /// <summary>The lane was taken.</summary>
    public void Take(long epoch, bool death)
    {
        Volatile.Write(ref _epoch, epoch);
        IsDeathOwed = death;
        Stage = Stage.Held;
    }

    /// <summary>The node was told.</summary>
    public void Told() => IsDeathOwed = false;

    /// <summary>The lane is about to be asked for. Where no answer comes, its row says at the next look whether it was taken, but not how its owner before had left it.</summary>
    public void AskFor(long epoch, bool death) => _askedFor = (epoch, death);

    /// <summary>Whether a death is owed where the lane's row has this node's number and that epoch.</summary>
    public bool IsDeathOwedAt(long epoch, bool otherwise) => epoch == Epoch ? IsDeathOwed : epoch == _askedFor.Epoch ? _askedFor.Death : otherwise;

    /// <summary>Somebody found that epoch in its row. From any thread.</summary>
    public void Pass(long epoch)
    {
        var seen = Volatile.Read(ref _passed);
        while (seen < epoch && Interlocked.CompareExchange(ref _passed, epoch, seen) is var before && before != seen) seen = before;
    }

    public void Ask(TimeSpan now, int? heir)
    {
        (IsLetGo, Fault, AskedAt, Heir) = (false, null, now, heir);
        Stage = Stage.HandingOver;
    }

    /// <summary>The node has answered to having been asked.</summary>
    public void LetGo(Exception? fault) => (IsLetGo, Fault) = (true, fault);

    public void Release(bool clean)
    {
        Clean = clean;
        Stage = Stage.Releasing;
    }

    public void End() => Stage = Stage.None;
}
