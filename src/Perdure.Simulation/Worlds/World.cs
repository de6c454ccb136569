using Microsoft.Extensions.Logging.Abstractions;
using Perdure.Kernel;
using Perdure.Simulation.Chance;
using Perdure.Simulation.Database;
using Perdure.Simulation.Exploring;
using Perdure.Simulation.Faults;
using Perdure.Simulation.Nodes;
using Perdure.Simulation.Operations;
using Perdure.Simulation.Reporting;
using Perdure.Simulation.Time;

namespace Perdure.Simulation.Worlds;

/// <summary>
/// Everything of one run: nodes, database, clients, the world outside, and what goes wrong, on one thread and one queue. The same seed and options give the same run, bit for bit.
/// </summary>
internal sealed class World : IEscapes
{
    /// <summary>When worlds begin.</summary>
    public static readonly DateTimeOffset Begins = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly WorldOptions _options;
    private readonly SimulatedNode?[] _current;
    private readonly List<SimulatedNode> _nodes = [];
    private readonly int[] _lives;
    private readonly bool[] _newer;

    public World(WorldOptions options, ulong seed)
    {
        (_options, Seed) = (options, seed);
        Chance = new(seed);
        Schedule = new(Chance.Schedule);
        Faults = options.Faulty ? FaultMix.Draw(Chance, options.Rate, options.Off.Contains, options.Pinned) : FaultMix.None(Chance);
        Database = new(Schedule, Chance.Store, options.Begins) { Tears = _ => Faults.Strikes(FaultKind.TornWrite) };
        _current = new SimulatedNode?[options.Nodes];
        _lives = new int[options.Nodes];
        _newer = new bool[options.Nodes];
        Timeline = options.Timed ? new() : null;
        Faults.Told = Struck;
        Trace = options.Traced ? new(this) : null;
        Watch = new(this, options.Invariants);
        if (options.Crash is { } crash) CrashAt(crash);
        Nemesis = new(this);
        Paging = options is { Calm: null, Choices: null } ? new(Watch.Paged, Restart, Pace) : null;
        Clients = new(this, options);
        Senders = new(this, options);
        Redelivery = options.Undisturbed is { } undisturbed ? new(this, undisturbed) : null;
    }

    public ulong Seed { get; }
    public Streams Chance { get; }
    public Schedule Schedule { get; }
    public FaultMix Faults { get; }
    public SimulatedDatabase Database { get; }
    public Ledger Ledger { get; } = new();
    public Trace? Trace { get; }
    public Timeline? Timeline { get; }
    public Watch Watch { get; }
    public Nemesis Nemesis { get; }
    /// <summary>What nodes deliver pages with; null where nobody is called.</summary>
    public Paging.Paging? Paging { get; }
    public Clients Clients { get; }
    public Senders Senders { get; }
    /// <summary>Brings about what senders and people did in the run without a crash; null where they do as the dice say.</summary>
    public Redelivery? Redelivery { get; }
    public WorldOptions Options => _options;
    public DateTimeOffset Now => _options.Begins.AddTicks(Schedule.Now);

    // The log of nodes that share lanes tells none of them of its end here, so that they have to look. Others look because they were told, and a world of many days is not to be full of looks.
    private Runtime.PagerPace Pace => new() { BackoffCap = TimeSpan.FromSeconds(20), Rest = TimeSpan.FromSeconds(1), Poll = TimeSpan.FromSeconds(_options.SharedLanes > 0 ? 5 : 30) };

    /// <summary>Every life of every node so far.</summary>
    public IReadOnlyList<SimulatedNode> Nodes => _nodes;

    /// <summary>The life that a place's clients turn to; null while none has begun.</summary>
    public SimulatedNode? Current(int place) => _current[place];

    /// <summary>How many places there are: each owns a share of the instances.</summary>
    public int Places => _current.Length;

    /// <summary>Runs it: faults for a time, then none, until nothing is left to do.</summary>
    public void Run()
    {
        for (var place = 0; place < Places; place++) Upgrade(place);
        for (var place = 0; place < Places; place++) Begin(place);
        Clients.Begin();
        Senders.Begin();
        if (_options.Faulty) Nemesis.Begin();
        Nemesis.Script(_options.Script);
        var scripted = _options.Script.Count == 0 ? 0 : _options.Script.Max(s => s.At).Ticks;
        Until(Math.Max(scripted + 1, _options.FaultyFor.Ticks), () => Clients.Done && !_options.Faulty && Schedule.Now > scripted);
        Nemesis.Heal();
        Until(Schedule.Now + _options.QuietWithin.Ticks, () => Clients.Done && ((Watch.IsQuiet && !OwesPages) || (_options.Choices is not null && Watch.IsStuck)));
        Until(Math.Max(Schedule.Now, Nemesis.LastWakes) + Settles, () => false);
        Watch.End();
        if (Watch.IsQuiet && _options.Choices is null) Stop();
    }

