namespace Perdure;

/// <summary>
/// For how long what has ended is kept. What is older is removed in small pieces while the node runs. Nothing is removed that has not ended, and nothing that somebody may still
/// ask for: a child whose parent has not ended, an instance with a page that nobody has acknowledged, one for which a message is under way.
/// </summary>
public sealed class RetentionOptions
{
    /// <summary>How long an instance is kept after its end, with its history; null for ever.</summary>
    public TimeSpan? FinishedFor { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How many instances that have ended are kept at the most, in all; null for any number. Beyond it those that began first are removed first, but none within a minute of its end.</summary>
    public long? FinishedMax { get; set; }

    /// <summary>
    /// How long the keys of an instance are kept from its start on, so that the same start again gets the same answer though the instance was removed; null for ever. Never less than
    /// <see cref="FinishedFor"/>; the keys of an instance that is kept are kept too, however old.
    /// </summary>
    public TimeSpan? KeysFor { get; set; } = TimeSpan.FromDays(90);

    /// <summary>The time between two passes. One that has not ended is not joined by another.</summary>
    public TimeSpan Every { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How many instances are looked at in one transaction at the most, 1 to 10,000. Smaller ones hold up others for less.</summary>
    public int PieceMax { get; set; } = 100;

    /// <summary>What is wrong with the settings; null where nothing is.</summary>
    internal string? Problem =>
        FinishedFor < TimeSpan.FromMinutes(1) ? "Retention.FinishedFor is at least a minute, so that whoever waits for an end still sees it."
        : FinishedMax < 0 ? "Retention.FinishedMax is not negative."
        : KeysFor < (FinishedFor ?? TimeSpan.Zero) ? "Retention.KeysFor is not shorter than Retention.FinishedFor: a key is kept as long as its instance."
        : Every <= TimeSpan.Zero ? "Retention.Every is more than nothing."
        : PieceMax is < 1 or > 10_000 ? "Retention.PieceMax is 1 to 10,000."
        : null;

    /// <summary>Whether anything is ever removed.</summary>
    internal bool Removes => FinishedFor is not null || FinishedMax is not null || KeysFor is not null;
}
