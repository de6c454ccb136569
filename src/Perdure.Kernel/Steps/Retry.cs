namespace Perdure;

/// <summary>wait = base × 2^(attempt−1) + jitter, capped, with limits on attempts and on the total time.</summary>
/// <param name="Base">The wait after the first attempt, before jitter.</param>
/// <param name="Cap">No wait is longer, jitter included.</param>
/// <param name="Jitter">The most that jitter adds; the actual share, 0 to 1, is stamped into the command.</param>
/// <param name="Attempts">How many attempts at the most, the first one included; at least 1. What ends with its node, by a crash, a stop or a hand-over, does not count: see the bound of recoveries for what brings nodes down.</param>
/// <param name="Within">No attempt starts later than this after the first.</param>
public sealed record Retry(TimeSpan Base, TimeSpan Cap, TimeSpan Jitter, int Attempts, TimeSpan Within)
{
    /// <summary>One attempt only.</summary>
    public static Retry Never { get; } = new(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, 1, TimeSpan.MaxValue);

    /// <summary>Exponential back-off: 8 attempts within an hour, capped at 5 minutes, unless said otherwise. Jitter is as large as the base by default.</summary>
    public static Retry Exponential(TimeSpan @base, TimeSpan? cap = null, TimeSpan? jitter = null, int attempts = 8, TimeSpan? within = null) =>
        new(@base, cap ?? TimeSpan.FromMinutes(5), jitter ?? @base, attempts, within ?? TimeSpan.FromHours(1));

    /// <summary>Exponential from 200 ms.</summary>
    public static Retry Default { get; } = Exponential(TimeSpan.FromMilliseconds(200));
}
