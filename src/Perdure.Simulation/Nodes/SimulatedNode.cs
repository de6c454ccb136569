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
using Perdure.Simulation.Refining;
using Perdure.Simulation.Time;

namespace Perdure.Simulation.Nodes;

/// <summary>The code that a node of a world carries; made once and shared, since workflows and operations have no state.</summary>
internal sealed record Carriage(Registry Registry, PayloadCodec Codec, IOperations Operations, PerdureOptions Options);

/// <summary>One life of a node: the real runtime over a simulated machine, from its start to its crash.</summary>
internal sealed class SimulatedNode : IActor
{
    private readonly string _name;

    public SimulatedNode(string name, int place, int lanes, bool shared, Carriage carriage, Schedule schedule, Streams chance, FaultMix faults, SimulatedDatabase database, Ledger ledger,
        IReadOnlyDictionary<Type, Stand> stands, DateTimeOffset begins, ILogger log, IEscapes escapes, Choices? choices, CalmRun? calm)
    {
        (_name, Place) = (name, place);
        Clock = new(schedule, this, begins);
        Link = new(schedule, chance, faults, this, database, new StoreClock(Clock));
        Store = new(database, Link, place, lanes) { Keeper = shared ? new(schedule, this, Link, database, lanes) : null };
        Node = new(carriage.Registry, Store, new SimulatedShell(schedule, chance, this, Clock, calm),
            calm ?? (IOperations)new SimulatedOperations(schedule, chance, faults, this, ledger, stands, carriage.Operations, begins, escapes, choices), carriage.Options, carriage.Codec, log);
        Engine = new Engine(Node);
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

    public Task Open() => Node.Open(new(_name, Place, "simulated"), CancellationToken.None);

    /// <summary>The process dies at this moment: nothing of it happens any more.</summary>
    public void Crash() => Gone = true;

    /// <summary>The process stands still until then.</summary>
    public void Pause(long until) => PausedUntil = until;

    /// <inheritdoc />
    public override string ToString() => _name;
}
