using Perdure;

namespace Shop.Orders;

/// <summary>How orders are taken and treated.</summary>
public sealed record OrderSettings
{
    /// <summary>The development default: <c>whsec_</c> and the Base64 of <c>perdure-development-key-do-not-ship</c>.</summary>
    public const string DevelopmentSecret = "whsec_cGVyZHVyZS1kZXZlbG9wbWVudC1rZXktZG8tbm90LXNoaXA=";

    /// <summary>The secrets that orders may be signed with, separated by spaces: two while one is being replaced.</summary>
    public string WebhookSecret { get; init; } = DevelopmentSecret;

    /// <summary>Above it a person has to approve.</summary>
    public decimal ApprovalThreshold { get; init; } = 10_000.00m;

    /// <summary>How long stock may be locked before someone is paged.</summary>
    public TimeSpan InventoryLockedWithin { get; init; } = 5.Minutes;
}
