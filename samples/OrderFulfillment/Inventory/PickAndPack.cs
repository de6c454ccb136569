using System.Diagnostics;
using Perdure;

namespace Shop.Inventory;

/// <summary>What to fetch for an order.</summary>
public sealed record Pick(string OrderId, Item Item);

/// <summary>Goods in a box.</summary>
public sealed record Parcel(string Id, Item Item);

/// <summary>Fetches one article of an order and packs it.</summary>
public sealed class PickAndPack(IInventory inventory, InventorySettings settings) : Operation<Pick, Parcel>
{
    public override async Task<Parcel> Run(Pick pick, Attempt attempt)
    {
        if (settings.Poison && pick.Item.Sku == InventorySettings.PoisonSku) Process.GetCurrentProcess().Kill();

        var (sku, quantity) = pick.Item;
        attempt.Progress(0.0, $"fetching {quantity} × {sku}");
        await Task.Delay(settings.PickMilliseconds, attempt.Cancelled);
        attempt.Progress(0.5, $"packing {quantity} × {sku}");
        var reply = await inventory.Pack(attempt.Token, $"{pick.OrderId}/{sku}", attempt.Cancelled);
        if (!reply.Done) throw new PermanentFailure(reply.Refusal!, $"The parcel {sku} of order {pick.OrderId} must not be packed: {reply.Refusal}.");
        attempt.Progress(1.0, $"packed {quantity} × {sku}");
        return new(attempt.Token, pick.Item);
    }

    public override Task Undo(Pick pick, Parcel? parcel, Attempt attempt) => inventory.Unpack(attempt.Token, $"{pick.OrderId}/{pick.Item.Sku}", attempt.Cancelled);
}
