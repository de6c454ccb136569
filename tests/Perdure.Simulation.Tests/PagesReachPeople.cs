using Perdure.Kernel;

namespace Perdure.Simulation.Tests;

/// <summary>Every page reaches those who are called, each breach under one key, whatever becomes of single deliveries.</summary>
public sealed class PagesReachPeople
{
    private static long Struck(SimulationReport report, FaultKind kind) => Enum.GetValues<Phase>().Sum(phase => report.Reach!.Count(kind, phase));

    [Fact]
    public void Although_deliveries_are_refused_come_late_or_are_not_heard_of_and_nodes_die_after_them()
    {
        FaultKind[] kinds = [FaultKind.PageRefused, FaultKind.PageAnswerLost, FaultKind.PageLate, FaultKind.NodeCrashAfterPage];
        var report = PlantedBugs.Scenario.Entry.World().Refines(0).OnlyFaults(kinds).Run(30);
        Assert.True(report.Passed, report.ToString());
        Assert.All(kinds, kind => Assert.True(Struck(report, kind) > 5, $"{kind}: {Struck(report, kind)}"));
    }

    [Fact]
    public void Not_where_every_delivery_is_refused_for_as_long_as_that_lasts_but_then()
    {
        var report = PlantedBugs.Scenario.Entry.World().Refines(0).OnlyFaults().Fault(FaultKind.PageRefused, 1).Run(5);
        Assert.True(report.Passed, report.ToString());
        Assert.True(Struck(report, FaultKind.PageRefused) > 20);
    }

    [Fact]
    public void Of_ordinary_trips_that_are_late()
    {
        HashSet<string> delivered = [];
        var report = ATripIsSimulated.Trips.Nodes(3).Invariant("who is called", world =>
        {
            foreach (var page in world.Pages)
                if (page is { DeliveredAt: not null, Page.Code: FailureCode.DeadlineBreached, State: nameof(FlightBooked) }) delivered.Add(page.Page.Key);
        }).Run(100);
        Assert.True(report.Passed, report.ToString());
        Assert.True(delivered.Count > 20, $"{delivered.Count}");
        Assert.All([FaultKind.PageRefused, FaultKind.PageAnswerLost, FaultKind.PageLate], kind => Assert.True(Struck(report, kind) > 0, $"{kind}"));
    }

    [Fact]
    public void Where_nodes_share_lanes()
    {
        var report = PlantedBugs.Scenario.Entry.World().SharesLanes(7).Refines(0).Fault(FaultKind.PageRefused, 0.3).Fault(FaultKind.NodeCrashAfterPage, 0.2).Run(20);
        Assert.True(report.Passed, report.ToString());
    }
}
