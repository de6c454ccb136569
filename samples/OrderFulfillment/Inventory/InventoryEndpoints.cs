using Microsoft.AspNetCore.Mvc;
using Perdure.AspNetCore;

namespace Shop.Inventory;

/// <summary>How anyone can audit the stock, and how other processes of the shop reach the warehouse.</summary>
public static class InventoryEndpoints
{
    public static void MapInventory(this IEndpointRouteBuilder app)
    {
        app.MapGet("/inventory/{sku}", (string sku, InventoryLedger inventory) => inventory.Find(sku) is { } stock
            ? Results.Ok(stock)
            : new Problem(404, "inventory.unknown-sku", $"There is no article {sku}."))
            .WithName("GetStock").WithTags("Audit").Produces<Stock>().ProducesProblem(404);

        Call("reserve", (inventory, token, asked) => inventory.Reserve(token, asked.Subject, asked.Items ?? []));
        Call("release", (inventory, token, asked) => inventory.Release(token, asked.Subject));
        Call("pack", (inventory, token, asked) => inventory.Pack(token, asked.Subject));
        Call("unpack", (inventory, token, asked) => inventory.Unpack(token, asked.Subject));
        Call("hand-over", (inventory, token, asked) => inventory.HandOver(token, asked.Subject));
        Call("take-back", (inventory, token, asked) => inventory.TakeBack(token, asked.Subject));

        void Call(string name, Func<InventoryLedger, string, WarehouseRequest, Task<Reply>> call) =>
            app.MapPost($"/inventory/{name}", ([FromHeader(Name = Downstream.Key)] string token, WarehouseRequest asked, InventoryLedger inventory) => call(inventory, token, asked))
                .AddEndpointFilter<LoopbackOnly>().AllowAnonymous().ExcludeFromDescription();
    }
}
