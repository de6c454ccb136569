namespace Perdure.Simulation.Tests;

/// <summary>Nodes that share lanes by the protocol of the shared store: they take them, hand them over and lose them, and every promise holds.</summary>
public sealed class LanesAreShared
{
    internal static Simulate Trips { get; } = ATripIsSimulated.Trips.Nodes(3).SharesLanes(7).Bound(2_000_000).QuietWithin(TimeSpan.FromHours(1));

    [Fact]
    public void Without_faults_every_trip_ends()
    {
        var report = Trips.WithoutFaults().Run(10);
        Assert.True(report.Passed, report.ToString());
    }

    [Fact]
    public void With_every_fault_every_promise_holds()
    {
        var report = Trips.Run(200);
        Assert.True(report.Passed, report.ToString());
    }

    [Fact]
    public void With_every_fault_every_promise_holds_for_a_thousand_seeds()
    {
        var report = Trips.Run("shared lanes", 1_000);
        Assert.True(report.Passed, report.ToString());
    }

    [Fact]
    public void The_same_seed_is_the_same_run() => Assert.Equal(Trips.TraceOf(7), Trips.TraceOf(7));
}
