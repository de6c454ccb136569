using System.Collections.Immutable;

namespace Perdure.Kernel;

/// <summary>The properties of one stored event, gathered in any order.</summary>
internal struct EventFields
{
    public EventFields() { }

    public string? Type, Namespace, Workflow, RequestKey, BusinessKey, TraceParent, State, From, To, Name, Operation, Signal, MessageId, Key, By, Why, Reason, Build;
    public int? Ordinal, NextOrdinal, Number, Visit, Version, VisitsAllowed;
    public int Priority, Intents, Incidents;
    public bool ClockStops, AtGate, CanUndo, AtMostOnce, Unknown, Approved, Compensates, DropsMessages, Settled, End, CancelRequested, Unclean;
    public Payload? Input, Result, Value, Data, Body;
    public int Attempt = 1, Generation = 1;
    public InstanceId? Id;
    public Parent? Parent;
    public RetryMode Mode;
    public DateTimeOffset? Due;
    public Failure? Failure;
    public ImmutableSortedDictionary<string, string> Attributes = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableArray<BufferedSignal> Signals = [];

    /// <summary>The event that they are.</summary>
    /// <exception cref="HistoryFormatException">The type is unknown, or something is missing.</exception>
    public readonly Event Make() => Type switch
    {
        "step.succeeded" => new StepSucceeded(O, Attempt, Need(Result, "result")),
        "step.intended" => new StepIntended(O, Need(Name, "name"), Need(Operation, "operation"), Need(Input, "input"), Generation, CanUndo, AtMostOnce),
        "instance.transitioned" => new Transitioned(Need(From, "from"), Need(To, "to"), Need(Data, "data"), Need(Visit, "visit"), Settled, Due, AtGate, End)
        {
            Intents = Intents, Incidents = Incidents, VisitsAllowed = Need(VisitsAllowed, "visitsAllowed"), ClockStops = ClockStops,
            CancelRequested = CancelRequested, Signals = Signals, Build = Build,
        },
        "instance.started" => new Started(Need(Id, "id"), Need(Namespace, "namespace"), Need(Workflow, "workflow"), Need(Version, "version"),
            Need(RequestKey, "requestKey"), BusinessKey, Need(State, "state"), Need(Input, "input"), Due, Need(VisitsAllowed, "visitsAllowed"), AtGate)
        {
            ClockStops = ClockStops, Parent = Parent, TraceParent = TraceParent, Priority = Priority, Attributes = Attributes, Build = Build,
        },
        "step.retry-scheduled" => new StepRetryScheduled(O, Attempt, Need(Failure, "failure"), Need(Due, "due"), NextOrdinal),
        "step.retried" => new StepRetried(O, Attempt),
        "step.failed" => new StepFailed(O, Attempt, Need(Failure, "failure")),
        "step.parked" => new StepParked(O, Attempt, Need(Failure, "failure")),
        "step.cancelled" => new StepCancelled(O, Unknown) { Failure = Failure },
        "step.abandoned" => new StepAbandoned(O),
        "note.taken" => new Noted(O, Need(Name, "name"), Need(Value, "value")),
        "sleep.began" => new SleepBegan(O, Need(Name, "name"), Need(Due, "due")),
        "sleep.ended" => new SleepEnded(O),
        "signal.awaited" => new SignalAwaited(O, Need(Name, "name"), Need(Signal, "signal"), Due),
        "signal.received" => new SignalReceived(Need(Signal, "signal"), Need(MessageId, "messageId"), Need(Body, "body")),
        "signal.consumed" => new SignalConsumed(O, Need(MessageId, "messageId")),
        "signal.timed-out" => new SignalTimedOut(O),
        "child.intended" => new ChildIntended(O, Need(Name, "name"), Need(Workflow, "workflow"), Need(Key, "key"), Need(Input, "input")),
        "child.ended" => new ChildEnded(O, Need(MessageId, "messageId"), Need(State, "state"), Need(Result, "result")),
        "gate.decided" => new GateDecided(Approved, Need(By, "by"), Need(Why, "why")),
        "instance.exit-began" => new ExitBegan(Need(To, "to"), Data, Compensates),
        "visit.restart-began" => new RestartBegan(Need(Visit, "visit")) { DropsMessages = DropsMessages },
        "visit.restarted" => new VisitRestarted(Need(Visit, "visit")) { Build = Build },
        "undo.began" => new UndoBegan(O, Attempt),
        "undo.succeeded" => new UndoSucceeded(O, Attempt),
        "undo.retry-scheduled" => new UndoRetryScheduled(O, Attempt, Need(Failure, "failure"), Need(Due, "due")),
        "deadline.breached" => new DeadlineBreached(Need(Visit, "visit")),
        "incident.raised" => new IncidentRaised(Need(Number, "number"), Need(Failure, "failure"), Ordinal ?? 0),
        "incident.resolved" => new IncidentResolved(Need(Number, "number"), Need(By, "by"), Mode) { VisitsAllowed = VisitsAllowed },
        "instance.paused" => new Paused(Need(By, "by")),
        "instance.resumed" => new Resumed(Need(By, "by")),
        "instance.cancel-requested" => new CancelRequested(Need(By, "by"), Need(Reason, "reason")),
        "instance.recovered" => new Recovered(Unclean) { Build = Build },
        null => throw EventReader.Missing("type"),
        _ => throw new HistoryFormatException($"There is no event type '{Type}'."),
    };

    private readonly int O => Need(Ordinal, "ordinal");

    private static T Need<T>(T? value, string name) where T : class => value ?? throw EventReader.Missing(name);

    private static T Need<T>(T? value, string name) where T : struct => value ?? throw EventReader.Missing(name);
}
