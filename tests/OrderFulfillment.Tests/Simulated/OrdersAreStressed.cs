using Microsoft.Extensions.DependencyInjection;
using Perdure;
using Perdure.Simulation;
using Perdure.Sqlite;
using Shop.Carrier;
using Shop.Inventory;
using Shop.Merchant;
using Shop.Orders;

namespace Shop.Tests.Simulated;

/// <summary>How many orders the shop stands, found out away from it.</summary>
public sealed class OrdersAreStressed
{
    [Fact]
    public void Charges_stand_200_a_second_where_the_merchant_takes_a_second_at_worst()
    {
        var report = Stress.Operation<CaptureCharge>(services => services.AddSingleton(new MerchantSettings { TimeoutMilliseconds = 2_000 }))
            .Replace<CaptureCharge, Payment, Charge>(payment => new(payment.OrderId))
            .Inputs((dice, number) => new Payment($"order-{number}", 12.50m, "EUR", "4242424242424242"))
            .Takes(Latency.LogNormal(median: 120.Milliseconds, p99: 1.Seconds))
            .Faults(transient: 0.01, unknown: 0.002)
            .P99Within(1_500.Milliseconds)
            .Rate(200).For(1.Minutes)
            .Run();
        Assert.True(report.Passed, report.ToString());
    }

    [Fact]
    public void Packing_to_completed_saturates_where_ten_packers_do()
    {
        var report = Shipping()
            .Replace<PickAndPack, Pick, Parcel>(pick => new(pick.OrderId, pick.Item))
            .Takes<PickAndPack>(Latency.Uniform(200.Milliseconds, 600.Milliseconds))
            .Concurrency(10)
            .Ramp(from: 5, to: 30, step: 5).For(2.Minutes)
            .Run();
        // Two articles at the same time: the slower one takes 467 ms in the mean, so that ten orders at once make 21 in a second.
        Assert.True(report.Saturation is { Stands: >= 15 and <= 22, Capacity: > 18 and < 22 }, report.ToString());
    }

    [Fact]
    public void In_real_time_the_warehouse_is_one_of_its_own_and_the_store_is_gone_afterwards()
    {
        using var folder = new TemporaryFolder();
        string? store = null;
        var report = Shipping(services => services.AddSingleton<IInventory>(_ => new InventoryLedger(folder.File("warehouse.db"), new InventorySettings().Seed())))
            .Rate(20).For(1.Seconds)
            .InRealTime((node, path) => node.UseSqlite(Path.Combine(store = path, "stress.db")))
            .Run();
        var row = Assert.Single(report.Rows);
        Assert.Empty(row.Errors);
        Assert.Equal(0, row.Unfinished);
        Assert.Equal("COMPLETED", Assert.Single(row.Ends).State);
        Assert.False(Directory.Exists(store));
    }

    // The part of the map that begins with packing, once the card is charged.
    private static Stress Shipping(Action<IServiceCollection>? services = null) => Stress
        .Workflow<OrderFulfillment>(own =>
        {
            own.AddSingleton(new OrderSettings()).AddSingleton(new MerchantSettings()).AddSingleton(new InventorySettings());
            services?.Invoke(own);
        })
        .Replace<ReserveInventory, Reservation, Hold>(SimulatedShop.Reserve)
        .Replace<CaptureCharge, Payment, Charge>(SimulatedShop.Capture)
        .Replace<DispatchShipment, Consignment, Shipment>(SimulatedShop.Dispatch)
        .Replace<HandOver, Hold, HandedOver>(hold => new(hold.Id))
        .Inputs((_, number) => new Order($"order-{number}", "ada", "EUR", [new("SKU-1", 2, 12.50m), new("SKU-2", 1, 3.99m)], 28.99m, "4242424242424242", new("Ada", "Street 1", "London", "GB")))
        .From((_, number) => new Charged(new($"order-{number}"), new($"charge-{number}")))
        .Until<Completed>();
}
