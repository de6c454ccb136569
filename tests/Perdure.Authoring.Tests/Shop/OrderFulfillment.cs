namespace Perdure.Authoring.Tests.Shop;

public sealed record InventoryLocked(Hold Hold, string? ApprovedBy = null);
public sealed record Approval(Hold Hold);
public sealed record Charged(Charge Charge);
public sealed record Completed(Shipment Shipment);
public sealed record Rejected(string Reason);
public sealed record TransactionRevoked(string Reason);

public sealed class OrderFulfillment(ReserveInventory reserve, CaptureCharge capture, PickAndPack pick, DispatchShipment dispatch, OrderSettings settings)
    : Workflow<Order>("order-fulfillment", version: 1)
{
    public static OrderFulfillment Version1 { get; } = new(new(), new(), new(), new(), new());

    protected override string? BusinessKey(Order input) => input.OrderId;

    protected override Map<Order> Define(Map<Order> map) => map
        .Start("Received").Runs(Receive)
        .State<InventoryLocked>("Inventory_Locked", within: settings.LockedWithin, page: Severity.High).Runs(Capture)
        .Gate<Approval>(role: "risk-officer").Decides(Approve)
        .State<Charged>().Runs(Ship)
        .End<Completed>("COMPLETED")
        .End<Rejected>("REJECTED")
        .Revoked<TransactionRevoked>("TRANSACTION_REVOKED", cancelled: c => new(c.Reason));

    public async Task<To<InventoryLocked, Rejected>> Receive(IVisit<Order> visit, Order order)
    {
        if (order.Fault is { } fault) return new Rejected(fault);

        var hold = await visit.Try(reserve, new(order.OrderId, order.Lines));
        return hold.Ok ? new InventoryLocked(hold.Value) : new Rejected(hold.Failure.Code);
    }

    public async Task<To<Approval, Charged, TransactionRevoked>> Capture(IVisit<Order> visit, InventoryLocked locked)
    {
        var order = visit.Input;
        var threshold = visit.Once("approval-threshold", () => settings.ApprovalThreshold);
        if (order.Total > threshold && locked.ApprovedBy is null) return new Approval(locked.Hold);

        var charge = await visit.Try(capture, new(order.OrderId, order.Total, order.Card));
        return charge.Ok ? new Charged(charge.Value) : new TransactionRevoked(charge.Failure.Code);
    }

    public To<InventoryLocked, TransactionRevoked> Approve(IVisit<Order> visit, Approval waiting, Decision decision) =>
        decision.Approved ? new InventoryLocked(waiting.Hold, decision.By) : new TransactionRevoked(decision.Why);

    public async Task<To<Completed, TransactionRevoked>> Ship(IVisit<Order> visit, Charged charged)
    {
        var order = visit.Input;
        var parcels = await visit.Each(pick, order.Lines, key: line => line.Sku, atOnce: 2);
        var shipment = await visit.Try(dispatch, new(order.OrderId, order.ShipTo, parcels));
        return shipment.Ok ? new Completed(shipment.Value) : new TransactionRevoked(shipment.Failure.Code);
    }
}
