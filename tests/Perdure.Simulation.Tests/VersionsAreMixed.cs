using Perdure.Kernel;

namespace Perdure.Simulation.Tests;

/// <summary>Nodes of one cluster carry different versions; an instance whose code is absent waits, and is there when the code is.</summary>
public sealed class VersionsAreMixed
{
    internal static Simulate Upgraded { get; } = ATripIsSimulated.Trips
        .Starts("book-trip", (_, number) => new Trip($"traveller {number}", "Oslo"), count: 5, version: 1)
        .Starts("book-trip", (_, number) => new Trip($"traveller {number}", "Oslo"), count: 5, version: 2)
        .Nodes(3)
        .Upgrades(node => node.Workflow<BookTrip>().Workflow<BookLongTrip>());

    [Fact]
    public void Through_a_rolling_upgrade_every_trip_of_either_version_ends()
    {
        HashSet<int> seen = [];
        var report = Upgraded.WithoutFaults().Invariant("both versions", world => seen.UnionWith(world.Instances.Where(i => i.Status == Status.Ended).Select(i => i.WorkflowVersion))).Run(10);
        Assert.True(report.Passed, report.ToString());
        Assert.Equal([1, 2], seen.Order());
    }

    [Fact]
    public void With_every_fault_and_nodes_that_go_back_to_older_code_every_promise_holds()
    {
        var report = Upgraded.Run("mixed versions", 100);
        Assert.True(report.Passed, report.ToString());
        Assert.True(report.Reach!.Count(FaultKind.MixedVersions, Phase.Running) > 0);
    }

    [Fact]
    public void A_node_changes_its_code_when_it_is_told_to()
    {
        var report = Upgraded.WithoutFaults().At(TimeSpan.FromSeconds(1), FaultKind.MixedVersions, node: 2).Invariant("nobody starts version 2 early", world =>
        {
            if (world.Now < Worlds.World.Begins.AddSeconds(9) && world.Instances.Any(i => i.WorkflowVersion == 2)) world.Fail("It was there before the upgrade.");
        }).Run(1);
        Assert.False(report.Passed);
        Assert.Contains("gets newer code", report.Timeline, StringComparison.Ordinal);
    }
}

/// <summary>The trip with one state more.</summary>
public sealed class BookLongTrip(BookFlight flight, BookHotel hotel) : Workflow<Trip>("book-trip", version: 2)
{
    protected override Map<Trip> Define(Map<Trip> map) => map
        .Start("Requested").Runs(Fly)
        .State<FlightBooked>(within: 30.Seconds).Runs(Stay)
        .State<Resting>().Runs(Rest)
        .End<Booked>()
        .Revoked<CalledOff>(cancelled: by => new(by.Reason));

    public async Task<To<FlightBooked, CalledOff>> Fly(IVisit<Trip> visit, Trip trip)
    {
        var ticket = await visit.Try(flight, trip);
        return ticket.Ok ? new FlightBooked(ticket.Value.Number) : new CalledOff(ticket.Failure.Code);
    }

    public async Task<To<Resting, CalledOff>> Stay(IVisit<Trip> visit, FlightBooked booked)
    {
        var room = await visit.Try(hotel, visit.Input);
        return room.Ok ? new Resting(booked.Ticket, room.Value.Number) : new CalledOff(room.Failure.Code);
    }

    public async Task<To<Booked>> Rest(IVisit<Trip> visit, Resting resting)
    {
        await visit.Sleep(5.Seconds);
        return new Booked(resting.Ticket, resting.Room);
    }
}

public sealed record Resting(string Ticket, string Room);
