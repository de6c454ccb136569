using Perdure.Simulation.Stressing;

namespace Perdure.Simulation;

/// <summary>How long it took, from the intended arrival to the end. Percentiles are at most 0.8 % above the true ones; the largest is exact.</summary>
/// <param name="P50">Half took no longer.</param>
/// <param name="P90">Nine of ten took no longer.</param>
/// <param name="P99">99 of 100 took no longer.</param>
/// <param name="P999">999 of 1,000 took no longer.</param>
/// <param name="Max">The longest.</param>
public sealed record LatencyPercentiles(TimeSpan P50, TimeSpan P90, TimeSpan P99, TimeSpan P999, TimeSpan Max);

/// <summary>A line of the error table. Counted over the whole stage, warm-up included.</summary>
/// <param name="Where">The operation; <c>start</c> for starts that were not taken, <c>incident</c> for instances that need an operator, <c>stress</c> for arrivals that found no room to wait.</param>
/// <param name="Code">The stable code of the failure.</param>
/// <param name="Count">How often.</param>
/// <param name="Of">Of how many attempts of that operation, incidents, or arrivals.</param>
public sealed record StressError(string Where, string Code, long Count, long Of)
{
    /// <summary>The share of attempts or arrivals.</summary>
    public double Share => Of == 0 ? 0 : (double)Count / Of;
}

/// <summary>How many instances ended in a state.</summary>
/// <param name="State">The end.</param>
/// <param name="Count">How many.</param>
public sealed record StressEnd(string State, long Count);

/// <summary>How far a stage is.</summary>
/// <param name="Rate">The arrivals in a second.</param>
/// <param name="Time">How much of the stage has passed.</param>
/// <param name="Of">How long arrivals come, warm-up included.</param>
/// <param name="Arrived">How many have arrived.</param>
/// <param name="Completed">How many have ended well.</param>
/// <param name="Failed">How many have failed or were not taken.</param>
/// <param name="Open">How many wait or are under way.</param>
/// <param name="P99">The 99th percentile so far.</param>
public sealed record StressProgress(double Rate, TimeSpan Time, TimeSpan Of, long Arrived, long Completed, long Failed, long Open, TimeSpan P99);

/// <summary>What came of one rate.</summary>
public sealed record StressRow
{
    private readonly StageOptions _options;

    internal StressRow(StageOptions options, TimeSpan measured, bool cancelled) => (_options, Measured, Cancelled) = (options, measured, cancelled);

    /// <summary>The intended arrivals in a second.</summary>
    public double Rate => _options.Rate;
    /// <summary>How long it was measured, after the warm-up.</summary>
    public TimeSpan Measured { get; }
    /// <summary>Whether it was cancelled before its time was over.</summary>
    public bool Cancelled { get; }
    /// <summary>How many arrived while it was measured.</summary>
    public long Arrived { get; internal init; }
    /// <summary>How many ended well while it was measured; for a workflow: came to an end.</summary>
    public long Completed { get; internal init; }
    /// <summary>How many failed while it was measured; for a workflow: became an incident.</summary>
    public long Failed { get; internal init; }
    /// <summary>How many were not taken while it was measured, because too much was under way.</summary>
    public long Refused { get; internal init; }
    /// <summary>How many had not ended when the stage was over. They count in the latencies with the time until then.</summary>
    public long Unfinished { get; internal init; }
    /// <summary>Ended well in a second.</summary>
    public double Throughput => Measured > TimeSpan.Zero ? Completed / Measured.TotalSeconds : 0;
    /// <summary>How long those took that arrived while it was measured.</summary>
    public required LatencyPercentiles Latency { get; init; }
    /// <summary>How late the latest arrival was made: where this is large, whoever makes the arrivals is what saturates.</summary>
    public TimeSpan Lag { get; internal init; }
    /// <summary>Failures by operation and code.</summary>
    public required IReadOnlyList<StressError> Errors { get; init; }
    /// <summary>Ends of a workflow by state.</summary>
    public required IReadOnlyList<StressEnd> Ends { get; init; }

    /// <summary>Why this rate does not stand; null where it stands.</summary>
    public string? Breaks => Cancelled ? null : Backlog() ?? Slow() ?? Failing();

    /// <summary>Whether throughput followed the arrivals, and the bounds on latency and failures held.</summary>
    public bool Stands => !Cancelled && Breaks is null;

    internal double Plateau { get; init; }
    internal long BacklogAtHalf { get; init; }
    internal long BacklogAtEnd { get; init; }
    internal long TurnedAwayInSecondHalf { get; init; }
    internal long ArrivedInSecondHalf { get; init; }

    // Throughput follows arrivals as long as those under way do not grow more in number, over the second half of what is measured, than chance makes them: 1 % of the arrivals, and three
    // standard deviations of the difference of two such numbers.
    private string? Backlog()
    {
        var growth = BacklogAtEnd - BacklogAtHalf + TurnedAwayInSecondHalf;
        return growth > Math.Max(0.01 * ArrivedInSecondHalf, 3 * Math.Sqrt(BacklogAtHalf + BacklogAtEnd)) ? "throughput no longer follows the arrivals" : null;
    }

    private string? Slow() => _options.P99Within is { } bound && Latency.P99 > bound ? $"p99 is above {Figures.Of(bound)}" : null;

    private string? Failing() => _options.FailuresWithin is { } bound && Failed + Refused > bound * (Completed + Failed + Refused) ? $"more than {Figures.Share(bound)} fail" : null;
}
