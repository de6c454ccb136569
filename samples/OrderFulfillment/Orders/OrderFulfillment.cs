using Perdure;
using Shop.Carrier;
using Shop.Inventory;
using Shop.Merchant;

namespace Shop.Orders;

// The states an order can be in, and what is known in each.
public sealed record InventoryLocked(Hold Hold, string? ApprovedBy = null);
public sealed record Approval(Hold Hold);
public sealed record Charged(Hold Hold, Charge Charge);
public sealed record Completed(Shipment Shipment);
public sealed record Rejected(string Reason);
public sealed record TransactionRevoked(string Reason);

/// <summary>What becomes of an order.</summary>
public sealed class OrderFulfillment(
    ReserveInventory reserve, CaptureCharge capture, PickAndPack pick, DispatchShipment dispatch, HandOver handOver, OrderSettings settings)
    : Workflow<Order>("order-fulfillment", version: 1)
{
    protected override Map<Order> Define(Map<Order> map) => map
        .Start("Received").Runs(Receive)
        .State<InventoryLocked>("Inventory_Locked", within: settings.InventoryLockedWithin, page: Severity.High).Runs(Capture)
        .Gate<Approval>(role: "risk-officer").Decides(Approve)
        .State<Charged>().Runs(Ship)
        .End<Completed>("COMPLETED")
        .End<Rejected>("REJECTED")
        .Revoked<TransactionRevoked>("TRANSACTION_REVOKED", cancelled: by => new(by.Reason));

    protected override string? BusinessKey(Order order) => order.OrderId;

    public async Task<To<InventoryLocked, Rejected>> Receive(IVisit<Order> visit, Order order)
    {
        if (order.Fault() is { } fault) return new Rejected(fault);

        var hold = await visit.Try(reserve, new(order.OrderId, order.Items()));
        return hold.Ok ? new InventoryLocked(hold.Value) : new Rejected(hold.Failure.Code);
    }

    public async Task<To<Approval, Charged, TransactionRevoked>> Capture(IVisit<Order> visit, InventoryLocked locked)
    {
        var order = visit.Input;
        var threshold = visit.Once("approval-threshold", () => settings.ApprovalThreshold);
        if (order.Total > threshold && locked.ApprovedBy is null) return new Approval(locked.Hold);

        var charge = await visit.Try(capture, new(order.OrderId, order.Total, order.Currency, order.Card));
        return charge.Ok ? new Charged(locked.Hold, charge.Value) : new TransactionRevoked(charge.Failure.Code);
    }

    public To<InventoryLocked, TransactionRevoked> Approve(IVisit<Order> visit, Approval waiting, Decision decision) =>
        decision.Approved ? new InventoryLocked(waiting.Hold, decision.By) : new TransactionRevoked(decision.Why);

    public async Task<To<Completed, TransactionRevoked>> Ship(IVisit<Order> visit, Charged charged)
    {
        var order = visit.Input;
        var picks = order.Items().Select(item => new Pick(order.OrderId, item));
        var parcels = await visit.Each(pick, picks, key: pick => pick.Item.Sku, atOnce: 2);

        var shipment = await visit.Try(dispatch, new(order.OrderId, order.ShipTo, parcels));
        if (!shipment.Ok) return new TransactionRevoked(shipment.Failure.Code);

        await visit.Run(handOver, charged.Hold);
        return new Completed(shipment.Value);
    }
}
