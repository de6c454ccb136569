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
}
