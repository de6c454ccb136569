using Microsoft.Extensions.Logging;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Replay;
using Perdure.Runtime;
using Perdure.Simulation.Chance;
using Perdure.Simulation.Database;
using Perdure.Simulation.Exploring;
using Perdure.Simulation.Faults;
using Perdure.Simulation.Operations;
using Perdure.Simulation.Owning;
using Perdure.Simulation.Paging;
using Perdure.Simulation.Refining;
using Perdure.Simulation.Time;

namespace Perdure.Simulation.Nodes;

/// <summary>The code that a node of a world carries; made once and shared, since workflows and operations have no state.</summary>
internal sealed record Carriage(Registry Registry, PayloadCodec Codec, IOperations Operations, PerdureOptions Options);

/// <summary>One life of a node: the real runtime over a simulated machine, from its start to its crash.</summary>
internal sealed class SimulatedNode : IActor
{
    private readonly string _name;
    private readonly CancellationTokenSource _stops = new();
    private readonly Pager? _pager;
    private readonly SimulatedOperations? _operations;
    private readonly Unanswered _asked = new();
    private Task _paging = Task.CompletedTask;

    public SimulatedNode(string name, int place, int lanes, bool shared, Carriage carriage, Schedule schedule, Streams chance, FaultMix faults, SimulatedDatabase database, Ledger ledger,
        IReadOnlyDictionary<Type, Stand> stands, DateTimeOffset begins, ILogger log, IEscapes escapes, Choices? choices, CalmRun? calm, Paging.Paging? paging)
    {
        (_name, Place) = (name, place);
        Clock = new(schedule, this, begins);
        Link = new(schedule, chance, faults, this, database, new StoreClock(Clock));
        Store = new(database, Link, place, lanes) { Keeper = shared ? new(schedule, this, Link, database, lanes) : null };
        var shell = new SimulatedShell(schedule, chance, this, Clock, calm);
        Node = new(carriage.Registry, Store, shell,
            calm ?? (IOperations)(_operations = new SimulatedOperations(schedule, chance, faults, this, ledger, stands, carriage.Operations, begins, escapes, choices)), carriage.Options, carriage.Codec, log);
        Engine = new Engine(Node);
        if (paging is not null) _pager = new(Engine, Store, [new("pager", new SimulatedSink(schedule, chance, faults, this, paging).Deliver)], Clock, paging.Pace, shell.Dispatch, log);
    }

    public int Place { get; }
    public NodeClock Clock { get; }
    public Link Link { get; }
    public SimulatedStore Store { get; }
    public Node Node { get; }
    public IPerdure Engine { get; }

    /// <inheritdoc />
    public bool Gone { get; private set; }

    /// <inheritdoc />
    public long PausedUntil { get; private set; }

    /// <summary>Whether it takes requests.</summary>
    public bool Serves => !Gone && Node.Closed is null;

    /// <summary>Operations that were called and have neither come to an end nor been cancelled.</summary>
    public IReadOnlyList<string> OpenOperations => _operations?.Open ?? [];

    /// <summary>Questions of clients, senders and people that were not answered.</summary>
    public IReadOnlyList<string> Unanswered => _asked.Names;

    /// <summary>Somebody asks, and waits for the answer.</summary>
    public Task<T> Asked<T>(string what, Func<IPerdure, Task<T>> asks)
    {
        var answer = asks(Engine);
        _asked.Add(what, answer);
        return answer;
    }

    public async Task Open()
    {
        await Node.Open(new(_name, Place, "simulated"), CancellationToken.None).ConfigureAwait(false);
        if (_pager is not null) _paging = _pager.Run(_stops.Token);
    }

    /// <summary>It is stopped in order, as a host stops what it hosts: what was begun last is stopped first.</summary>
    public async Task Close(TimeSpan within)
    {
        if (!_stops.IsCancellationRequested)      // of two that await the same, one would go on on the pool
        {
            _stops.Cancel();
            await _paging.ConfigureAwait(false);
        }
        await Node.Close(within).ConfigureAwait(false);
    }

    /// <summary>The process dies at this moment: nothing of it happens any more.</summary>
    public void Crash() => Gone = true;

    /// <summary>The process stands still until then.</summary>
    public void Pause(long until) => PausedUntil = until;

    /// <inheritdoc />
    public override string ToString() => _name;
}
