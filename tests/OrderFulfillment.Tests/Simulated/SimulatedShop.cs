using Microsoft.Extensions.DependencyInjection;
using Perdure;
using Perdure.Kernel;
using Perdure.Simulation;
using Shop.Carrier;
using Shop.Inventory;
using Shop.Merchant;
using Shop.Orders;

namespace Shop.Tests.Simulated;

/// <summary>The order workflow in a simulated world: its operations are the simulator's, which does each token once and fails as production does.</summary>
internal static class SimulatedShop
{
    public static Simulate Orders(int count = 40, TimeSpan? within = null) => Shop().Starts("order-fulfillment", Order, count, within);

    /// <summary>One order that somebody has to approve.</summary>
    public static Simulate LargeOrder() => Shop().Starts("order-fulfillment", (_, number) => Order(number, "SKU-1", 20_000m, "4242424242424242", "GB"), count: 1);

    private static Simulate Shop() => Simulate.Workflow<OrderFulfillment>(services => services.AddSingleton(new OrderSettings()).AddSingleton(new MerchantSettings()).AddSingleton(new InventorySettings()))
        .Replace<ReserveInventory, Reservation, Hold>(Reserve)
        .Replace<CaptureCharge, Payment, Charge>(Capture)
        .Replace<PickAndPack, Pick, Parcel>(pick => new(pick.OrderId, pick.Item))
        .Replace<DispatchShipment, Consignment, Shipment>(Dispatch)
        .Replace<HandOver, Hold, HandedOver>(hold => new(hold.Id));

    public static Hold Reserve(Reservation wanted) => wanted.Items.Any(i => i.Sku == "SKU-NONE") ? throw new PermanentFailure("out-of-stock", "There is none.") : new(wanted.OrderId);

    public static Charge Capture(Payment payment) => payment.Card == "4000000000000002" ? throw new PermanentFailure("declined", "The card was declined.") : new(payment.OrderId);

    public static Shipment Dispatch(Consignment goods) => goods.To.Country == "ZZ" ? throw new PermanentFailure("shipment-refused", "Not there.") : new(goods.OrderId);

    private static Order Order(Dice dice, int number)
    {
        var price = dice.Happens(0.1) ? 20_000m : 12.50m;
        var sku = dice.Happens(0.05) ? "SKU-NONE" : "SKU-1";
        return Order(number, sku, price, dice.Happens(0.1) ? "4000000000000002" : "4242424242424242", dice.Happens(0.1) ? "ZZ" : "GB");
    }

    private static Order Order(int number, string sku, decimal price, string card, string country) =>
        new($"order-{number}", "ada", "EUR", [new(sku, 2, price), new("SKU-2", 1, 3.99m)], 2 * price + 3.99m, card, new("Ada", "Street 1", "London", country));

    /// <summary>Once an order has ended, money was taken if and only if it completed.</summary>
    public static void MoneyTakenIsMoneyOwed(SimulatedWorld world)
    {
        foreach (var row in world.Changed.Where(row => row.Status == Status.Ended))
        {
            var taken = world.Ledger.Of(row.Id).Count(e => e.Operation == "capture-charge" && !e.IsUndo && world.Ledger.Stands(e.Token));
            if (taken != (row.State == "COMPLETED" ? 1 : 0)) world.Fail($"{row.BusinessKey} ended in {row.State}, and {taken} charges of it stand.");
        }
    }
}
