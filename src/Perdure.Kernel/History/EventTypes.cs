using System.Collections.Frozen;

namespace Perdure.Kernel;

/// <summary>The stable names of the events. They are part of the public contract: stored in the log, and the CloudEvents types derive from them.</summary>
public static class EventTypes
{
    private static readonly (Type Type, string Name)[] Table =
    [
        (typeof(Started), "instance.started"),
        (typeof(Transitioned), "instance.transitioned"),
        (typeof(ExitBegan), "instance.exit-began"),
        (typeof(Paused), "instance.paused"),
        (typeof(Resumed), "instance.resumed"),
        (typeof(CancelRequested), "instance.cancel-requested"),
        (typeof(Recovered), "instance.recovered"),
        (typeof(StepIntended), "step.intended"),
        (typeof(StepSucceeded), "step.succeeded"),
        (typeof(StepRetryScheduled), "step.retry-scheduled"),
        (typeof(StepRetried), "step.retried"),
        (typeof(StepFailed), "step.failed"),
        (typeof(StepParked), "step.parked"),
        (typeof(StepCancelled), "step.cancelled"),
        (typeof(StepAbandoned), "step.abandoned"),
        (typeof(Noted), "note.taken"),
        (typeof(SleepBegan), "sleep.began"),
        (typeof(SleepEnded), "sleep.ended"),
        (typeof(SignalAwaited), "signal.awaited"),
        (typeof(SignalReceived), "signal.received"),
        (typeof(SignalConsumed), "signal.consumed"),
        (typeof(SignalTimedOut), "signal.timed-out"),
        (typeof(ChildIntended), "child.intended"),
        (typeof(ChildEnded), "child.ended"),
        (typeof(GateDecided), "gate.decided"),
        (typeof(RestartBegan), "visit.restart-began"),
        (typeof(VisitRestarted), "visit.restarted"),
        (typeof(UndoBegan), "undo.began"),
        (typeof(UndoSucceeded), "undo.succeeded"),
        (typeof(UndoRetryScheduled), "undo.retry-scheduled"),
        (typeof(DeadlineBreached), "deadline.breached"),
        (typeof(IncidentRaised), "incident.raised"),
        (typeof(IncidentResolved), "incident.resolved"),
    ];

    private static readonly FrozenDictionary<Type, string> Names = Table.ToFrozenDictionary(t => t.Type, t => t.Name);
    private static readonly FrozenDictionary<string, Type> Types = Table.ToFrozenDictionary(t => t.Name, t => t.Type, StringComparer.Ordinal);

    /// <summary>Every name.</summary>
    public static IEnumerable<string> All => Types.Keys.Order(StringComparer.Ordinal);

    /// <summary>The name of an event's type, such as <c>step.succeeded</c>.</summary>
    public static string NameOf(Event @event) => Names[@event.GetType()];

    /// <summary>The type of that name; null where there is none.</summary>
    public static Type? TypeOf(string name) => Types.GetValueOrDefault(name);
}
