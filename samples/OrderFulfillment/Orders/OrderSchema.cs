using System.Text.Json;
using System.Text.RegularExpressions;
using Perdure;

namespace Shop.Orders;

/// <summary>What an order looks like on the wire. Unlike a deserializer it names every fault, not the first one.</summary>
public static partial class OrderSchema
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <summary>All that is wrong with the body; empty where it is an order.</summary>
    public static IReadOnlyList<InputFault> Faults(ReadOnlyMemory<byte> body)
    {
        List<InputFault> faults = [];
        try
        {
            using var document = JsonDocument.Parse(body, Strict);
            Shape.Object(
                ("orderId", Shape.Text(1, 100)),
                ("customerId", Shape.Text(1, 100)),
                ("currency", Shape.Matching(Currency(), "three capital letters, such as EUR")),
                ("lines", Shape.List(1, Order.MostLines, Shape.Object(
                    ("sku", Shape.Text(1, 64)),
                    ("quantity", Shape.Whole(1, Order.MostOfOne)),
                    ("unitPrice", Shape.Amount(Order.HighestPrice))))),
                ("total", Shape.Amount(decimal.MaxValue)),
                ("card", Shape.Matching(Card(), "12 to 19 digits")),
                ("shipTo", Shape.Object(
                    ("name", Shape.Text(1, 200)),
                    ("street", Shape.Text(1, 200)),
                    ("city", Shape.Text(1, 200)),
                    ("country", Shape.Matching(Country(), "two capital letters, such as DE")))))
                .Check("$", document.RootElement, faults);
        }
        catch (JsonException exception)
        {
            faults.Add(new("$", $"This is not strict JSON: {exception.Message}"));
        }
        // The parser compares names as text, and half of a surrogate pair is none.
        catch (InvalidOperationException)
        {
            faults.Add(new("$", "A property's name has half of a character."));
        }
        return faults;
    }

    [GeneratedRegex(@"\A[A-Z]{3}\z")] private static partial Regex Currency();
    [GeneratedRegex(@"\A[A-Z]{2}\z")] private static partial Regex Country();
    [GeneratedRegex(@"\A[0-9]{12,19}\z")] private static partial Regex Card();
}
