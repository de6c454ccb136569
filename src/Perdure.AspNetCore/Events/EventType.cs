using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Perdure.AspNetCore;

/// <summary>A field of an event's data.</summary>
internal sealed record EventField(string Name, string Type, string Says, bool Required = true);

/// <summary>A type of event: its name, what it says, and the fields of its data. The schema and the documentation are made from it.</summary>
internal sealed record EventType(string Name, string Says, ImmutableArray<EventField> Fields)
{
    /// <summary>What the schema is called: the attribute <c>dataschema</c>. It is read at <c>/api/events/schemas/{type}</c>.</summary>
    public string Schema { get; } = "urn:perdure:event:" + Name;

    private static readonly EventField[] FailureFields =
    [
        new("code", "string", "The failure's stable code."),
        new("message", "string", "What happened, for people."),
        new("transient", "boolean", "Whether trying again may help."),
        new("unknown", "boolean", "Whether the effect may have happened all the same."),
        new("conclusive", "boolean", "Whether the downstream keeps this answer for the token: nothing under it has happened or will."),
        new("causes", "array", "The cause chain, outermost first: {type, message}."),
    ];
    private static readonly EventField[] StepFields =
    [
        new("step", "string", "The journal name.", false),
        new("operation", "string", "The operation's stable name.", false),
        new("ordinal", "integer", "The step's number in the instance."),
        new("generation", "integer", "The generation of its token.", false),
    ];
    private static readonly EventField By = new("by", "string", "Who.");
    private static readonly EventField Due = new("due", "string", "When the next attempt starts.");

    private static EventType Of(string name, string says, params EventField[] fields) => new("perdure." + name, says, [.. fields]);

