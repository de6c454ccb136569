using System.Collections.Immutable;

namespace Perdure.Kernel;

/// <summary>What an instance is doing, in one word, derived from its state.</summary>
public enum Status
{
    /// <summary>Work is under way.</summary>
    Running,
    /// <summary>It waits for a moment, a message, a child or a person.</summary>
    Waiting,
    /// <summary>An operator paused it.</summary>
    Paused,
    /// <summary>It needs an operator.</summary>
    Incident,
    /// <summary>It is undoing what was done.</summary>
    Compensating,
    /// <summary>It has ended.</summary>
    Ended,
}

/// <summary>An execution of a workflow, as the replay of its log gives it. Immutable; only <see cref="Decider.Evolve"/> makes the next.</summary>
public sealed record Instance
{
    /// <summary>Its identity.</summary>
    public required InstanceId Id { get; init; }
    /// <summary>The namespace that its keys live in.</summary>
    public required string Namespace { get; init; }
    /// <summary>The workflow's stable name.</summary>
    public required string Workflow { get; init; }
    /// <summary>The workflow's version.</summary>
    public required int WorkflowVersion { get; init; }
    /// <summary>The idempotency key of its start.</summary>
    public required string RequestKey { get; init; }
    /// <summary>The workflow's own key, unique among all instances of the workflow; null where it has none.</summary>
    public string? BusinessKey { get; init; }
    /// <summary>The input of the workflow.</summary>
    public required Payload Input { get; init; }
    /// <summary>When it was started.</summary>
    public required DateTimeOffset StartedAt { get; init; }
    /// <summary>The parent to be told of the end; null where there is none.</summary>
    public Parent? Parent { get; init; }
    /// <summary>W3C trace context of the start.</summary>
    public string? TraceParent { get; init; }
    /// <summary>Higher goes first.</summary>
    public int Priority { get; init; }
    /// <summary>Typed search attributes, as given at the start.</summary>
    public ImmutableSortedDictionary<string, string> Attributes { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The number of records in its log; versions are gap-free from 1.</summary>
    public long Version { get; init; }
    /// <summary>The state it rests in.</summary>
    public required string State { get; init; }
    /// <summary>The state's data. At the start it is the input.</summary>
    public required Payload Data { get; init; }
    /// <summary>The number of the present visit, from 1.</summary>
    public int Visit { get; init; } = 1;
    /// <summary>When the present visit began.</summary>
    public required DateTimeOffset EnteredAt { get; init; }
    /// <summary>The number of visits after which the loop guard raises its incident.</summary>
    public required int VisitsAllowed { get; init; }

    /// <summary>The journal of the present visit, by name.</summary>
    public ImmutableDictionary<string, Entry> Journal { get; init; } = ImmutableDictionary<string, Entry>.Empty.WithComparers(StringComparer.Ordinal);
    /// <summary>Names by the ordinal of every entry that is not done, in order of intent.</summary>
    public ImmutableSortedDictionary<int, string> Outstanding { get; init; } = ImmutableSortedDictionary<int, string>.Empty;
    /// <summary>The last generation of the tokens of entries that were discarded from the present visit's journal.</summary>
    public ImmutableDictionary<string, int> Generations { get; init; } = ImmutableDictionary<string, int>.Empty.WithComparers(StringComparer.Ordinal);
    /// <summary>How many intents there have been; the next ordinal is one more.</summary>
    public int Intents { get; init; }
    /// <summary>The decision taken at the gate that the instance rests in.</summary>
    public GateDecision? Decided { get; init; }
    /// <summary>How the state is being left; null while it is not.</summary>
    public Exit? Exit { get; init; }

    /// <summary>What was or may have been done and can be undone, by ordinal.</summary>
    public ImmutableSortedDictionary<int, StackEntry> Stack { get; init; } = ImmutableSortedDictionary<int, StackEntry>.Empty;
    /// <summary>Signals that nobody has awaited yet, oldest first.</summary>
    public ImmutableList<BufferedSignal> Signals { get; init; } = [];
    /// <summary>The ids of all messages taken in, so that each counts once.</summary>
    public ImmutableHashSet<string> Messages { get; init; } = ImmutableHashSet<string>.Empty.WithComparer(StringComparer.Ordinal);
    /// <summary>The deadline of the present visit; null where there is none.</summary>
    public Deadline? Deadline { get; init; }
    /// <summary>Whether an operator paused it.</summary>
    public bool Paused { get; init; }
    /// <summary>Whether cancelling was asked for.</summary>
    public bool CancelRequested { get; init; }
    /// <summary>What needs an operator; null where nothing does.</summary>
    public Incident? Incident { get; init; }
    /// <summary>How many incidents there have been.</summary>
    public int Incidents { get; init; }
    /// <summary>Recoveries after unclean deaths since the last progress.</summary>
    public int Recoveries { get; init; }
    /// <summary>Whether an operator accepted that the present visit's journal differs from the code.</summary>
    public bool Accepted { get; init; }
    /// <summary>When it ended; null while it has not.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Whether it is undoing what was done.</summary>
    public bool Compensating => EndedAt is null && Exit is { Compensates: true };

    /// <summary>What it is doing, in one word.</summary>
    public Status Status =>
        EndedAt is not null ? Status.Ended
        : Incident is not null ? Status.Incident
        : Paused ? Status.Paused
        : Compensating ? Status.Compensating
        : WaitsOnly() ? Status.Waiting
        : Status.Running;

    // At a gate nothing is outstanding, so the gate is told apart by the rules that set it (see Gates).
    private bool WaitsOnly()
    {
        if (AtGate) return Decided is null;
        if (Outstanding.IsEmpty || Exit is not null) return false;
        foreach (var name in Outstanding.Values)
        {
            var entry = Journal[name];
            if (entry is { Kind: EntryKind.Step, Status: EntryStatus.Running }) return false;
        }
        return true;
    }

    /// <summary>Whether the present state is a gate; known from the transition that led here.</summary>
    public bool AtGate { get; init; }
}

/// <summary>Who started a child, and which entry of whose journal awaits it.</summary>
/// <param name="Id">The parent instance.</param>
/// <param name="Ordinal">The ordinal of the parent's journal entry.</param>
public sealed record Parent(InstanceId Id, int Ordinal);
