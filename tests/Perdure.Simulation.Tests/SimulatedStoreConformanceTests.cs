using Perdure.Ports;
using Perdure.Simulation.Chance;
using Perdure.Simulation.Database;
using Perdure.Simulation.Faults;
using Perdure.Simulation.Time;

namespace Perdure.Simulation.Tests;

/// <summary>The simulated store keeps what every store promises.</summary>
public sealed class SimulatedStoreConformanceTests : StoreConformance.StoreConformance
{
    private readonly Streams _chance = new(1);
    private readonly SimulatedDatabase _database;

    public SimulatedStoreConformanceTests() => _database = new(null, _chance.Store, TimeProvider.System.GetUtcNow());

    protected override IStore Create() => new SimulatedStore(_database, new(null, _chance, FaultMix.None(_chance.Faults), new Somebody(), _database, new(TimeProvider.System)), lane: 0, lanes: 1);

    private sealed class Somebody : IActor
    {
        public bool Gone => false;
        public long PausedUntil => 0;
    }
}
