namespace Shop.Inventory;

/// <summary>A quantity of one article.</summary>
public sealed record Item(string Sku, int Quantity);

/// <summary>What the warehouse said to a request.</summary>
/// <param name="Refusal">Why not; null where it was done.</param>
public sealed record Reply(string? Refusal = null)
{
    /// <summary>Whether it was done.</summary>
    public bool Done => Refusal is null;
}

/// <summary>The warehouse, here or elsewhere. The same token again gets the first answer again; a token that was taken back before it came is refused for good.</summary>
public interface IInventory
{
    /// <summary>Reserves all of it or nothing.</summary>
    Task<Reply> Reserve(string token, string orderId, IReadOnlyList<Item> items, CancellationToken cancellation = default);

    /// <summary>Puts back what the token reserved. A token that never came is remembered, and refused when it does.</summary>
    Task<Reply> Release(string token, string orderId, CancellationToken cancellation = default);

    /// <summary>Writes down that a parcel was packed for an order.</summary>
    Task<Reply> Pack(string token, string parcel, CancellationToken cancellation = default);

    /// <summary>Writes down that the parcel was unpacked again, or must never be packed.</summary>
    Task<Reply> Unpack(string token, string parcel, CancellationToken cancellation = default);

    /// <summary>Hands what is held to the carrier: from reserved to shipped.</summary>
    Task<Reply> HandOver(string token, string hold, CancellationToken cancellation = default);

    /// <summary>Takes a handover back: from shipped to reserved.</summary>
    Task<Reply> TakeBack(string token, string hold, CancellationToken cancellation = default);
}
