using System.Text.Json;
using Shop.Orders;

namespace Shop.Tests.Processes;

/// <summary>An order, and where it may end.</summary>
/// <param name="Ends">The names of the states that are right for it, once nothing moves any more.</param>
public sealed record TestOrder(Order Order, params string[] Ends)
{
    public const string Completed = "COMPLETED", Rejected = "REJECTED", Revoked = "TRANSACTION_REVOKED", Gate = "Approval";

    /// <summary>The instance that it started; null until it was accepted.</summary>
    public string? Instance { get; set; }

    public string Id => Order.OrderId;

    public byte[] Body => JsonSerializer.SerializeToUtf8Bytes(Order, JsonSerializerOptions.Web);

    public static TestOrder Of(string id, string card = "4242424242424242", string country = "DE", string sku = "SKU-1", int quantity = 1, decimal price = 10m, decimal off = 0, params string[] ends) =>
        new(new(id, "c-1", "EUR", [new(sku, quantity, price), new("SKU-2", 1, 2.50m)], quantity * price + 2.50m + off, card, new("Ada", "1 Main", "London", country)), ends);

    /// <summary>How many kinds there are.</summary>
    public const int Kinds = 17;

    /// <summary>One of the kinds, by its number.</summary>
    public static TestOrder Any(string id, Random random, int kind) => kind switch
    {
        // A crash uses up no try of a charge; but answers that come too late from a machine under load do, and enough of them end even a good order: undone, that is, and whole.
        0 => Of(id, "4000000000000002", ends: Revoked),
        1 => Of(id, "4000000000009995", ends: Revoked),
        2 => Of(id, "4100000000000019", ends: Revoked),
        3 or 4 => Of(id, "4000000000000119", ends: [Completed, Revoked]),
        5 or 6 => Of(id, "4000000000000341", ends: [Completed, Revoked]),
        7 or 8 => Of(id, "4000000000000259", sku: "SKU-3", ends: [Completed, Revoked]),
        9 => Of(id, "4000000000000408", ends: Revoked),
        10 => Of(id, country: "ZZ", sku: "SKU-4", quantity: 7, ends: Revoked),
        11 => Of(id, "4000000000000259", country: "ZZ", ends: Revoked),
        12 => Of(id, sku: "SKU-SCARCE", quantity: 3, ends: [Completed, Rejected, Revoked]),
        13 => Of(id, sku: "SKU-NONE", ends: Rejected),
        14 => Of(id, price: 20_000m, ends: Gate),
        15 => Of(id, off: 0.01m, ends: Rejected),
        _ => Of(id, sku: $"SKU-{random.Next(1, 10)}", quantity: random.Next(1, 5), ends: [Completed, Revoked]),
    };
}
