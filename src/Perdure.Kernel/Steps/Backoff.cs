namespace Perdure.Kernel;

/// <summary>When the next attempt starts, as a policy says.</summary>
internal static class Backoff
{
    /// <summary>The moment of the next attempt; null when the policy allows no more.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="share">The share of the jitter, 0 to 1.</param>
    /// <param name="attempt">How many attempts there have been, at least 1.</param>
    /// <param name="firstAt">When the first one was asked for.</param>
    /// <param name="at">Now.</param>
    public static DateTimeOffset? Next(Retry policy, double share, int attempt, DateTimeOffset firstAt, DateTimeOffset at)
    {
        if (attempt >= policy.Attempts) return null;
        var due = Moment.After(at, Wait(policy, share, attempt));
        return due - firstAt <= policy.Within ? due : null;
    }

    public static TimeSpan Wait(Retry policy, double share, int attempt)
    {
        var cap = Math.Max(0, policy.Cap.Ticks);
        var wait = Math.Max(0, policy.Base.Ticks);
        var doublings = Math.Max(0, attempt - 1);
        wait = wait == 0 ? 0 : doublings >= 63 || wait > long.MaxValue >> doublings ? long.MaxValue : wait << doublings;
        var jitter = share > 0 ? (long)(Math.Min(share, 1) * Math.Max(0, policy.Jitter.Ticks)) : 0;
        return new(Math.Min(cap, wait > long.MaxValue - jitter ? long.MaxValue : wait + jitter));
    }
}