    /// <summary>Whether all is over: nodes are stopped for good, and nobody looks after instances any more.</summary>
    public bool Stops { get; private set; }

    // Far longer than a node may take to stop, and than anything of it is on its way.
    private const long StopsWithin = 60 * TimeSpan.TicksPerSecond;

    // One after the other, so that each hands over to those that are left.
    private void Stop()
    {
        Stops = true;
        foreach (var node in _nodes)
        {
            // A host stops what it has started: one that still opens is waited for.
            var opens = Schedule.Now + StopsWithin;
            while (!node.Gone && !node.Node.IsOpen && Schedule.Step(opens)) { }
            if (node.Gone) continue;
            var (closed, end) = (node.Close(TimeSpan.FromSeconds(2)), Schedule.Now + StopsWithin);
            while (!closed.IsCompleted && Schedule.Step(end)) { }
            if (!closed.IsCompleted) throw new Violation("leaks", $"{node} was stopped in order, and does not come to an end.");
        }
        var settled = Schedule.Now + StopsWithin;
        while (Schedule.Step(settled)) { }
        while (Schedule.Step(settled + StopsWithin))
            if (Schedule.DoingFor is SimulatedNode) throw new Violation("leaks", $"{Schedule.DoingFor} was stopped in order, and goes on with '{Schedule.Doing}'.");
        Watch.Stopped();
    }

    private bool OwesPages => Paging is not null && Database.Tables.Pages.Any(p => p.DeliveredAt is null);

