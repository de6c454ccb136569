using Perdure.Simulation.Reporting;

namespace Perdure.Simulation;

/// <summary>What became of one seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Violation">What did not hold; null where all did.</param>
/// <param name="Events">How many events became durable.</param>
/// <param name="Time">How much of the world's time passed.</param>
/// <param name="TraceHash">The SHA-256 of everything that happened, where it was traced.</param>
public sealed record SeedReport(ulong Seed, Violation? Violation, long Events, TimeSpan Time, string? TraceHash)
{
    /// <summary>Whether the failure came again when the same seed was run a second time; where it did not, something outside of the simulation decides.</summary>
    public bool Repeats { get; internal init; } = true;
    internal List<TraceLine>? Lines { get; init; }
    internal Recipe Recipe { get; init; } = new(Seed);
    internal Timeline? Timeline { get; init; }
    internal IReadOnlySet<FaultKind> Struck { get; init; } = new HashSet<FaultKind>();
    /// <summary>Strikes at moments of the mix's own, by their number.</summary>
    internal IReadOnlyList<int> Strikes { get; init; } = [];
    /// <summary>Strikes at requests and attempts, each by the number of what it struck among what its kind could strike.</summary>
    internal IReadOnlyList<(FaultKind Kind, int Number)> Fell { get; init; } = [];
    internal long Happened { get; init; }
    internal int Refined { get; init; }
    internal IReadOnlyList<string> NotRefined { get; init; } = [];
    internal string? Minimised { get; init; }
}

/// <summary>What became of all seeds so far.</summary>
public sealed record SimulationReport
{
    /// <summary>How many seeds were run.</summary>
    public int Seeds { get; init; }
    /// <summary>How many events became durable.</summary>
    public long Events { get; init; }
    /// <summary>How many things happened in all: what became durable, and every request, answer, wake, timer and fault.</summary>
    public long Happened { get; init; }
    /// <summary>How much of the worlds' time passed.</summary>
    public TimeSpan Time { get; init; }
    /// <summary>How many instances were run again without faults, and took the same course.</summary>
    public int Refined { get; init; }
    /// <summary>Why others that were run again could not be compared, one reason for each.</summary>
    public IReadOnlyList<string> NotRefined { get; init; } = [];
    /// <summary>The seed that failed; null where none did.</summary>
    public SeedReport? Failed { get; init; }
    /// <summary>Whether every promise and invariant held in every seed, of which at least one was run.</summary>
    public bool Passed => Failed is null && Seeds > 0;

    /// <summary>Which kinds of faults struck in which phases of instances.</summary>
    public Reach? Reach { get; init; }
    /// <summary>The one line that runs the minimised failure again, with <see cref="Simulate.Again"/>; null where none failed, or the failure did not come again.</summary>
    public string? Line => Failed is { Repeats: true } failed ? failed.Recipe.ToString() : null;
    /// <summary>What happened in the minimised failure, a line for each thing; null where none failed, or the failure did not come again.</summary>
    public string? Timeline => Failed?.Timeline?.Text(int.MaxValue);

    /// <summary>Writes the timeline of the failure as one page with a lane for each node, the store and each instance.</summary>
    /// <param name="path">The file; one that exists is written over.</param>
    /// <exception cref="InvalidOperationException">Nothing failed.</exception>
    public void WriteHtml(string path)
    {
        if (Failed is not { } failed) throw new InvalidOperationException("Nothing failed: there is no timeline.");
        File.WriteAllText(path, TimelineHtml.Of($"Seed {failed.Seed}: {failed.Violation!.Oracle}", failed.Violation.Seen, failed.Minimised, Line, failed.Timeline?.Entries ?? []));
    }

    internal SimulationReport And(SeedReport seed) => this with { Seeds = Seeds + 1, Events = Events + seed.Events, Happened = Happened + seed.Happened, Time = Time + seed.Time, Refined = Refined + seed.Refined, NotRefined = [.. NotRefined, .. seed.NotRefined.Take(NotRefinedMax - NotRefined.Count)], Failed = seed.Violation is null ? null : seed };

    /// <inheritdoc />
    public override string ToString() => Failed is { } failed
        ? $"Seed {failed.Seed}: {failed.Violation!.Message}\n{failed.Minimised}{(Line is { } line ? $"Again: {line}\n" : "")}{failed.Timeline?.Text(Shown)}"
        : $"{Seeds} seeds, {Events:N0} events, {Time} of the worlds' time. {Reach}";

    private const int Shown = 40, NotRefinedMax = 100;
}
