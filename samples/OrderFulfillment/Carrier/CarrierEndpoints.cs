namespace Shop.Carrier;

/// <summary>How anyone can audit the shipments.</summary>
public static class CarrierEndpoints
{
    public static void MapCarrier(this IEndpointRouteBuilder app) =>
        app.MapGet("/carrier/shipments", (string orderId, CarrierLedger carrier) => carrier.Shipments(orderId)).WithName("ListShipments").WithTags("Audit");
}
