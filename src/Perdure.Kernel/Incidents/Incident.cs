namespace Perdure.Kernel;

/// <summary>Something that needs a person: the instance stands still until an operator acts.</summary>
/// <param name="Number">Its number in the instance, from 1; retries name it, so that one delivered twice acts once.</param>
/// <param name="Failure">Why.</param>
/// <param name="Ordinal">The step or undo it is about; 0 where it is about the body.</param>
/// <param name="At">Since when.</param>
public sealed record Incident(int Number, Failure Failure, int Ordinal, DateTimeOffset At);

/// <summary>What an operator asks for when an incident is to be continued.</summary>
public enum RetryMode
{
    /// <summary>Journaled failures are discarded, never successes, and the work goes on where it stood.</summary>
    Again,
    /// <summary>What runs is cancelled, what the visit did or may have done is undone, and then it begins anew with the next generation of its tokens. Refused where something of it cannot be undone.</summary>
    RestartVisit,
    /// <summary>A divergence is accepted: the journal is taken as it stands and entries that nobody asked for are dropped.</summary>
    Accept,
}
