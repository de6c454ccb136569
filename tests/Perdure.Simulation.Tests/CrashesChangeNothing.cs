namespace Perdure.Simulation.Tests;

/// <summary>Crash everywhere: a workflow comes to the same end wherever its node dies.</summary>
public sealed class CrashesChangeNothing
{
    private static Simulate Trips { get; } = Simulate.Workflow<BookTrip>()
        .Replace<BookFlight, Trip, Booking>(_ => new("LH-42"))
        .Replace<BookHotel, Trip, Booking>(trip => trip.City == "Atlantis" ? throw new PermanentFailure("no-hotel", "None.") : new("room 7"))
        .Starts("book-trip", (_, number) => new Trip($"traveller {number}", number == 1 ? "Lisbon" : "Atlantis"), count: 2);

    [Fact]
    public void Wherever_the_node_crashes_the_trip_comes_to_the_same_end()
    {
        var report = Trips.CrashEverywhere();
        Assert.True(report.Passed, report.ToString());
        Assert.True(report.Points >= 8, report.ToString());
        Assert.Equal(2 * report.Points, report.Runs);
    }

    [Fact]
    public void An_outcome_that_a_crash_changes_is_reported_by_its_durable_point()
    {
        var report = Simulate.Workflow<Dated>()
            .Replace<Stay, Errand, Arrived>(_ => new("here"))
            .Starts("dated", (_, number) => new Errand($"errand {number}"), count: 1)
            .CrashEverywhere();
        Assert.False(report.Passed);
        Assert.All(report.Differences, d => Assert.InRange(d.Point, 1, report.Points));
        Assert.Contains(report.Differences, d => d.Before && d.What.Contains("wants stay", StringComparison.Ordinal));
        Assert.DoesNotContain(report.Differences, d => !d.Before && d.What.Contains("(end)", StringComparison.Ordinal));
        Assert.Contains("Crash before point", report.ToString(), StringComparison.Ordinal);
    }
}

/// <summary>What it comes to hangs on the time at which it got there.</summary>
public sealed class Dated(Stay stay) : Workflow<Errand>("dated", version: 1)
{
    protected override Map<Errand> Define(Map<Errand> map) => map.Start("Begun").Runs(Go).End<Over>();

    public async Task<To<Over>> Go(IVisit<Errand> visit, Errand errand)
    {
        await visit.Run(stay, errand);
        return new Over($"{visit.Now():O}");
    }
}
