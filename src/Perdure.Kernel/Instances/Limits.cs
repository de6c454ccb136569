namespace Perdure.Kernel;

/// <summary>The bounds on everything about one instance that can grow. Reaching one is a clear incident or refusal, never silent.</summary>
public sealed record Limits
{
    /// <summary>Visits in the life of an instance; the next one is the incident <c>instance.loop</c>. An operator's retry grants as many again.</summary>
    public int Visits { get; init; } = 1_000;

    /// <summary>Journal entries in one visit; the next one is the incident <c>visit.journal-full</c>.</summary>
    public int JournalEntries { get; init; } = 1_000;

    /// <summary>Signals that wait unconsumed; the next one is refused with <c>signal.buffer-full</c>.</summary>
    public int WaitingSignals { get; init; } = 100;

    /// <summary>Message ids that one instance ever takes in; the next one is refused with <c>signal.too-many</c>.</summary>
    public int Messages { get; init; } = 10_000;

    /// <summary>Bytes of one payload; a larger input is refused, a larger result is an incident.</summary>
    public int PayloadBytes { get; init; } = 1_048_576;

    /// <summary>Recoveries without progress after an unclean death before the instance is quarantined.</summary>
    public int Recoveries { get; init; } = 5;

    /// <summary>The bounds that are in force where none are given.</summary>
    public static Limits Default { get; } = new();
}
