using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Perdure.Replay;
using Perdure.Runtime;
using Perdure.Simulation.Nodes;
using Perdure.Simulation.Operations;
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
public sealed record Simulate
{
    private Action<PerdureBuilder> Carried { get; init; } = _ => { };
    private Action<IServiceCollection> Given { get; init; } = _ => { };
    private System.Collections.Immutable.ImmutableDictionary<string, Stand> Stands { get; init; } = System.Collections.Immutable.ImmutableDictionary<string, Stand>.Empty.WithComparers(StringComparer.Ordinal);
    private System.Collections.Immutable.ImmutableList<Load> Loads { get; init; } = [];
    private System.Collections.Immutable.ImmutableDictionary<FaultKind, double> Rates { get; init; } = System.Collections.Immutable.ImmutableDictionary<FaultKind, double>.Empty;
    private System.Collections.Immutable.ImmutableList<(string, Action<SimulatedWorld>)> Invariants { get; init; } = [];
    private int NodeCount { get; init; } = 1;
    private bool Faulty { get; init; } = true;
    private bool OnlyNamed { get; init; }
    private TimeSpan FaultsLast { get; init; } = TimeSpan.FromSeconds(30);
    private bool Retries { get; init; } = true;
    private System.Collections.Immutable.ImmutableList<Mail> Mails { get; init; } = [];
    private double PauseShare { get; init; }
    private double CancelShare { get; init; }
    private long? Happenings { get; init; }
    private TimeSpan? Quiet { get; init; }

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
    /// <param name="run">Makes the output; may throw a failure.</param>
    /// <param name="undo">Told of an undo of what was done.</param>
    public Simulate Replace<TStep, TIn, TOut>(Func<TIn, TOut> run, Action<TIn>? undo = null) where TStep : Step<TIn, TOut> where TOut : class => this with
    {
        Stands = Stands.SetItem(Names.Kebab(typeof(TStep)), new(
            (codec, input) => codec.Encode(run(codec.Decode<TIn>(input)!)),
            (codec, input) => undo?.Invoke(codec.Decode<TIn>(input)!))),
    };

    /// <summary>How many nodes share the instances; one unless said otherwise.</summary>
    public Simulate Nodes(int count) => this with { NodeCount = count };

    /// <summary>Sets the rate of a kind of fault: likelihood per request or attempt, or, for what happens to nodes and the database, how often in a second. 0 switches it off.</summary>
    public Simulate Fault(FaultKind kind, double rate) => this with { Rates = Rates.SetItem(kind, rate) };

    /// <summary>Only these kinds of faults, at their usual rates; no others.</summary>
    public Simulate OnlyFaults(params IReadOnlyList<FaultKind> kinds) => this with { OnlyNamed = true, Rates = Rates.SetItems(kinds.Select(k => KeyValuePair.Create(k, Faults.FaultMix.Usual(k)))) };

    /// <summary>Nothing goes wrong.</summary>
    public Simulate WithoutFaults() => this with { Faulty = false };

    /// <summary>How long faults strike before they stop and everything must come to its end.</summary>
    public Simulate FaultsFor(TimeSpan time) => this with { FaultsLast = time };

    /// <summary>No operator continues after incidents.</summary>
    public Simulate WithoutOperator() => this with { Retries = false };

    /// <summary>Something that must always hold; checked after everything that becomes durable and every effect.</summary>
    /// <param name="name">What it is called in reports.</param>
    /// <param name="check">Throws, or calls <see cref="SimulatedWorld.Fail"/>, where it does not hold.</param>
    public Simulate Invariant(string name, Action<SimulatedWorld> check) => this with { Invariants = Invariants.Add((name, check)) };

    /// <summary>Runs seeds one after the other, until one fails.</summary>
    /// <param name="seeds">How many.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="progress">Told after each seed.</param>
    /// <param name="cancellation">Ends the runs; what was found until then is reported.</param>
    public SimulationReport Run(int seeds = 100, ulong first = 1, Action<SimulationReport>? progress = null, CancellationToken cancellation = default)
    {
        using var carriage = new Prepared(this);
        var report = new SimulationReport();
        for (var seed = first; seed < first + (ulong)seeds && !cancellation.IsCancellationRequested; seed++)
        {
            report = report.And(RunOne(carriage, seed, traced: false));
            progress?.Invoke(report);
            if (!report.Passed) break;
        }
        return report;
    }

