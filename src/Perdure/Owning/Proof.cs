namespace Perdure.Owning;

/// <summary>
/// Until when this node may be sure of its lanes. Read from any thread; written by the keeper's. The wall clock is asked as well, because the monotonic one stands still while a machine sleeps.
/// </summary>
internal sealed class Proof(TimeProvider time, KeeperTimes times)
{
    private readonly long _origin = time.GetTimestamp();
    private long _until, _wallUntil;
    private TimeSpan _renewed, _deadline;

    /// <summary>Time as it passes in this process.</summary>
    public TimeSpan Now => time.GetElapsedTime(_origin);

    /// <summary>Whether nobody else can have taken a lane of this node's at this moment.</summary>
    public bool Holds => Now.Ticks < Volatile.Read(ref _until) && time.GetUtcNow().UtcTicks < Volatile.Read(ref _wallUntil);

    /// <summary>Whether the lanes are to be given up, since others may have taken them for certain spans of time.</summary>
    public bool IsPast => Now >= _deadline;

    /// <summary>How long ago the last renewal was sent that was answered.</summary>
    public TimeSpan SinceRenewed => Now - _renewed;

    /// <summary>A renewal that was sent at that moment has been answered.</summary>
    public void Renewed(TimeSpan sent, DateTimeOffset wall)
    {
        _renewed = sent;
        _deadline = sent + times.Deadline;
        Volatile.Write(ref _until, (sent + times.Proof).Ticks);
        Volatile.Write(ref _wallUntil, (wall + times.Proof).UtcTicks);
    }

    /// <summary>The connection that holds the lock is gone: from now on others may count.</summary>
    public void Broken() => Volatile.Write(ref _until, 0);
}
