namespace Shop.Carrier;

/// <summary>A shipment as the carrier knows it.</summary>
/// <param name="Status"><c>shipped</c>, <c>recalled</c>, <c>refused</c>.</param>
public sealed record Shipping(string Id, string Status, string Token);

/// <summary>The carrier, here or elsewhere. The same token again gets the first answer again; one that was recalled before it came is refused.</summary>
public interface ICarrier
{
    /// <summary>Takes parcels on, or says what was said to this token before.</summary>
    Task<Shipping> Ship(string token, string orderId, string country, int parcels, CancellationToken cancellation = default);

    /// <summary>Brings the parcels back. A token that never came is remembered, and refused when it does.</summary>
    Task<Shipping> Recall(string token, string orderId, CancellationToken cancellation = default);
}

/// <summary>What the carrier is asked over HTTP; the token is in the header.</summary>
public sealed record CarrierRequest(string OrderId, string Country = "", int Parcels = 0);

/// <summary>The carrier of another process.</summary>
public sealed class CarrierClient(HttpClient http, Uri downstream) : ICarrier
{
    public Task<Shipping> Ship(string token, string orderId, string country, int parcels, CancellationToken cancellation = default) => Ask("ship", token, new(orderId, country, parcels), cancellation);
    public Task<Shipping> Recall(string token, string orderId, CancellationToken cancellation = default) => Ask("recall", token, new(orderId), cancellation);

    private Task<Shipping> Ask(string call, string token, CarrierRequest request, CancellationToken cancellation) =>
        http.Ask<CarrierRequest, Shipping>(token, new(downstream, $"carrier/{call}"), request, "carrier", cancellation);
}
