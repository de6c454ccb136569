namespace Shop.Merchant;

/// <summary>What the merchant does with a card.</summary>
public enum Behaviour
{
    /// <summary>Charges it.</summary>
    Approve,
    /// <summary>Refuses it for good.</summary>
    Refuse,
    /// <summary>Is out of order for the first two charges of an order: 503, nothing happened.</summary>
    FailTwice,
    /// <summary>Charges it, then drops the connection, the first time.</summary>
    ChargeAndHangUp,
    /// <summary>Charges it, but takes its time to say so.</summary>
    Slow,
    /// <summary>Never answers; the charge arrives in the books after its refund was asked for.</summary>
    Never,
}

/// <summary>A card of the merchant's test environment.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Behaviour">What happens.</param>
/// <param name="Code">For a refused one: why.</param>
public sealed record TestCard(string Number, Behaviour Behaviour, string? Code = null)
{
    /// <summary>All that are known. Any other number is refused.</summary>
    public static IReadOnlyList<TestCard> All { get; } =
    [
        new("4242424242424242", Behaviour.Approve),
        new("4000000000000002", Behaviour.Refuse, "declined"),
        new("4000000000009995", Behaviour.Refuse, "insufficient-funds"),
        new("4100000000000019", Behaviour.Refuse, "fraudulent"),
        new("4000000000000119", Behaviour.FailTwice),
        new("4000000000000341", Behaviour.ChargeAndHangUp),
        new("4000000000000259", Behaviour.Slow),
        new("4000000000000408", Behaviour.Never),
    ];

    /// <summary>The card of that number.</summary>
    public static TestCard Find(string number) => All.FirstOrDefault(card => card.Number == number) ?? new(number, Behaviour.Refuse, "unknown-card");
}
