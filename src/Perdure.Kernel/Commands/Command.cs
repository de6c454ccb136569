using System.Collections.Immutable;

namespace Perdure.Kernel;

/// <summary>Something that an instance is asked to do. The set is closed. Delivered twice, a command has the effect of once.</summary>
/// <param name="At">Now, by the owner's clock, in whole milliseconds. All commands of one turn carry the same moment.</param>
public abstract record Command(DateTimeOffset At)
{
    /// <summary>Begin to exist.</summary>
    public sealed record Start(
        DateTimeOffset At, InstanceId Id, string Namespace, string RequestKey, string? BusinessKey, Payload Input) : Command(At)
    {
        /// <summary>The parent to be told of the end.</summary>
        public Parent? Parent { get; init; }
        /// <summary>W3C trace context.</summary>
        public string? TraceParent { get; init; }
        /// <summary>Higher goes first.</summary>
        public int Priority { get; init; }
        /// <summary>Typed search attributes.</summary>
        public ImmutableSortedDictionary<string, string> Attributes { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    }


    /// <summary>A body asks for things, in order. Names that the journal already has are left as they are.</summary>
    public sealed record Intend(DateTimeOffset At, int Visit, ImmutableArray<Intent> Intents) : Command(At);

    /// <summary>A body gives up what it asked for: losers of a race are cancelled.</summary>
    public sealed record Abandon(DateTimeOffset At, int Visit, ImmutableArray<string> Names) : Command(At);

    /// <summary>A body (or a gate's decision) ended with the next state.</summary>
    public sealed record Transit(DateTimeOffset At, int Visit, string To, Payload Data) : Command(At);

    /// <summary>A body failed, or broke a rule; the failure's code says which.</summary>
    public sealed record FailBody(DateTimeOffset At, int Visit, Failure Failure) : Command(At);


    /// <summary>An attempt of a step ended.</summary>
    /// <param name="At">Now.</param>
    /// <param name="Ordinal">Which step.</param>
    /// <param name="Attempt">Which attempt of it; another one's end changes nothing.</param>
    /// <param name="Outcome">How.</param>
    /// <param name="Policy">The operation's present policy.</param>
    /// <param name="Jitter">The share of the policy's jitter, 0 to 1, drawn by the caller.</param>
    public sealed record EndAttempt(DateTimeOffset At, int Ordinal, int Attempt, Outcome Outcome, Perdure.Retry Policy, double Jitter) : Command(At);

    /// <summary>An attempt of an undo ended; no failure means done.</summary>
    public sealed record EndUndo(DateTimeOffset At, int Ordinal, int Attempt, Failure? Failure, Perdure.Retry Policy, double Jitter) : Command(At);

    /// <summary>A timer is due. One that is not set, or not due at <see cref="Command.At"/>, changes nothing.</summary>
    public sealed record FireTimer(DateTimeOffset At, TimerId Timer) : Command(At);

    /// <summary>A message comes.</summary>
    public sealed record Send(DateTimeOffset At, string Signal, string MessageId, Payload Body) : Command(At);

    /// <summary>A child's end reaches its parent.</summary>
    public sealed record EndChild(DateTimeOffset At, int Ordinal, string MessageId, string State, Payload Result) : Command(At);

    /// <summary>A person decides at the gate of <paramref name="Visit"/>. The caller has checked who it is; the kernel checks the role.</summary>
    public sealed record DecideGate(DateTimeOffset At, int Visit, bool Approved, string By, ImmutableArray<string> Roles, string Why) : Command(At);

    /// <summary>Undo everything and end.</summary>
    public sealed record Cancel(DateTimeOffset At, string By, string Reason, Payload? Data) : Command(At);

    /// <summary>Start nothing new until resumed.</summary>
    public sealed record Pause(DateTimeOffset At, string By) : Command(At);

    /// <summary>Go on.</summary>
    public sealed record Resume(DateTimeOffset At, string By) : Command(At);

    /// <summary>Continue after the incident of that number.</summary>
    public sealed record Retry(DateTimeOffset At, string By, int Incident, RetryMode Mode = RetryMode.Again) : Command(At)
    {
        /// <summary>For a restart: the journal names of steps that are known to have no effect.</summary>
        public ImmutableArray<string> Queries { get; init; } = [];
    }

    /// <summary>A node takes the instance up from the store.</summary>
    public sealed record Recover(DateTimeOffset At, bool Unclean) : Command(At);
}
