namespace Shop.Inventory;

/// <summary>What the warehouse is asked over HTTP; the token is in the header.</summary>
/// <param name="Subject">The order, the parcel or the hold.</param>
public sealed record WarehouseRequest(string Subject, IReadOnlyList<Item>? Items = null);

/// <summary>The warehouse of another process.</summary>
public sealed class InventoryClient(HttpClient http, Uri downstream) : IInventory
{
    public Task<Reply> Reserve(string token, string orderId, IReadOnlyList<Item> items, CancellationToken cancellation = default) => Ask("reserve", token, new(orderId, items), cancellation);
    public Task<Reply> Release(string token, string orderId, CancellationToken cancellation = default) => Ask("release", token, new(orderId), cancellation);
    public Task<Reply> Pack(string token, string parcel, CancellationToken cancellation = default) => Ask("pack", token, new(parcel), cancellation);
    public Task<Reply> Unpack(string token, string parcel, CancellationToken cancellation = default) => Ask("unpack", token, new(parcel), cancellation);
    public Task<Reply> HandOver(string token, string hold, CancellationToken cancellation = default) => Ask("hand-over", token, new(hold), cancellation);
    public Task<Reply> TakeBack(string token, string hold, CancellationToken cancellation = default) => Ask("take-back", token, new(hold), cancellation);

    private Task<Reply> Ask(string call, string token, WarehouseRequest request, CancellationToken cancellation) =>
        http.Ask<WarehouseRequest, Reply>(token, new(downstream, $"inventory/{call}"), request, "inventory", cancellation);
}
