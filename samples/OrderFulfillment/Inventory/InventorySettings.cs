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
}
