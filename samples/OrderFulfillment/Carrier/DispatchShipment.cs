using Perdure;
using Shop.Inventory;
using Shop.Orders;

namespace Shop.Carrier;

/// <summary>Parcels for the carrier.</summary>
public sealed record Consignment(string OrderId, Address To, IReadOnlyList<Parcel> Parcels);

/// <summary>Parcels that the carrier has taken on.</summary>
public sealed record Shipment(string Id);

/// <summary>Books the carrier.</summary>
public sealed class DispatchShipment(ICarrier carrier) : Operation<Consignment, Shipment>
{
    public override async Task<Shipment> Run(Consignment goods, Attempt attempt)
    {
        var shipping = await carrier.Ship(attempt.Token, goods.OrderId, goods.To.Country, goods.Parcels.Count, attempt.Cancelled);
        return shipping.Status switch
        {
            "shipped" => new Shipment(shipping.Id),
            "refused" => throw new PermanentFailure("shipment-refused", $"The carrier does not deliver to {goods.To.Country}."),
            _ => throw new PermanentFailure("recalled-before", "The shipment was recalled before it came."),
        };
    }

    public override Task Undo(Consignment goods, Shipment? shipment, Attempt attempt) => carrier.Recall(attempt.Token, goods.OrderId, attempt.Cancelled);
}
