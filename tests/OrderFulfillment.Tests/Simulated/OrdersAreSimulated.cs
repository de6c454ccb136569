using Perdure.Simulation;

namespace Shop.Tests.Simulated;

/// <summary>Orders in a world where everything goes wrong: nothing is lost, nothing is done twice, and money taken is money owed.</summary>
public sealed class OrdersAreSimulated
{
    [Fact]
    public void Whatever_goes_wrong_money_taken_is_money_owed()
    {
        var report = SimulatedShop.Orders(count: 12).Nodes(3).Invariant("money taken is money owed", SimulatedShop.MoneyTakenIsMoneyOwed).Run("orders", 1_000);
        Assert.True(report.Passed, report.ToString());
    }
}
