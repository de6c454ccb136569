using System.Collections.Immutable;

namespace Perdure.Kernel;

/// <summary>Something that happened to an instance. The set is closed; the log of an instance is a sequence of records of them.</summary>
public abstract record Event
{
    private protected Event() { }
}

/// <summary>The first event: the instance exists.</summary>
public sealed record Started(
    InstanceId Id, string Namespace, string Workflow, int WorkflowVersion, string RequestKey, string? BusinessKey, string State, Payload Input,
    DateTimeOffset? DeadlineDue, int VisitsAllowed, bool AtGate = false) : Event
{
    /// <summary>Whether the deadline's clock stands still while the instance is paused or in an incident.</summary>
    public bool ClockStops { get; init; }
    /// <summary>The parent to be told of the end.</summary>
    public Parent? Parent { get; init; }
    /// <summary>The build of the code that the first visit runs under.</summary>
    public string? Build { get; init; }
    /// <summary>W3C trace context.</summary>
    public string? TraceParent { get; init; }
    /// <summary>Higher goes first.</summary>
    public int Priority { get; init; }
    /// <summary>Typed search attributes.</summary>
    public ImmutableSortedDictionary<string, string> Attributes { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>A body asked for an operation; it starts once this is durable.</summary>
public sealed record StepIntended(int Ordinal, string Name, string Operation, Payload Input, int Generation, bool CanUndo, bool AtMostOnce) : Event;

/// <summary>An attempt ended well.</summary>
public sealed record StepSucceeded(int Ordinal, int Attempt, Payload Result) : Event;

/// <summary>An attempt failed and another will follow at <paramref name="Due"/>. Where <paramref name="NextOrdinal"/> is set, it runs under the next generation of the token.</summary>
public sealed record StepRetryScheduled(int Ordinal, int Attempt, Failure Failure, DateTimeOffset Due, int? NextOrdinal) : Event;

/// <summary>The wait is over: the next attempt starts once this is durable.</summary>
public sealed record StepRetried(int Ordinal, int Attempt) : Event;

/// <summary>A step failed for good. The body is told.</summary>
public sealed record StepFailed(int Ordinal, int Attempt, Failure Failure) : Event;

/// <summary>An attempt of an at-most-once operation ended unknown; it will not be started again without an operator.</summary>
public sealed record StepParked(int Ordinal, int Attempt, Failure Failure) : Event;

/// <summary>A step was given up because its visit is being left; <paramref name="Unknown"/> says that it may have happened.</summary>
public sealed record StepCancelled(int Ordinal, bool Unknown) : Event
{
    /// <summary>How its last attempt ended, where it did.</summary>
    public Failure? Failure { get; init; }
}

/// <summary>A body gave up what runs: it is asked to stop, is not tried again, and its end is awaited.</summary>
public sealed record StepAbandoned(int Ordinal) : Event;

/// <summary>A body decided something once.</summary>
public sealed record Noted(int Ordinal, string Name, Payload Value) : Event;

/// <summary>A body sleeps until <paramref name="Due"/>.</summary>
public sealed record SleepBegan(int Ordinal, string Name, DateTimeOffset Due) : Event;

/// <summary>A sleep is over.</summary>
public sealed record SleepEnded(int Ordinal) : Event;

/// <summary>A body awaits a signal, until <paramref name="Due"/> where that is set.</summary>
public sealed record SignalAwaited(int Ordinal, string Name, string Signal, DateTimeOffset? Due) : Event;

/// <summary>A message came and waits to be consumed.</summary>
public sealed record SignalReceived(string Signal, string MessageId, Payload Body) : Event;

/// <summary>A body got the oldest waiting message of the name that it awaits.</summary>
public sealed record SignalConsumed(int Ordinal, string MessageId) : Event;

/// <summary>Nobody sent the awaited signal in time; the body gets nothing.</summary>
public sealed record SignalTimedOut(int Ordinal) : Event;

/// <summary>A body asked for a sub-workflow; it is started once this is durable.</summary>
public sealed record ChildIntended(int Ordinal, string Name, string Workflow, string Key, Payload Input) : Event;

/// <summary>A sub-workflow ended in <paramref name="State"/>.</summary>
public sealed record ChildEnded(int Ordinal, string MessageId, string State, Payload Result) : Event;

/// <summary>A person decided.</summary>
public sealed record GateDecided(bool Approved, string By, string Why) : Event;

/// <summary>The instance began to leave its state: it waits for what is outstanding and, where it compensates, undoes the stack.</summary>
public sealed record ExitBegan(string To, Payload? Data, bool Compensates) : Event;

/// <summary>An operator has the visit begun anew: it waits for what is outstanding and undoes what the visit did, first.</summary>
public sealed record RestartBegan(int Visit) : Event
{
    /// <summary>Whether the messages that the visit consumed are not there for it again, because one of them cannot be read.</summary>
    public bool DropsMessages { get; init; }
}

/// <summary>The visit begins anew, with an empty journal; the next tokens are of the next generation.</summary>
public sealed record VisitRestarted(int Visit) : Event
{
    /// <summary>The build of the code that it runs under.</summary>
    public string? Build { get; init; }
}

/// <summary>An undo starts (again) once this is durable.</summary>
public sealed record UndoBegan(int Ordinal, int Attempt) : Event;

/// <summary>An undo is done; its entry leaves the stack.</summary>
public sealed record UndoSucceeded(int Ordinal, int Attempt) : Event;

/// <summary>An undo failed and is tried again at <paramref name="Due"/>.</summary>
public sealed record UndoRetryScheduled(int Ordinal, int Attempt, Failure Failure, DateTimeOffset Due) : Event;

/// <summary>
/// A transition: the checkpoint. It ends the visit and its journal. It carries what outlives the visit and is not kept in rows, so that
/// recovery needs nothing that is older.
/// </summary>
public sealed record Transitioned(string From, string To, Payload Data, int Visit, bool Settled, DateTimeOffset? DeadlineDue, bool AtGate, bool IsEnd) : Event
{
    /// <summary>The build of the code that the visit runs under.</summary>
    public string? Build { get; init; }
    /// <summary>How many intents there have been.</summary>
    public int Intents { get; init; }
    /// <summary>How many incidents there have been.</summary>
    public int Incidents { get; init; }
    /// <summary>The visits allowed by the loop guard.</summary>
    public int VisitsAllowed { get; init; }
    /// <summary>Whether the deadline's clock stands still while the instance is paused or in an incident.</summary>
    public bool ClockStops { get; init; }
    /// <summary>Whether cancelling was asked for.</summary>
    public bool CancelRequested { get; init; }
    /// <summary>Signals that nobody has awaited yet.</summary>
    public ImmutableArray<BufferedSignal> Signals { get; init; } = [];

    /// <inheritdoc />
    public bool Equals(Transitioned? other) =>
        other is not null && From == other.From && To == other.To && Data == other.Data && Visit == other.Visit && Settled == other.Settled
        && DeadlineDue == other.DeadlineDue && AtGate == other.AtGate && IsEnd == other.IsEnd && Intents == other.Intents
        && Build == other.Build && Incidents == other.Incidents && VisitsAllowed == other.VisitsAllowed && ClockStops == other.ClockStops
        && CancelRequested == other.CancelRequested && Signals.AsSpan().SequenceEqual(other.Signals.AsSpan());

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(From, To, Visit);
}

/// <summary>The present visit's deadline passed; its page is raised with this record.</summary>
public sealed record DeadlineBreached(int Visit) : Event;

/// <summary>The instance needs an operator; its page is raised with this record.</summary>
public sealed record IncidentRaised(int Number, Failure Failure, int Ordinal) : Event;

/// <summary>
/// An operator continues. As <paramref name="Mode"/> says: the step that the incident is about is tried again under its token; after a body's failure, definite
/// failures leave the journal and those of unknown outcome are tried again under the same token; the visit begins anew; or the journal is accepted as it stands.
/// </summary>
public sealed record IncidentResolved(int Number, string By, RetryMode Mode) : Event
{
    /// <summary>After the incident <c>instance.loop</c>: how many visits are allowed from now on.</summary>
    public int? VisitsAllowed { get; init; }
}

/// <summary>An operator paused it.</summary>
public sealed record Paused(string By) : Event;

/// <summary>An operator resumed it.</summary>
public sealed record Resumed(string By) : Event;

/// <summary>Cancelling was asked for.</summary>
public sealed record CancelRequested(string By, string Reason) : Event;

/// <summary>A node took it up again after <paramref name="Unclean"/> or orderly stop: every attempt that ran may have happened.</summary>
public sealed record Recovered(bool Unclean) : Event
{
    /// <summary>The build of the code that the visit runs under from here on.</summary>
    public string? Build { get; init; }
}
