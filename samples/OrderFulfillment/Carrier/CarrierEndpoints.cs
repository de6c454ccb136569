using Perdure.AspNetCore;

namespace Shop.Carrier;

/// <summary>How anyone can audit the shipments.</summary>
public static class CarrierEndpoints
{
    public static void MapCarrier(this IEndpointRouteBuilder app) =>
        app.MapGet("/carrier/shipments", (string? orderId, CarrierLedger carrier) => orderId is null
            ? Problem.Malformed("query.malformed", "orderId", "Say which order: ?orderId=…")
            : Results.Ok(carrier.Shipments(orderId)))
            .WithName("ListShipments").WithTags("Audit").Produces<IReadOnlyList<Shipping>>().ProducesProblem(400);
}
