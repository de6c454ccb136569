using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Perdure.Runtime;
using Perdure.Simulation.Operations;
using Perdure.Simulation.Reporting;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation;

/// <summary>
/// Runs workflows on the real runtime in a simulated world: virtual time, one thread, every choice from a seed, and the faults that production brings. Immutable; each call gives another.
/// </summary>
/// <example><code>
/// var report = Simulate.Workflow&lt;BookTrip&gt;()
///     .Starts("book-trip", dice => new Trip("Ada", dice.OneOf("Lisbon", "Atlantis")), count: 20)
///     .Invariant("no ticket without a room", world => …)
///     .Run(seeds: 1_000);
/// Assert.True(report.Passed, report.ToString());
/// </code></example>
public sealed partial record Simulate
{
    private Action<PerdureBuilder> Carried { get; init; } = _ => { };
    private Action<IServiceCollection> Given { get; init; } = _ => { };
    private System.Collections.Immutable.ImmutableDictionary<Type, Stand> Stands { get; init; } = System.Collections.Immutable.ImmutableDictionary<Type, Stand>.Empty;
    private System.Collections.Immutable.ImmutableList<Load> Loads { get; init; } = [];
    private System.Collections.Immutable.ImmutableDictionary<FaultKind, double> Rates { get; init; } = System.Collections.Immutable.ImmutableDictionary<FaultKind, double>.Empty;
    private System.Collections.Immutable.ImmutableList<(string, Action<SimulatedWorld>)> Invariants { get; init; } = [];
    private int NodeCount { get; init; } = 1;
    private int LaneCount { get; init; }
    private bool Faulty { get; init; } = true;
    private bool OnlyNamed { get; init; }
    private TimeSpan FaultsLast { get; init; } = TimeSpan.FromSeconds(30);
    private bool Retries { get; init; } = true;
    private System.Collections.Immutable.ImmutableList<Scripted> Script { get; init; } = [];
    // In real time: how long code that has left the world is waited for, how often and how long a failing run is shrunk.
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);
    internal int MinimisingRuns { get; init; } = 200;
    internal TimeSpan MinimisingTime { get; init; } = TimeSpan.FromSeconds(20);
    private System.Collections.Immutable.ImmutableList<Mail> Mails { get; init; } = [];
    private double PauseShare { get; init; }
    private double CancelShare { get; init; }
    private long? Happenings { get; init; }
    private TimeSpan? Quiet { get; init; }
    private Action<PerdureBuilder>? Newer { get; init; }
    private TimeSpan UpgradedAt { get; init; }
    private int RefinedCount { get; init; } = 2;
    private IReadOnlyList<string> NotRefined { get; init; } = [];

    /// <summary>The stable names of the workflows that clients start.</summary>
    public IReadOnlyList<string> Started => [.. Loads.Select(l => l.Workflow).Distinct(StringComparer.Ordinal)];

    /// <summary>Simulates what a node would carry.</summary>
    /// <param name="carried">As for <c>AddPerdure</c>, without a store.</param>
    /// <param name="services">What the operations and workflows need: fakes, settings.</param>
    public static Simulate Node(Action<PerdureBuilder> carried, Action<IServiceCollection>? services = null) => new() { Carried = carried, Given = services ?? (_ => { }) };

    /// <summary>Simulates one workflow.</summary>
    /// <param name="services">What its operations need.</param>
    public static Simulate Workflow<TWorkflow>(Action<IServiceCollection>? services = null) where TWorkflow : class, IWorkflow => Node(p => p.Workflow<TWorkflow>(), services);

    /// <summary>Instances that clients start.</summary>
    /// <param name="workflow">The workflow's stable name.</param>
    /// <param name="input">Makes an input; the dice are the seed's.</param>
    /// <param name="count">How many.</param>
    /// <param name="within">Over which time; ten seconds unless given.</param>
    /// <param name="version">Which version; the highest unless given.</param>
    public Simulate Starts<TInput>(string workflow, Func<Dice, int, TInput> input, int count = 10, TimeSpan? within = null, int? version = null) where TInput : class => this with
    {
        Loads = Loads.Add(new(workflow, count, within ?? TimeSpan.FromSeconds(10), (dice, number) => JsonSerializer.SerializeToUtf8Bytes(input(dice, number), PerdureOptions.DefaultJson()), version)),
    };

    /// <summary>Messages that every instance of a workflow is sent, one after the other, each under an id of its own and some of them more than once.</summary>
    /// <param name="workflow">The workflow's stable name.</param>
    /// <param name="message">Makes a message; the dice are the seed's, the number counts from 1 for each instance.</param>
    /// <param name="count">How many for each instance.</param>
    public Simulate Sends<TSignal>(string workflow, Func<Dice, int, TSignal> message, int count = 1) where TSignal : class => this with
    {
        Mails = Mails.Add(new(workflow, Names.Kebab(typeof(TSignal)), count, (dice, number) => JsonSerializer.SerializeToUtf8Bytes(message(dice, number), PerdureOptions.DefaultJson()))),
    };

    /// <summary>People pause some instances, resume them after a while, and cancel some.</summary>
    /// <param name="pauses">Which share of instances is paused.</param>
    /// <param name="cancels">Which share is cancelled.</param>
    public Simulate Interrupts(double pauses = 0.1, double cancels = 0.1) => this with { PauseShare = pauses, CancelShare = cancels };

    /// <summary>How long after the last fault everything must have come to its end; a day unless said otherwise.</summary>
    public Simulate QuietWithin(TimeSpan time) => this with { Quiet = time };

    /// <summary>A run in which more things happen than that does not come to an end, and fails; five million unless said otherwise.</summary>
    public Simulate Bound(long things) => this with { Happenings = things };

    /// <summary>Puts a function in the place of an operation. Its downstream is the simulated one, which does each token once.</summary>
    /// <remarks>The operation itself is only asked for its policies. What its constructor takes and nobody gave is null.</remarks>
    /// <param name="run">Makes the output; may throw a failure.</param>
    /// <param name="undo">Told of an undo of what was done.</param>
    public Simulate Replace<TStep, TIn, TOut>(Func<TIn, TOut> run, Action<TIn>? undo = null) where TStep : Step<TIn, TOut> where TOut : class => this with
    {
        Stands = Stands.SetItem(typeof(TStep), new(
            (codec, input) => codec.Encode(run(codec.Decode<TIn>(input)!)),
            (codec, input) => undo?.Invoke(codec.Decode<TIn>(input)!))),
    };

    internal Simulate Replace(Type operation, Stand stand) => this with { Stands = Stands.SetItem(operation, stand) };

    /// <summary>
    /// A rolling upgrade: one node after the other is stopped and starts again with newer code. Until then versions are mixed: where faults strike, some nodes begin with the newer code, and
    /// some go back and forth (<see cref="FaultKind.MixedVersions"/>); in the end all have it.
    /// </summary>
    /// <param name="newer">What nodes carry then; what they carried before belongs to it, or instances of that would wait for ever.</param>
    /// <param name="at">When the first node is upgraded; after ten seconds unless given.</param>
    public Simulate Upgrades(Action<PerdureBuilder> newer, TimeSpan? at = null) => this with
    {
        Newer = newer, UpgradedAt = at ?? TimeSpan.FromSeconds(10), Rates = Rates.ContainsKey(FaultKind.MixedVersions) ? Rates : Rates.Add(FaultKind.MixedVersions, Faults.FaultMix.Usual(FaultKind.MixedVersions)),
    };

    /// <summary>How many nodes share the instances; one unless said otherwise.</summary>
    public Simulate Nodes(int count) => this with { NodeCount = count };

    /// <summary>
    /// The nodes share lanes as they do on PostgreSQL: they join and leave, take the lanes of those that are gone and hand over what is too much, by the protocol of the shared store, with its
    /// lease of 8 s and its tick of 250 ms. Unless this is said, each node has a share of the instances for ever, and another life takes its place.
    /// </summary>
    /// <param name="lanes">How many lanes, 1 to 1,024.</param>
    /// <exception cref="ArgumentOutOfRangeException">That many lanes cannot be.</exception>
    public Simulate SharesLanes(int lanes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lanes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lanes, 1_024);
        return this with { LaneCount = lanes };
    }

    /// <summary>Sets the rate of a kind of fault: likelihood per request or attempt, or, for what happens to nodes and the database, how often in a second. 0 switches it off.</summary>
    public Simulate Fault(FaultKind kind, double rate) => this with { Rates = Rates.SetItem(kind, rate) };

    /// <summary>Only these kinds of faults, at their usual rates; no others.</summary>
    public Simulate OnlyFaults(params IReadOnlyList<FaultKind> kinds) => this with { OnlyNamed = true, Rates = Rates.SetItems(kinds.Select(k => KeyValuePair.Create(k, Faults.FaultMix.Usual(k)))) };

    /// <summary>Nothing goes wrong.</summary>
    public Simulate WithoutFaults() => this with { Faulty = false };

    /// <summary>How long faults strike before they stop and everything must come to its end.</summary>
    public Simulate FaultsFor(TimeSpan time) => this with { FaultsLast = time };

    /// <summary>How many of the instances that have ended in a run are run again without faults, each alone, to see that it takes the same course; 2 unless said otherwise.</summary>
    /// <param name="instances">How many.</param>
    /// <param name="except">Workflows that are left out, since their bodies decide by what is not journaled.</param>
    public Simulate Refines(int instances, params IReadOnlyList<string> except) => this with { RefinedCount = instances, NotRefined = except };

    /// <summary>No operator continues after incidents.</summary>
    public Simulate WithoutOperator() => this with { Retries = false };

    /// <summary>Something that must always hold; checked after everything that becomes durable and every effect.</summary>
    /// <param name="name">What it is called in reports.</param>
    /// <param name="check">Throws, or calls <see cref="SimulatedWorld.Fail"/>, where it does not hold.</param>
    public Simulate Invariant(string name, Action<SimulatedWorld> check) => this with { Invariants = Invariants.Add((name, check)) };

    /// <summary>Only what every simulation is held against.</summary>
    internal Simulate WithoutInvariants() => this with { Invariants = [] };

    /// <summary>Brings about a fault at a moment; one that strikes requests or attempts strikes the next of them.</summary>
    /// <param name="time">When, from the beginning of the world.</param>
    /// <param name="fault">Which.</param>
    /// <param name="node">At which node, from 0, where it is a node's.</param>
    /// <param name="name">What the timeline calls it; the kind unless given.</param>
    public Simulate At(TimeSpan time, FaultKind fault, int node = 0, string? name = null) => this with { Script = Script.Add(new(time, fault, node, name ?? fault.ToString())) };

    /// <summary>Brings about a fault once, as soon as an instance is in a phase, and there: for what chance alone does not reach.</summary>
    /// <param name="phase">What the instance does.</param>
    /// <param name="fault">Which.</param>
    public Simulate When(Phase phase, FaultKind fault) => this with { Script = Script.Add(new(TimeSpan.Zero, fault, 0, $"{fault} while {phase}", phase)) };

    /// <summary>Runs seeds one after the other, until one fails; that one is minimised and told as a timeline.</summary>
    /// <param name="seeds">How many; at least one.</param>
    /// <param name="first">The first of them; behind the highest comes 0.</param>
    /// <param name="progress">Told after each seed, and of one that fails as soon as it has, before it is minimised.</param>
    /// <param name="cancellation">Ends the runs, and the minimising; what was found until then is reported.</param>
    /// <exception cref="ArgumentOutOfRangeException">No seed is asked for.</exception>
    public SimulationReport Run(int seeds = 100, ulong first = 1, Action<SimulationReport>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seeds, 1);
        using var prepared = new Prepared(this);
        var report = new SimulationReport { Reach = prepared.Reach };
        for (var (seed, left) = (first, seeds); left > 0 && !cancellation.IsCancellationRequested; seed = unchecked(seed + 1), left--)
        {
            var recipe = prepared.Recipe(seed);
            var result = prepared.Run(recipe);
            if (result.Violation is not null)
            {
                progress?.Invoke(report.And(result));
                result = prepared.Minimised(recipe, result, cancellation);
            }
            report = report.And(result);
            Rubbish.Clear();
            progress?.Invoke(report);
            if (!report.Passed) break;
        }
        return report;
    }

    /// <summary>Runs again what a line of a report says, instead of the options given here; workflows, operations, starts and invariants are those given here.</summary>
    /// <param name="line">The line of a failing report.</param>
    public SimulationReport Again(string line)
    {
        using var prepared = new Prepared(this);
        var recipe = Recipe.Parse(line);
        return new SimulationReport { Reach = prepared.Reach }.And(prepared.Run(recipe, timed: true));
    }

    /// <summary>Runs once without faults, then twice for each batch that became durable there, with a crash of its node just before and just after, and compares what came of every instance.</summary>
    /// <remarks>Messages (<see cref="Sends{TSignal}"/>) and people (<see cref="Interrupts"/>) come in each run to the point of an instance's course to which they came without a crash, rather than at a time.</remarks>
    /// <param name="seed">The seed of all these runs.</param>
    public CrashReport CrashEverywhere(ulong seed = 1)
    {
        using var prepared = new Prepared(WithoutFaults());
        return prepared.CrashEverywhere(seed);
    }

    /// <summary>Walks every path that the outcomes of operations (success, permanent failure, unknown, timeout) and the decisions at gates make, with one instance of each start, and reports what is wrong with the map.</summary>
    /// <param name="depth">How many questions of a path are asked both ways; behind them operations succeed and gates approve.</param>
    /// <param name="paths">How many paths are walked at the most.</param>
    public ExploreReport Explore(int depth = 4, int paths = 10_000)
    {
        using var prepared = new Prepared(WithoutFaults().WithoutOperator());
        return prepared.Explore(depth, paths);
    }

    /// <summary>The SHA-256 of everything that happens in the run of one seed.</summary>
    public string TraceOf(ulong seed)
    {
        using var prepared = new Prepared(this);
        return prepared.Run(prepared.Recipe(seed), traced: true).TraceHash!;
    }

    /// <summary>The hashes of several seeds, and how many work items the thread pool completed during all runs but the first, in which what a process makes once is made.</summary>
    internal (IReadOnlyList<string> Hashes, long WorkItems) TracesOf(IReadOnlyList<ulong> seeds)
    {
        using var prepared = new Prepared(this);
        List<string> hashes = [prepared.Run(prepared.Recipe(seeds[0]), traced: true).TraceHash!];
        SpinWait.SpinUntil(() => ThreadPool.PendingWorkItemCount == 0);
        var before = ThreadPool.CompletedWorkItemCount;
        hashes.AddRange(seeds.Skip(1).Select(seed => prepared.Run(prepared.Recipe(seed), traced: true).TraceHash!));
        return (hashes, ThreadPool.CompletedWorkItemCount - before);
    }

    /// <summary>Everything that happens in the run of one seed, line by line.</summary>
    public IReadOnlyList<string> Traced(ulong seed)
    {
        using var prepared = new Prepared(this);
        return [.. prepared.Run(prepared.Recipe(seed), traced: true).Lines!.Select(line => line.ToString())];
    }
}
