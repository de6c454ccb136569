namespace Shop.Inventory;

/// <summary>How the warehouse works.</summary>
public sealed record InventorySettings
{
    /// <summary>An article whose picking kills the process, where <see cref="Poison"/> is on. For tests.</summary>
    public const string PoisonSku = "SKU-POISON";

    /// <summary>How long fetching one article takes.</summary>
    public int PickMilliseconds { get; init; }

    /// <summary>Whether <see cref="PoisonSku"/> exists and kills. For tests.</summary>
    public bool Poison { get; init; }

    /// <summary>What a new warehouse has.</summary>
    public IReadOnlyDictionary<string, long> Seed() => new Dictionary<string, long>(
        Enumerable.Range(1, 9).Select(n => KeyValuePair.Create($"SKU-{n}", 1_000_000L)))
    {
        ["SKU-SCARCE"] = 10,
        ["SKU-NONE"] = 0,
        [PoisonSku] = Poison ? 1_000 : 0,
    };
}
