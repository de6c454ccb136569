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

    /// <summary>The number of records in its log, with the one that its last event is of; versions are gap-free from 1.</summary>
    public long Version { get; internal set; }
    /// <summary>The state it rests in.</summary>
    public required string State { get; init; }
    /// <summary>The state's data. At the start it is the input.</summary>
    public required Payload Data { get; init; }
    /// <summary>The number of the present visit, from 1.</summary>
    public int Visit { get; init; } = 1;
    /// <summary>When the present visit began.</summary>
    public required DateTimeOffset EnteredAt { get; init; }
    /// <summary>The build of the code that the present visit runs under; null where nobody said.</summary>
    public string? Build { get; init; }
    /// <summary>The number of visits after which the loop guard raises its incident.</summary>
    public required int VisitsAllowed { get; init; }

    /// <summary>The journal of the present visit, by name.</summary>
    public OrderedMap<string, Entry> Journal { get; init; } = OrderedMap<string, Entry>.Empty;
    /// <summary>Names by the ordinal of every entry that is not done, in order of intent.</summary>
    public OrderedMap<int, string> Outstanding { get; init; } = OrderedMap<int, string>.Empty;
    /// <summary>The last generation of the tokens of entries that were discarded from the present visit's journal.</summary>
    public OrderedMap<string, int> Generations { get; init; } = OrderedMap<string, int>.Empty;
    /// <summary>How many intents there have been; the next ordinal is one more.</summary>
    public int Intents { get; init; }
    /// <summary>How many outcomes the present visit's journal has taken in; results are redelivered to a body in that order.</summary>
    public int Outcomes { get; init; }
    /// <summary>The decision taken at the gate that the instance rests in.</summary>
    public GateDecision? Decided { get; init; }
    /// <summary>How the state is being left; null while it is not.</summary>
    public Exit? Exit { get; init; }

    /// <summary>What was or may have been done and can be undone, by ordinal.</summary>
    public OrderedMap<int, StackEntry> Stack { get; init; } = OrderedMap<int, StackEntry>.Empty;
    /// <summary>Signals that nobody has awaited yet, oldest first.</summary>
    public ImmutableList<BufferedSignal> Signals { get; init; } = [];
    /// <summary>The ids of all messages taken in, so that each counts once.</summary>
    public ImmutableHashSet<string> Messages { get; init; } = NoMessages;

    internal static ImmutableHashSet<string> NoMessages { get; } = ImmutableHashSet<string>.Empty.WithComparer(StringComparer.Ordinal);

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

    /// <summary>Whether it has ended.</summary>
    public bool Ended => EndedAt is not null;

    /// <summary>Whether an operator must act before anything new is started: it is paused, in an incident, or both.</summary>
    public bool Halted => Paused || Incident is not null;

    /// <summary>Whether a body's commands for that visit still count: the visit is the present one, and it is neither halted nor being left.</summary>
    public bool Heeds(int visit) => visit == Visit && !Halted && Exit is null && !Ended && (!AtGate || Decided is not null);

    /// <summary>The entry of that ordinal that is not done; null where there is none.</summary>
    public Entry? Open(int ordinal) => Outstanding.TryGetValue(ordinal, out var name) ? Journal[name] : null;

    /// <summary>The idempotency token of an entry of the present visit's journal.</summary>
    public string TokenOf(Entry entry) => Token.For(Id, Visit, entry.Name, entry.Generation);

    /// <summary>The idempotency token of what stands on the stack.</summary>
    public string TokenOf(StackEntry entry) => Token.For(Id, entry.Visit, entry.Name, entry.Generation);

    /// <summary>The generation that the next token of that name in the present visit has.</summary>
    public int NextGeneration(string name) => Generations.TryGetValue(name, out var last) ? last + 1 : 1;

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

    private bool WaitsOnly()
    {
        if (AtGate) return Decided is null;
        if (Outstanding.IsEmpty || Exit is not null) return false;
        foreach (var (_, name) in Outstanding)
            if (Journal[name] is { Kind: EntryKind.Step, Status: EntryStatus.Running }) return false;
        return true;
    }

    /// <summary>Whether the present state is a gate; known from the transition that led here.</summary>
    public bool AtGate { get; init; }
}

/// <summary>Who started a child, and which entry of whose journal awaits it.</summary>
/// <param name="Id">The parent instance.</param>
/// <param name="Ordinal">The ordinal of the parent's journal entry.</param>
public sealed record Parent(InstanceId Id, int Ordinal);
