namespace Perdure.Simulation.Database;

/// <summary>
/// The database's clock as a node knows it: the latest moment that an answer brought, and what has passed here since, less what the node's own clock may run too fast.
/// So it is never ahead of the database's, and never goes back.
/// </summary>
internal sealed class StoreClock(TimeProvider node) : TimeProvider
{
    // Twice the drift that clocks are allowed, 500 parts per million.
    private const long PartsThatCount = 999_000;

    private DateTimeOffset _heard;
    private long _heardAt;

    /// <summary>An answer brought the database's moment.</summary>
    public void Heard(DateTimeOffset moment)
    {
        if (moment <= GetUtcNow()) return;
        (_heard, _heardAt) = (moment, node.GetTimestamp());
    }

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => _heard == default ? default : _heard + node.GetElapsedTime(_heardAt) * (PartsThatCount / 1_000_000.0);

    /// <inheritdoc />
    public override long GetTimestamp() => node.GetTimestamp();

    /// <inheritdoc />
    public override long TimestampFrequency => node.TimestampFrequency;
}
