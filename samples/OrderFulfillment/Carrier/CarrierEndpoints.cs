using Microsoft.AspNetCore.Mvc;
using Perdure.AspNetCore;

namespace Shop.Carrier;

/// <summary>How anyone can audit the shipments, and how other processes of the shop reach the carrier.</summary>
public static class CarrierEndpoints
{
    public static void MapCarrier(this IEndpointRouteBuilder app)
    {
        app.MapGet("/carrier/shipments", (string? orderId, CarrierLedger carrier) => orderId is null
            ? Problem.Malformed("query.malformed", "orderId", "Say which order: ?orderId=…")
            : Results.Ok(carrier.Shipments(orderId)))
            .WithName("ListShipments").WithTags("Audit").Produces<IReadOnlyList<Shipping>>().ProducesProblem(400);

        Call("ship", (carrier, token, asked) => carrier.Ship(token, asked.OrderId, asked.Country, asked.Parcels));
        Call("recall", (carrier, token, asked) => carrier.Recall(token, asked.OrderId));

        void Call(string name, Func<CarrierLedger, string, CarrierRequest, Task<Shipping>> call) =>
            app.MapPost($"/carrier/{name}", ([FromHeader(Name = Downstream.Key)] string token, CarrierRequest asked, CarrierLedger carrier) => call(carrier, token, asked))
                .AddEndpointFilter<LoopbackOnly>().AllowAnonymous().ExcludeFromDescription();
    }
}
