using Microsoft.Extensions.Logging.Abstractions;
using Perdure.Kernel;
using Perdure.Simulation.Chance;
using Perdure.Simulation.Database;
using Perdure.Simulation.Faults;
using Perdure.Simulation.Nodes;
using Perdure.Simulation.Time;

namespace Perdure.Simulation.Worlds;

/// <summary>
/// Everything of one run: nodes, database, clients, the world outside, and what goes wrong, on one thread and one queue. The same seed and options give the same run, bit for bit.
/// </summary>
internal sealed class World
{
    /// <summary>When worlds begin.</summary>
    public static readonly DateTimeOffset Begins = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly WorldOptions _options;
    private readonly SimulatedNode?[] _current;
    private readonly List<SimulatedNode> _nodes = [];
    private readonly int[] _lives;

    public World(WorldOptions options, ulong seed)
    {
        (_options, Seed) = (options, seed);
        Chance = new(seed);
        Schedule = new(Chance.Schedule);
        Faults = options.Faulty ? FaultMix.Draw(Chance.Faults, options.Rate) : FaultMix.None(Chance.Faults);
        Database = new(Schedule, Chance.Store, Begins);
        _current = new SimulatedNode?[options.Nodes];
        _lives = new int[options.Nodes];
        Trace = options.Traced ? new(this) : null;
        Watch = new(this, options.Invariants);
        Nemesis = new(this);
        Clients = new(this, options);
        Senders = new(this, options);
    }

    public ulong Seed { get; }
    public Streams Chance { get; }
    public Schedule Schedule { get; }
    public FaultMix Faults { get; }
    public SimulatedDatabase Database { get; }
    public Ledger Ledger { get; } = new();
    public Trace? Trace { get; }
    public Watch Watch { get; }
    public Nemesis Nemesis { get; }
    public Clients Clients { get; }
    public Senders Senders { get; }
    public WorldOptions Options => _options;
    public DateTimeOffset Now => Begins.AddTicks(Schedule.Now);

    /// <summary>Every life of every node so far.</summary>
    public IReadOnlyList<SimulatedNode> Nodes => _nodes;

    /// <summary>The life that a place's clients turn to; null while none has begun.</summary>
    public SimulatedNode? Current(int place) => _current[place];

    /// <summary>How many places there are: each owns a share of the instances.</summary>
    public int Places => _current.Length;

    /// <summary>Runs it: faults for a time, then none, until nothing is left to do.</summary>
    public void Run()
    {
        for (var place = 0; place < Places; place++) Begin(place);
        Clients.Begin();
        Senders.Begin();
        if (_options.Faulty) Nemesis.Begin();
        Until(_options.FaultyFor.Ticks, () => Clients.Done && !_options.Faulty);
        Nemesis.Heal();
        Until(Schedule.Now + _options.QuietWithin.Ticks, () => Clients.Done && Watch.IsQuiet);
        Until(Schedule.Now + Settles, () => false);
        Watch.End();
    }

    // As long as an answer may take at the most, so that what is left over then is.
    private const long Settles = 15 * TimeSpan.TicksPerSecond;

    private void Until(long end, Func<bool> done)
    {
        const long look = 50 * TimeSpan.TicksPerMillisecond;
        for (var at = Schedule.Now + look; Schedule.Now < end; at += look)
        {
            while (Schedule.Step(Math.Min(at, end)))
            {
                if (Watch.Violation is { } violation) throw violation;
                if (Schedule.Happened > _options.EventsMax) throw new Violation("bound", $"More than {_options.EventsMax:N0} things happened and the world is not quiet.");
            }
            Watch.Look();
            if (Watch.Violation is { } seen) throw seen;
            if (done()) return;
        }
    }

    /// <summary>A new life begins at a place. The life before may still be there, and not know.</summary>
    public void Begin(int place)
    {
        var carriage = _options.Carriage(place, _lives[place]);
        var node = new SimulatedNode($"node-{place}.{++_lives[place]}", place, Places, carriage, Schedule, Chance, Faults, Database, Ledger, _options.Stands, Begins, Trace is { } trace ? new TraceLogger(trace) : NullLogger.Instance);
        node.Node.Gone += () => Restart(node);      // as its supervisor does with a process that ended
        Nemesis.Machine(place, node);
        _nodes.Add(node);
        _current[place] = node;
        Schedule.After(Chance.Schedule.Below(200 * (int)TimeSpan.TicksPerMillisecond), node, "starts", () => node.Open().ContinueWith(opened =>
        {
            if (opened.IsFaulted) Restart(node);
        }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default));
    }

    /// <summary>A life ends at once; another begins a second later, unless one has already.</summary>
    public void Restart(SimulatedNode node)
    {
        if (node.Gone) return;
        node.Crash();
        if (_current[node.Place] != node) return;
        Schedule.After(TimeSpan.TicksPerSecond, null, $"{node} is started again", () =>
        {
            if (_current[node.Place] == node) Begin(node.Place);
        });
    }

    /// <summary>The place of an instance.</summary>
    public int PlaceOf(InstanceId id) => id.Slot % Places;
}
