using Shop.Orders;

namespace Shop.Page;

/// <summary>A kind of order to try.</summary>
/// <param name="Kind">Its name in the path.</param>
/// <param name="Says">What it shows, for people.</param>
public sealed record SampleOrder(string Kind, string Says, string Card = "4242424242424242", string Country = "DE", string Sku = "SKU-1", decimal UnitPrice = 12.50m, decimal Off = 0)
{
    /// <summary>One of each kind.</summary>
    public static IReadOnlyList<SampleOrder> All { get; } =
    [
        new("plain", "An ordinary order"),
        new("approval", "Above the threshold: waits for approval", UnitPrice: 8_000m),
        new("declined", "Card declined", Card: "4000000000000002"),
        new("insufficient-funds", "Not enough money", Card: "4000000000009995"),
        new("fraudulent", "Blocked as fraudulent", Card: "4100000000000019"),
        new("fails-twice", "Merchant fails twice, then works", Card: "4000000000000119"),
        new("hangs-up", "Merchant charges, then hangs up", Card: "4000000000000341"),
        new("slow", "Merchant is slow", Card: "4000000000000259"),
        new("never", "Merchant never answers", Card: "4000000000000408"),
        new("refused-shipment", "Carrier refuses: undone in reverse", Country: "ZZ"),
        new("scarce", "Takes scarce stock", Sku: "SKU-SCARCE"),
        new("out-of-stock", "Out of stock", Sku: "SKU-NONE"),
        new("mismatch", "Total does not agree", Off: 1),
    ];

    /// <summary>An order of this kind.</summary>
    public Order Make(string orderId) => new(
        orderId, "customer-1", "EUR", [new(Sku, 2, UnitPrice), new("SKU-2", 1, 3.99m)], 2 * UnitPrice + 3.99m + Off, Card, new("Ada Lovelace", "12 St James's Square", "London", Country));
}
