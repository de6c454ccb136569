using Perdure.Simulation.Exploring;
using Perdure.Simulation.Nodes;
using Perdure.Simulation.Operations;

namespace Perdure.Simulation.Worlds;

/// <summary>What all runs of a simulation have in common.</summary>
internal sealed record WorldOptions
{
    public int Nodes { get; init; } = 1;
    /// <summary>How many lanes the nodes share; 0 where each has one for ever.</summary>
    public int SharedLanes { get; init; }
    public required Func<int, int, Carriage> Carriage { get; init; }
    public IReadOnlyDictionary<Type, Stand> Stands { get; init; } = new Dictionary<Type, Stand>();
    /// <summary>What nodes carry once they are upgraded; null where they are not.</summary>
    public Carriage? Newer { get; init; }
    public TimeSpan UpgradedAt { get; init; }
    public bool Faulty { get; init; } = true;
    public Func<FaultKind, double?> Rate { get; init; } = _ => null;
    /// <summary>Kinds that were left out while the run was minimised.</summary>
    public IReadOnlySet<FaultKind> Off { get; init; } = new HashSet<FaultKind>();
    /// <summary>Which requests and attempts are struck, by their number among those that the kind could strike; null where the dice say.</summary>
    public IReadOnlySet<(FaultKind Kind, int Number)>? Pinned { get; init; }
    /// <summary>Whether people who would pause, or cancel, do not: what they would have done is drawn all the same.</summary>
    public (bool Pauses, bool Cancels) Without { get; init; }
    public TimeSpan FaultyFor { get; init; } = TimeSpan.FromSeconds(30);
    public TimeSpan QuietWithin { get; init; } = TimeSpan.FromHours(24);
    public long EventsMax { get; init; } = 5_000_000;
    public bool Traced { get; init; }
    public IReadOnlyList<Load> Loads { get; init; } = [];
    /// <summary>Starts that nobody asks for: what they would have been is drawn all the same.</summary>
    public IReadOnlySet<(int Load, int Number)> Unasked { get; init; } = new HashSet<(int, int)>();
    public IReadOnlyList<(string Name, Action<SimulatedWorld> Check)> Invariants { get; init; } = [];
    public bool Timed { get; init; }
    public IReadOnlySet<int> Skipped { get; init; } = new HashSet<int>();
    public IReadOnlySet<int> Unscripted { get; init; } = new HashSet<int>();
    public IReadOnlyList<Scripted> Script { get; init; } = [];
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);
    public Choices? Choices { get; init; }
    public CrashPoint? Crash { get; init; }
    /// <summary>The run without a crash: what people and senders did there, they do again. Null where the dice say what they do.</summary>
    public Outcomes? Undisturbed { get; init; }
    public Action<Ports.Batch>? Durable { get; init; }
    public Reach? Reach { get; init; }
    public IReadOnlyList<Mail> Mails { get; init; } = [];
    public double Pauses { get; init; }
    public double Cancels { get; init; }
    public DateTimeOffset Begins { get; init; } = World.Begins;
    /// <summary>How many of the instances that have ended are run again without faults.</summary>
    public int Refined { get; init; }
    public IReadOnlyList<string> NotRefined { get; init; } = [];
    /// <summary>The code for that, its operations without policies of their own.</summary>
    public Carriage? Untimed { get; init; }
    public Refining.CalmRun? Calm { get; init; }
    public bool OperatorRetries { get; init; } = true;
}

/// <summary>Starts of one workflow: how many, over which time, and with which input.</summary>
internal sealed record Load(string Workflow, int Count, TimeSpan Within, Func<Dice, int, byte[]> Input, int? Version = null);

/// <summary>A fault that a test brings about: when, which, where, and what it calls it.</summary>
internal sealed record Scripted(TimeSpan At, FaultKind Kind, int Node, string Name, Phase? While = null);

/// <summary>Messages that every instance of a workflow is sent, one after the other.</summary>
/// <param name="Workflow">Whose instances.</param>
/// <param name="Signal">Which message.</param>
/// <param name="Count">How many are written to each instance.</param>
/// <param name="Body">Makes one.</param>
/// <param name="Sent">How many of them are sent; the others are written all the same, so that what else is drawn stays as it was.</param>
internal sealed record Mail(string Workflow, string Signal, int Count, Func<Dice, int, byte[]> Body, int Sent = int.MaxValue);
