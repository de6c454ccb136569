namespace Perdure.Authoring.Tests.Shop;

// A sub-map: needs nothing of the workflow it is put into but an address. Used by two workflows.
public sealed record InTransit(Shipment Shipment);
public sealed record Delivered(Shipment Shipment);
public sealed record Lost(Shipment Shipment);

public sealed class Delivery : Part<IShippable>
{
    protected override Map<IShippable> Define(Map<IShippable> map) => map.State<InTransit>(within: 21.Days).Runs(Track);

    public async Task<To<Delivered, Lost>> Track(IVisit<IShippable> visit, InTransit parcel) =>
        await visit.Signal<CarrierDelivered>(within: 14.Days) is not null ? new Delivered(parcel.Shipment) : new Lost(parcel.Shipment);
}

// Version 2: fraud screening before the charge, delivery is awaited, a child workflow credits points.
public sealed record Screening(InventoryLocked Then);

public sealed class OrderFulfillmentV2(OrderFulfillment v1, ScoreFraud score, Delivery delivery, LoyaltyPoints loyalty) : Workflow<Order>("order-fulfillment", version: 2)
{
    public static OrderFulfillmentV2 Version2 { get; } = new(OrderFulfillment.Version1, new(), new(), new(new()));

    protected override Map<Order> Define(Map<Order> map) => v1.Map
        .Redirect((InventoryLocked locked) => new Screening(locked), from: typeof(Order))   // a new order is screened first
        .State<Screening>().Runs(Screen)
        .Redirect((Completed done) => new InTransit(done.Shipment))                         // what completed the order now only ships it
        .Include(delivery)
        .Redirect((Lost lost) => new TransactionRevoked("lost"))
        .State<Delivered>().Runs(Thank);

    public async Task<To<InventoryLocked, TransactionRevoked>> Screen(IVisit<Order> visit, Screening screening)
    {
        var fraud = await visit.Run(score, visit.Input);
        return fraud.Value < 80 ? screening.Then : new TransactionRevoked("fraud");
    }

    public async Task<To<Completed>> Thank(IVisit<Order> visit, Delivered delivered)
    {
        await visit.Child(loyalty, key: visit.Input.OrderId, new(visit.Input.CustomerId, visit.Input.Total));
        return new Completed(delivered.Shipment);
    }
}

public sealed record Credited(Points Points);

public sealed class LoyaltyPoints(CreditPoints credit) : Workflow<Purchase>("loyalty-points", version: 1)
{
    protected override Map<Purchase> Define(Map<Purchase> map) => map.Start("Due").Runs(Credit).End<Credited>();

    public async Task<To<Credited>> Credit(IVisit<Purchase> visit, Purchase purchase) => new Credited(await visit.Run(credit, purchase));
}

// Another workflow that takes the same sub-map.
public sealed record Replacement(string OrderId, Address ShipTo, IReadOnlyList<Parcel> Parcels) : IShippable;

public sealed class SendReplacement(DispatchShipment dispatch, Delivery delivery) : Workflow<Replacement>("send-replacement", version: 1)
{
    protected override Map<Replacement> Define(Map<Replacement> map) => map
        .Start("Ordered").Runs(Send).Include(delivery).End<Delivered>().End<Lost>();

    public async Task<To<InTransit>> Send(IVisit<Replacement> visit, Replacement replacement) =>
        new InTransit(await visit.Run(dispatch, new(replacement.OrderId, replacement.ShipTo, replacement.Parcels)));
}
