namespace Shop.Merchant;

/// <summary>How the merchant is reached, and how patient we are with it.</summary>
public sealed record MerchantSettings
{
    /// <summary>Where it is; this very process unless given.</summary>
    public Uri? BaseUrl { get; init; }

    /// <summary>How long the slow test card takes to be answered.</summary>
    public int SlowMilliseconds { get; init; } = 250;

    /// <summary>How long an answer may take. Unless given, long enough for the slow card.</summary>
    public int? TimeoutMilliseconds { get; init; }

    /// <summary>How often a charge is tried.</summary>
    public int Attempts { get; init; } = 7;

    /// <summary>The wait before the second try; it doubles from there, up to a second.</summary>
    public int RetryMilliseconds { get; init; } = 100;

    /// <summary>How long an answer may take, in the end.</summary>
    public TimeSpan Timeout => TimeSpan.FromMilliseconds(TimeoutMilliseconds ?? Math.Max(750, SlowMilliseconds + 500));
}
