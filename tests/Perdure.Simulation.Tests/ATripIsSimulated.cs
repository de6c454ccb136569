namespace Perdure.Simulation.Tests;

public sealed class ATripIsSimulated
{
    internal static Simulate Trips { get; } = Simulate.Workflow<BookTrip>()
        .Replace<BookFlight, Trip, Booking>(_ => new("LH-42"))
        .Replace<BookHotel, Trip, Booking>(trip => trip.City == "Atlantis" ? throw new PermanentFailure("no-hotel", "None.") : new("room 7"))
        .Starts("book-trip", (dice, number) => new Trip($"traveller {number}", dice.OneOf("Lisbon", "Atlantis", "Oslo")), count: 20);

    [Fact]
    public void Without_faults_every_trip_ends()
    {
        var report = Trips.WithoutFaults().Run(20);
        Assert.True(report.Passed, report.ToString());
    }

    [Fact]
    public void With_every_fault_every_promise_holds()
    {
        var report = Trips.Nodes(3).Run(200);
        Assert.True(report.Passed, report.ToString());
    }

    [Fact]
    public void With_every_fault_every_promise_holds_for_a_thousand_seeds()
    {
        var report = Trips.Nodes(3).Run("trips", 1_000);
        Assert.True(report.Passed, report.ToString());
    }

    [Fact]
    public void The_same_seed_is_the_same_run() => Assert.Equal(Trips.Nodes(3).TraceOf(7), Trips.Nodes(3).TraceOf(7));
}
