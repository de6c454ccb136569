using Microsoft.Extensions.Logging;
using Perdure;
using Shop.Carrier;
using Shop.Inventory;
using Shop.Orders;

namespace Shop.Tests.Replayed;

/// <summary>Today's orders with the body of one state mended in place: the map, and so the version, is the same.</summary>
public abstract class ChangedOrders(OrderFulfillment today) : Workflow<Order>("order-fulfillment", version: 1)
{
    protected override Map<Order> Define(Map<Order> map) => today.Map.Replace<Charged>().Runs(Ship);

    public abstract Task<To<Completed, TransactionRevoked>> Ship(IVisit<Order> visit, Charged charged);
}

/// <summary>Harmless: it says more in the log.</summary>
public sealed class TalkativeOrders(OrderFulfillment today, ILogger<TalkativeOrders> log) : ChangedOrders(today)
{
    private readonly OrderFulfillment _today = today;

    public override Task<To<Completed, TransactionRevoked>> Ship(IVisit<Order> visit, Charged charged)
    {
        if (log.IsEnabled(LogLevel.Information)) log.LogInformation("Shipping {Order}.", visit.Input.OrderId);
        return _today.Ship(visit, charged);
    }
}

public sealed record Thanks(string OrderId);

public sealed class SayThanks : Irreversible<Order, Thanks>
{
    public override Task<Thanks> Run(Order order, Attempt attempt) => Task.FromResult(new Thanks(order.OrderId));
}

/// <summary>Harmless: a new step, once all that was recorded has been asked for.</summary>
public sealed class GratefulOrders(OrderFulfillment today, SayThanks thanks) : ChangedOrders(today)
{
    private readonly OrderFulfillment _today = today;

    public override async Task<To<Completed, TransactionRevoked>> Ship(IVisit<Order> visit, Charged charged)
    {
        var next = await _today.Ship(visit, charged);
        if (next.State is Completed) await visit.Run(thanks, visit.Input);
        return next;
    }
}

/// <summary>Breaking: one step has another name.</summary>
public sealed class RenamedOrders(OrderFulfillment today, PickAndPack pick, DispatchShipment dispatch, HandOver handOver) : ChangedOrders(today)
{
    public override async Task<To<Completed, TransactionRevoked>> Ship(IVisit<Order> visit, Charged charged)
    {
        var order = visit.Input;
        var parcels = await visit.Each(pick, order.Items().Select(item => new Pick(order.OrderId, item)), key: pick => pick.Item.Sku, atOnce: 2);
        var shipment = await visit.Try(dispatch, new(order.OrderId, order.ShipTo, parcels), name: "ship");
        if (!shipment.Ok) return new TransactionRevoked(shipment.Failure.Code);
        await visit.Run(handOver, charged.Hold);
        return new Completed(shipment.Value);
    }
}

/// <summary>Breaking, and only where a shipment was refused: the goods are handed over before it is known that the carrier takes them.</summary>
public sealed class HastyOrders(OrderFulfillment today, PickAndPack pick, DispatchShipment dispatch, HandOver handOver) : ChangedOrders(today)
{
    public override async Task<To<Completed, TransactionRevoked>> Ship(IVisit<Order> visit, Charged charged)
    {
        var order = visit.Input;
        var parcels = await visit.Each(pick, order.Items().Select(item => new Pick(order.OrderId, item)), key: pick => pick.Item.Sku, atOnce: 2);
        await visit.Run(handOver, charged.Hold);
        var shipment = await visit.Try(dispatch, new(order.OrderId, order.ShipTo, parcels));
        return shipment.Ok ? new Completed(shipment.Value) : new TransactionRevoked(shipment.Failure.Code);
    }
}