    /// <summary>The SHA-256 of everything that happens in the run of one seed.</summary>
    public string TraceOf(ulong seed)
    {
        using var carriage = new Prepared(this);
        return RunOne(carriage, seed, traced: true).TraceHash!;
    }

    /// <summary>Everything that happens in the run of one seed, line by line.</summary>
    public IReadOnlyList<string> Traced(ulong seed)
    {
        using var carriage = new Prepared(this);
        return [.. RunOne(carriage, seed, traced: true).Lines!.Select(line => line.ToString())];
    }

    private static SeedReport RunOne(Prepared carried, ulong seed, bool traced)
    {
        SeedReport? report = null;
        // On a thread of the world's own: without a synchronization context or scheduler, under which continuations would not run inline.
        var thread = new Thread(() => report = carried.Run(seed, traced), 16 * 1024 * 1024);
        using (ExecutionContext.SuppressFlow()) thread.Start();
        thread.Join();
        return report!;
    }

    /// <summary>What every seed shares: made once.</summary>
    private sealed class Prepared : IDisposable
    {
        private readonly ServiceProvider _services;
        private readonly WorldOptions _options;

        public Prepared(Simulate simulation)
        {
            var collection = new ServiceCollection();
            collection.AddLogging();
            collection.AddOptions();
            simulation.Given(collection);
            var builder = new PerdureBuilder(collection);
            simulation.Carried(builder);
            _services = collection.BuildServiceProvider();
            var definitions = new Definitions(_services, builder);
            var carriage = new Carriage(definitions.Registry, definitions.Codec, new ScopedOperations(_services.GetRequiredService<IServiceScopeFactory>()), _services.GetRequiredService<IOptions<PerdureOptions>>().Value);
            _options = new()
            {
                Nodes = simulation.NodeCount, Carriage = (_, _) => carriage, Stands = simulation.Stands, Faulty = simulation.Faulty, FaultyFor = simulation.FaultsLast,
                Rate = kind => simulation.Rates.TryGetValue(kind, out var rate) ? rate : simulation.OnlyNamed ? 0 : null,
                Loads = simulation.Loads, Invariants = simulation.Invariants, OperatorRetries = simulation.Retries,
                Mails = simulation.Mails, Pauses = simulation.PauseShare, Cancels = simulation.CancelShare, EventsMax = simulation.Happenings ?? 5_000_000, QuietWithin = simulation.Quiet ?? TimeSpan.FromHours(24),
            };
        }

        public SeedReport Run(ulong seed, bool traced)
        {
            var world = new World(_options with { Traced = traced }, seed);
            Violation? violation = null;
            try
            {
                world.Run();
            }
            catch (Violation found)
            {
                violation = found;
            }
            return new(seed, violation, world.Watch.Events, world.Now - World.Begins, world.Trace?.Hash()) { Lines = world.Trace?.Lines };
        }

        public void Dispose() => _services.Dispose();
    }
}

/// <summary>What became of one seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Violation">What did not hold; null where all did.</param>
/// <param name="Events">How many events became durable.</param>
/// <param name="Time">How much of the world's time passed.</param>
/// <param name="TraceHash">The SHA-256 of everything that happened, where it was traced.</param>
public sealed record SeedReport(ulong Seed, Violation? Violation, long Events, TimeSpan Time, string? TraceHash)
{
    internal List<TraceLine>? Lines { get; init; }
}

/// <summary>What became of all seeds so far.</summary>
public sealed record SimulationReport
{
    /// <summary>How many seeds were run.</summary>
    public int Seeds { get; init; }
    /// <summary>How many events became durable.</summary>
    public long Events { get; init; }
    /// <summary>How much of the worlds' time passed.</summary>
    public TimeSpan Time { get; init; }
    /// <summary>The seed that failed; null where none did.</summary>
    public SeedReport? Failed { get; init; }
    /// <summary>Whether every promise and invariant held in every seed.</summary>
    public bool Passed => Failed is null;

    internal SimulationReport And(SeedReport seed) => this with { Seeds = Seeds + 1, Events = Events + seed.Events, Time = Time + seed.Time, Failed = seed.Violation is null ? null : seed };

    /// <inheritdoc />
    public override string ToString() => Failed is { } failed ? $"Seed {failed.Seed}: {failed.Violation!.Message}" : $"{Seeds} seeds, {Events:N0} events, {Time} of the worlds' time.";
}
