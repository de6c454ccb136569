using System.Collections.Immutable;

namespace Perdure.Kernel;

/// <summary>Why a command is refused. The set is closed.</summary>
public enum RefusalCode
{
    /// <summary>The instance has ended.</summary>
    InstanceEnded,
    /// <summary>There is no such transition in the map from the present state.</summary>
    TransitionUndeclared,
    /// <summary>The present state is not a gate, or not the gate that was decided.</summary>
    GateNotOpen,
    /// <summary>The gate was already decided otherwise.</summary>
    GateDecided,
    /// <summary>The gate needs another role.</summary>
    GateRole,
    /// <summary>Too many signals wait.</summary>
    SignalBufferFull,
    /// <summary>Too many messages in the life of the instance.</summary>
    SignalTooMany,
    /// <summary>The payload is larger than the limit.</summary>
    PayloadTooLarge,
    /// <summary>There is no such incident, or nothing to retry.</summary>
    IncidentNone,
    /// <summary>The journal already has an entry of that name for something else.</summary>
    NameTaken,
    /// <summary>The visit cannot be begun anew: something of it was done, or may have been, and cannot be undone.</summary>
    VisitStands,
}

/// <summary>A refusal with words for people.</summary>
public sealed record Refusal(RefusalCode Code, string Message)
{
    /// <summary>The stable code on the wire, such as <c>gate.role</c>.</summary>
    public string Wire => Code switch
    {
        RefusalCode.InstanceEnded => "instance.ended",
        RefusalCode.TransitionUndeclared => "transition.undeclared",
        RefusalCode.GateNotOpen => "gate.not-open",
        RefusalCode.GateDecided => "gate.decided",
        RefusalCode.GateRole => "gate.role",
        RefusalCode.SignalBufferFull => "signal.buffer-full",
        RefusalCode.SignalTooMany => "signal.too-many",
        RefusalCode.PayloadTooLarge => "payload.too-large",
        RefusalCode.IncidentNone => "incident.none",
        RefusalCode.VisitStands => "visit.stands",
        RefusalCode.NameTaken => "journal.name-taken",
        _ => throw new InvalidOperationException(),
    };
}

/// <summary>The answer to a command.</summary>
public abstract record Verdict
{
    private Verdict() { }

    /// <summary>It stands: the events to be recorded, none where the command changed nothing, and the effects they owe.</summary>
    public sealed record Accepted(Instance Instance, ImmutableArray<Event> Events, ImmutableArray<Effect> Effects) : Verdict;

    /// <summary>It is refused, and nothing changed.</summary>
    public sealed record Refused(Refusal Refusal) : Verdict;
}