    /// <summary>Lets one node run, without clients, until it is done or so many ticks have passed.</summary>
    public void RunAlone(long within, Func<bool> done)
    {
        Begin(0);
        while (!done() && Schedule.Step(within)) { }
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
                if (_left is { } left) throw new Violation("escapes", left);
                if (Schedule.Happened > _options.EventsMax) throw new Violation("bound", $"More than {_options.EventsMax:N0} things happened and the world is not quiet.");
            }
            Watch.Look();
            if (Watch.Violation is { } seen) throw seen;
            if (done()) return;
        }
    }

    // The node dies as its batch arrives, and it is not written; or as it has become durable, and the answer is never heard.
    private void CrashAt(CrashPoint crash)
    {
        var (written, durable) = (0, 0);
        var told = Database.BecameDurable;
        Database.Breaks = batch =>
        {
            if (++written != crash.Number || !crash.Before) return false;
            Crash(batch);
            return true;
        };
        Database.BecameDurable = (batch, answers) =>
        {
            told?.Invoke(batch, answers);
            if (++durable == crash.Number && !crash.Before) Crash(batch);
        };

        void Crash(Ports.Batch batch)
        {
            if (OwnerOf(batch.Lane) is { } place && Current(place) is { } node) Restart(node);
        }
    }

    // Some begin with the newer code where versions are mixed; in the end all have it, one after the other.
    private void Upgrade(int place)
    {
        if (_options.Newer is null) return;
        _newer[place] = Faults.MayStrike(FaultKind.MixedVersions) && Chance.Faults.Happens(0.5);
        Schedule.At((_options.UpgradedAt + place * TimeSpan.FromSeconds(3)).Ticks, null, $"node-{place} is upgraded", () => ChangeCode(place, newer: true));
    }

    /// <summary>A place starts again with newer code, older, or the other, unless it has that or there is none.</summary>
    public void ChangeCode(int place, bool? newer)
    {
        if (_options.Newer is null || _newer[place] == newer) return;
        _newer[place] = newer ?? !_newer[place];
        Timeline?.Add(new(Schedule.Now, LaneOf.Node, $"node-{place}", $"gets {(_newer[place] ? "newer" : "older")} code", Bad: false));
        if (Current(place) is { Gone: false } node) Nemesis.Stop(node);
    }

    /// <summary>A new life begins at a place. The life before may still be there, and not know.</summary>
    public void Begin(int place)
    {
        var carriage = _newer[place] ? _options.Newer! : _options.Carriage(place, _lives[place]);
        var node = new SimulatedNode($"node-{place}.{++_lives[place]}", place, Lanes, _options.SharedLanes > 0, carriage, Schedule, Chance, Faults, Database, Ledger, _options.Stands, _options.Begins, Trace is { } trace ? new TraceLogger(trace) : NullLogger.Instance, this, _options.Choices, _options.Calm, Paging);
        node.Node.Gone += () => Lost(node);
        Timeline?.Add(new(Schedule.Now, LaneOf.Node, $"node-{place}", $"{node} is started", Bad: false));
        Nemesis.Machine(place, node);
        _nodes.Add(node);
        _current[place] = node;
        Schedule.After(Chance.Schedule.Below(200 * (int)TimeSpan.TicksPerMillisecond), node, "starts", () => node.Open().ContinueWith(opened =>
        {
            if (opened.IsFaulted) Restart(node);
        }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default));
    }

    // As a host does: it is stopped, unless it is being stopped already, and ends then.
    private void Lost(SimulatedNode node)
    {
        if (!node.Node.Draining) Nemesis.Stop(node);
    }

    /// <summary>A life ends at once; another begins a second later, unless one has already.</summary>
    public void Restart(SimulatedNode node)
    {
        if (node.Gone) return;
        node.Crash();
        Timeline?.Add(new(Schedule.Now, LaneOf.Node, $"node-{node.Place}", $"{node} is gone", Bad: true));
        if (Stops || _current[node.Place] != node) return;
        Schedule.After(TimeSpan.TicksPerSecond, null, $"{node} is started again", () =>
        {
            if (!Stops && _current[node.Place] == node) Begin(node.Place);
        });
    }

    /// <inheritdoc />
    public TimeSpan Patience => _options.Patience;

    /// <summary>
    /// On the world's thread, before it runs: what user code hands to another thread takes this along, and is seen there. So a body that waits for a <c>Task.Run</c> is named, however short it is.
    /// </summary>
    public void Enter() => Within.Value = this;

    /// <summary>On the world's thread, once it has run: a thread that has ended keeps its context until it is finalized, and the whole world with it.</summary>
    public static void Exit() => Within.Value = null;

    private static readonly AsyncLocal<World?> Within = new(static change =>
    {
        if (change is { ThreadContextChanged: true, CurrentValue: { } world } && Environment.CurrentManagedThreadId != world._thread) world.Leave();
    });

    private readonly int _thread = Environment.CurrentManagedThreadId;
    private volatile string? _left;

    private void Leave()
    {
        if (_left is not null) return;
        try
        {
            _left = $"User code goes on on another thread than the world's. {Watch.Running()}";
        }
        catch (InvalidOperationException)      // the world went on meanwhile
        {
            _left = "User code goes on on another thread than the world's.";
        }
    }

    /// <inheritdoc />
    public void Escaped(InstanceId instance, string what) => Watch.Report(new("escapes", $"{Watch.Describe(instance)}: {what}"));

    // Faults of a place strike what is there; those of the database, everything.
    private void Struck(FaultKind kind, int? place, InstanceId? instance)
    {
        if (_options.Reach is { } reach)
        {
            if (instance is { } one) reach.Hit(kind, Watch.PhaseOf(one));
            else foreach (var phase in Watch.Phases(place)) reach.Hit(kind, phase);
        }
        Timeline?.Add(new(Schedule.Now, instance is not null ? LaneOf.Instance : place is not null ? LaneOf.Node : LaneOf.Store,
            instance?.ToString() ?? (place is { } at ? $"node-{at}" : "store"), $"fault: {kind}", Bad: true));
    }

    /// <summary>How many lanes there are: one for each place, unless places share them.</summary>
    public int Lanes => _options.SharedLanes > 0 ? _options.SharedLanes : Places;

    /// <summary>The lane of an instance.</summary>
    public int LaneNumber(InstanceId id) => id.Slot % Lanes;

    /// <summary>The place that owns a lane now; null where none does.</summary>
    public int? OwnerOf(int lane) => _options.SharedLanes == 0 ? lane
        : Database.Tables.FenceOf(lane)?.Node is { } number ? _nodes.FindLast(n => n.Store.Keeper?.Number == number)?.Place : null;

    /// <summary>The node that those who ask after an instance turn to: its owner, or any where each finds the owner; null where that one does not serve.</summary>
    public SimulatedNode? NodeFor(InstanceId id) =>
        Current(_options.SharedLanes == 0 ? LaneNumber(id) : Chance.Workload.Below(Places)) is { Serves: true } node ? node : null;
}
