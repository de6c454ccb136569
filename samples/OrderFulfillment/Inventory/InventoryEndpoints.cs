using Perdure.AspNetCore;

namespace Shop.Inventory;

/// <summary>How anyone can audit the stock.</summary>
public static class InventoryEndpoints
{
    public static void MapInventory(this IEndpointRouteBuilder app) =>
        app.MapGet("/inventory/{sku}", (string sku, InventoryLedger inventory) => inventory.Find(sku) is { } stock
            ? Results.Ok(stock)
            : new Problem(404, "inventory.unknown-sku", $"There is no article {sku}."))
            .WithName("GetStock").WithTags("Audit").Produces<Stock>().ProducesProblem(404);
}
