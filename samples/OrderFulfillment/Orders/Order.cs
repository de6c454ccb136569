using Shop.Inventory;

namespace Shop.Orders;

/// <summary>A line of an order.</summary>
public sealed record Line(string Sku, int Quantity, decimal UnitPrice);

/// <summary>Where an order goes.</summary>
public sealed record Address(string Name, string Street, string City, string Country);

/// <summary>An order.</summary>
public sealed record Order(string OrderId, string CustomerId, string Currency, IReadOnlyList<Line> Lines, decimal Total, string Card, Address ShipTo)
{
    /// <summary>The most of one article that a line may ask for.</summary>
    public const int MostOfOne = 1_000_000;

    /// <summary>The highest price of a single piece.</summary>
    public const decimal HighestPrice = 1_000_000_000m;

    /// <summary>The most lines.</summary>
    public const int MostLines = 100;

    /// <summary>What does not agree within the order; null where all does.</summary>
    public string? Fault() => Lines switch
    {
        { Count: 0 } => "no-lines",
        { Count: > MostLines } => "too-many-lines",
        _ when Lines.Any(line => line is not { Quantity: > 0 and <= MostOfOne, UnitPrice: >= 0 and <= HighestPrice, Sku.Length: > 0 }) => "line-out-of-range",
        _ when Lines.Sum(line => line.Quantity * line.UnitPrice) != Total => "total-mismatch",
        _ => null,
    };

    /// <summary>What is needed of each article, however many lines ask for it.</summary>
    public IReadOnlyList<Item> Items() => [.. Lines.GroupBy(line => line.Sku, (sku, lines) => new Item(sku, lines.Sum(line => line.Quantity)))];
}