    public static readonly EventType InstanceStarted = Of("instance.started", "An instance exists and is in its first state.",
        new EventField("key", "string", "The idempotency key."), new EventField("businessKey", "string", "The workflow's own key.", false), new EventField("state", "string", "The first state."), new EventField("parent", "string", "The instance that started it.", false));
    public static readonly EventType InstanceEnded = Of("instance.ended", "An instance has ended. The head is the anchor by which a truncated history is found.",
        new EventField("state", "string", "The end."), new EventField("revoked", "boolean", "Whether everything was undone first.", false), new EventField("records", "integer", "How many records its history has."), new EventField("head", "string", "The hash of the last, hexadecimal."));
    public static readonly EventType InstancePaused = Of("instance.paused", "An operator paused it.", By);
    public static readonly EventType InstanceResumed = Of("instance.resumed", "An operator resumed it.", By);
    public static readonly EventType CancelRequested = Of("instance.cancel-requested", "Cancelling was asked for.", By, new EventField("reason", "string", "Why."));
    public static readonly EventType Recovered = Of("instance.recovered", "A node took it up again.", new EventField("unclean", "boolean", "Whether the owner before died."));
    public static readonly EventType StateLeaving = Of("state.leaving", "It began to leave its state: it waits for what is outstanding and undoes first where it must.",
        new EventField("from", "string", "The state it leaves."), new EventField("to", "string", "Where it will go."), new EventField("compensates", "boolean", "Whether what was done is undone first."));
    public static readonly EventType StateChanged = Of("state.changed", "A transition.",
        new EventField("from", "string", "The state it left."), new EventField("to", "string", "The state it entered."), new EventField("settled", "boolean", "Whether what was done so far will not be undone any more."),
        new EventField("deadline", "string", "When the new visit's deadline passes.", false));
    public static readonly EventType GateOpened = Of("gate.opened", "It waits for a person.", new EventField("gate", "string", "The gate's id."), new EventField("role", "string", "Who may decide.", false));
    public static readonly EventType GateDecidedType = Of("gate.decided", "A person decided.", new EventField("gate", "string", "The gate's id."), new EventField("approved", "boolean", "Yes or no."), By, new EventField("why", "string", "The reason."));
    public static readonly EventType StepStarted = Of("step.started", "An attempt of an operation starts.", StepFields);
    public static readonly EventType StepSucceeded = Of("step.succeeded", "An attempt ended well.", StepFields);
    public static readonly EventType StepRetrying = Of("step.retry-scheduled", "An attempt failed, another follows.", [.. StepFields, .. FailureFields, Due]);
    public static readonly EventType StepFailed = Of("step.failed", "An operation failed for good.", [.. StepFields, .. FailureFields]);
    public static readonly EventType StepParked = Of("step.parked", "An attempt of an at-most-once operation ended unknown; it needs an operator.", [.. StepFields, .. FailureFields]);
    public static readonly EventType StepCancelled = Of("step.cancelled", "An operation was given up.", [.. StepFields, new EventField("unknown", "boolean", "Whether it may have happened.")]);
    public static readonly EventType StepAbandoned = Of("step.abandoned", "A body gave up what runs; its end is awaited.", StepFields);
    public static readonly EventType VisitRestarting = Of("visit.restart-began", "An operator has the visit begun anew: what it did is undone first.");
    public static readonly EventType VisitRestarted = Of("visit.restarted", "The visit begins anew.");
    public static readonly EventType UndoStarted = Of("undo.began", "An attempt to undo an operation starts.", StepFields);
    public static readonly EventType UndoSucceeded = Of("undo.succeeded", "An operation was undone.", StepFields);
    public static readonly EventType UndoRetrying = Of("undo.retry-scheduled", "An undo failed and is tried again.", [.. StepFields, .. FailureFields, Due]);
    public static readonly EventType Noted = Of("note.taken", "A body decided something once.", StepFields);
    public static readonly EventType SleepBegan = Of("sleep.began", "A body sleeps.", [.. StepFields, new EventField("due", "string", "Until when.")]);
    public static readonly EventType SleepEnded = Of("sleep.ended", "A sleep is over.", StepFields);
    public static readonly EventType SignalAwaited = Of("signal.awaited", "A body awaits a message.", [.. StepFields, new EventField("signal", "string", "Its name."), new EventField("due", "string", "Until when.", false)]);
    public static readonly EventType SignalReceived = Of("signal.received", "A message came.", new EventField("signal", "string", "Its name."), new EventField("message", "string", "The sender's id."));
    public static readonly EventType SignalConsumed = Of("signal.consumed", "A body got a message.", [.. StepFields, new EventField("message", "string", "The sender's id.")]);
    public static readonly EventType SignalTimedOut = Of("signal.timed-out", "The awaited message did not come in time.", StepFields);
    public static readonly EventType ChildStarted = Of("child.started", "A sub-workflow is asked for.", [.. StepFields, new EventField("workflow", "string", "Which."), new EventField("key", "string", "Its key.")]);
    public static readonly EventType ChildEnded = Of("child.ended", "A sub-workflow ended.", [.. StepFields, new EventField("state", "string", "Its end.")]);
    public static readonly EventType DeadlineBreached = Of("deadline.breached", "A visit lasted longer than its deadline.");
    public static readonly EventType IncidentRaised = Of("incident.raised", "It stands still until an operator acts.", [new EventField("incident", "integer", "The incident's number."), new EventField("step", "string", "What it is about.", false), .. FailureFields]);
    public static readonly EventType IncidentResolved = Of("incident.resolved", "An operator continues.", new EventField("incident", "integer", "The incident's number."), By, new EventField("mode", "string", "again, restart-visit or accept."));
    public static readonly EventType PageRaised = Of("page.raised", "A person must be told.", new EventField("key", "string", "The stable deduplication key."), new EventField("severity", "string", "low or high."), new EventField("code", "string", "Why."));
    public static readonly EventType Refused = Of("command.refused", "A request or command was refused; nothing changed. Told as it happens, not stored: it has no place in the stream to resume from.",
        new EventField("code", "string", "The stable code."), new EventField("message", "string", "Why, for people."));

    /// <summary>All types, in the order in which they are documented.</summary>
    public static readonly ImmutableArray<EventType> All =
    [
        InstanceStarted, StateChanged, StateLeaving, InstanceEnded, InstancePaused, InstanceResumed, CancelRequested, Recovered, GateOpened, GateDecidedType,
        StepStarted, StepSucceeded, StepRetrying, StepFailed, StepParked, StepCancelled, StepAbandoned, VisitRestarting, VisitRestarted, UndoStarted, UndoSucceeded, UndoRetrying,
        Noted, SleepBegan, SleepEnded, SignalAwaited, SignalReceived, SignalConsumed, SignalTimedOut, ChildStarted, ChildEnded,
        DeadlineBreached, IncidentRaised, IncidentResolved, PageRaised, Refused,
    ];

    /// <summary>The attributes that every event of this type has: whose it is, and for attempts which. A refusal may concern no instance.</summary>
    public IEnumerable<string> Attributes => this == Refused ? []
        : Attempts.Contains(this) ? [.. OfInstance, "attempt"] : OfInstance;

    private static readonly ImmutableArray<string> OfInstance = ["subject", "instance", "namespace", "workflow", "version", "state", "visit"];
    private static readonly ImmutableArray<EventType> Attempts = [StepStarted, StepSucceeded, StepRetrying, StepFailed, StepParked, UndoStarted, UndoSucceeded, UndoRetrying];

    public static readonly FrozenDictionary<string, EventType> ByName = All.ToFrozenDictionary(t => t.Name, StringComparer.Ordinal);
}
