namespace Perdure.Kernel;

/// <summary>The stable codes of the failures that the engine itself reports.</summary>
public static class FailureCode
{
    /// <summary>An instance made more visits than allowed.</summary>
    public const string Loop = "instance.loop";
    /// <summary>An instance died with its node again and again without progress.</summary>
    public const string Quarantined = "instance.quarantined";
    /// <summary>A visit asked for more journal entries than allowed.</summary>
    public const string JournalFull = "visit.journal-full";
    /// <summary>A result is larger than allowed.</summary>
    public const string PayloadTooLarge = "payload.too-large";
    /// <summary>What was journaled cannot be read by today's code.</summary>
    public const string PayloadUnreadable = "payload.unreadable";
    /// <summary>An at-most-once operation may or may not have happened.</summary>
    public const string OutcomeUnknown = "step.outcome-unknown";
    /// <summary>An undo failed for good.</summary>
    public const string UndoFailed = "undo.failed";
    /// <summary>The node stopped while the attempt ran.</summary>
    public const string AttemptLost = "attempt.lost";
    /// <summary>An invariant of the engine's own was broken for the instance.</summary>
    public const string Broken = "instance.broken";
    /// <summary>A deadline passed.</summary>
    public const string DeadlineBreached = "deadline.breached";
}
