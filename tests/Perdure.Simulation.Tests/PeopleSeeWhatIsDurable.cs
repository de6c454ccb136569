using Perdure.Simulation.Chance;
using Perdure.Simulation.Database;
using Perdure.Simulation.Time;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Tests;

public sealed class PeopleSeeWhatIsDurable
{
    [Fact]
    public void Nobody_cancels_an_instance_that_a_crash_of_the_database_took_back()
    {
        var report = ATripIsSimulated.Trips.Starts("book-trip", (_, number) => new Trip($"traveller {number}", "Oslo"), count: 100)
            .Interrupts(pauses: 0, cancels: 1).OnlyFaults().Fault(FaultKind.DatabaseCrash, 1).Fault(FaultKind.DiskSlow, 5).FaultsFor(TimeSpan.FromSeconds(12)).Run(30);
        Assert.True(report.Passed, report.ToString());
    }

    [Fact]
    public void A_read_that_waits_does_not_see_what_is_written_meanwhile_and_lost()
    {
        var chance = new Streams(1);
        var schedule = new Schedule(chance.Schedule);
        var database = new SimulatedDatabase(schedule, chance.Store, World.Begins);
        var (written, seen) = (0, new List<long>());
        void Write() => database.Write(tables => tables.Take(0, new("somebody", 1, "build"), World.Begins).Epoch, _ => written++, () => { });
        Write();
        database.Read(tables => tables.FenceOf(0)!.Epoch, seen.Add, () => { });
        Write();
        while (written == 0) schedule.Step(TimeSpan.TicksPerSecond);
        Assert.Equal(1, written);
        Assert.Equal([1L], seen);
        Assert.False(database.AllSynced);
    }
}
