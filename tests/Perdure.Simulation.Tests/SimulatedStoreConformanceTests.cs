using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Simulation.Chance;
using Perdure.Simulation.Database;
using Perdure.Simulation.Faults;
using Perdure.Simulation.Time;
using Perdure.StoreConformance;

namespace Perdure.Simulation.Tests;

/// <summary>The simulated store keeps what every store promises.</summary>
public sealed class SimulatedStoreConformanceTests : StoreConformance.StoreConformance
{
    private readonly Streams _chance = new(1);
    private readonly SimulatedDatabase _database;

    public SimulatedStoreConformanceTests() => _database = new(null, _chance.Store, TimeProvider.System.GetUtcNow());

    protected override IStore Create() => new SimulatedStore(_database, new(null, _chance, FaultMix.None(_chance), new Somebody(), _database, new(TimeProvider.System)), lane: 0, lanes: 1);

    protected override bool SharesTables => false;

    protected override bool Tamper(InstanceId instance, long version, Tampering how)
    {
        var log = _database.Tables.Find(instance)!.Log;
        var index = (int)version - 1;
        switch (how)
        {
            case Tampering.Alter: log[index] = log[index] with { Body = "[]"u8.ToArray() }; break;
            case Tampering.Remove: log.RemoveAt(index); break;
            case Tampering.Swap: (log[index], log[index + 1]) = (log[index + 1], log[index]); break;
            case Tampering.CutTail: log.RemoveRange(index, log.Count - index); break;
        }
        return true;
    }

    private sealed class Somebody : IActor
    {
        public bool Gone => false;
        public long PausedUntil => 0;
    }
}
