using Perdure.Simulation;

namespace Shop.Tests.Simulated;

/// <summary>What can come of an order: at every durable point a crash, and every outcome of every operation.</summary>
public sealed class OrdersAreExplored
{
    [Fact]
    public void Wherever_the_node_crashes_orders_come_to_the_same_end()
    {
        var report = SimulatedShop.Orders(count: 4).CrashEverywhere();
        Assert.True(report.Passed, report.ToString());
        Assert.True(report.Points >= 20, report.ToString());
    }

    [Fact]
    public void Every_path_of_an_order_ends_in_a_state_that_it_should()
    {
        var report = SimulatedShop.LargeOrder().QuietWithin(TimeSpan.FromDays(30)).Invariant("money taken is money owed", SimulatedShop.MoneyTakenIsMoneyOwed).Explore(depth: 5);
        Assert.True(report.Passed, report.ToString());
    }
}
