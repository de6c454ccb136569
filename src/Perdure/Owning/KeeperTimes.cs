namespace Perdure.Owning;

/// <summary>
/// The spans that ownership rests on. A node counts its own from before a renewal was sent, others count theirs from after they have seen it, each on a monotonic clock of its own: so
/// nothing hangs on the database's clock, which can step. What a node allows itself is an eighth shorter than what others wait, so that clocks may differ in rate by 6%.
/// </summary>
internal sealed record KeeperTimes(TimeSpan Lease, TimeSpan Tick)
{
    /// <summary>How long others wait where the node's lock is free: its connection has ended, but it may be on its way back.</summary>
    public TimeSpan Grace => 2 * Tick;

    /// <summary>How long after it sent a renewal that was answered a node may be sure that nobody has taken its lanes, whether or not its lock is free by now.</summary>
    public TimeSpan Proof => Allowed(Grace);

    /// <summary>How long after the last such renewal a node gives up its lanes by itself.</summary>
    public TimeSpan Deadline => Allowed(Lease);

    /// <summary>How long the database may not answer before the node is told that it is away.</summary>
    public TimeSpan Patience => 2 * Grace;

    /// <summary>After an outage all locks are free for a moment. Nobody is taken for dead before everybody had this long to come back.</summary>
    public TimeSpan Settling => Lease / 4;

    /// <summary>How long a lane that was handed over to a node, or that falls to its share, is left for it.</summary>
    public static TimeSpan Reserved => TimeSpan.FromSeconds(1);

    /// <summary>The pause after which something is tried again that somebody else held up.</summary>
    public static TimeSpan Again => TimeSpan.FromMilliseconds(10);

    /// <summary>How long the keeper waits for a row that somebody holds.</summary>
    public TimeSpan RowWithin => Tick < TimeSpan.FromMilliseconds(100) ? Tick : TimeSpan.FromMilliseconds(100);

    /// <summary>How long a statement may take before the server ends it: sooner than this side gives up the connection, and with it the lock.</summary>
    public TimeSpan StatementWithin => TimeSpan.FromSeconds(StatementSeconds) * 3 / 4;

    /// <summary>How long an answer is waited for before the connection is given up. Whole seconds, as Npgsql has it.</summary>
    public int StatementSeconds => (int)Math.Clamp(Math.Floor(Lease.TotalSeconds / 4), 1, 10);

    private static TimeSpan Allowed(TimeSpan others) => others * 7 / 8;
}
