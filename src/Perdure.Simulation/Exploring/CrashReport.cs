namespace Perdure.Simulation;

/// <summary>A crash that changed what came of an instance.</summary>
/// <param name="point">The number of the durable point.</param>
/// <param name="before">Whether the node died just before it was durable, or just after.</param>
/// <param name="what">What became durable there.</param>
/// <param name="difference">What was otherwise.</param>
public sealed class CrashDifference(int point, bool before, string what, string difference)
{
    /// <summary>The number of the durable point, from 1.</summary>
    public int Point => point;
    /// <summary>Whether the node died just before it was durable, or just after.</summary>
    public bool Before => before;
    /// <summary>What became durable there.</summary>
    public string What => what;
    /// <summary>What was otherwise than without a crash.</summary>
    public string Difference => difference;
    /// <inheritdoc />
    public override string ToString() => $"Crash {(before ? "before" : "after")} point {point} ({what}): {difference}";
}

/// <summary>What came of a workflow whose node crashed at each durable point in turn.</summary>
public sealed class CrashReport
{
    internal CrashReport(int points, int runs, IReadOnlyList<CrashDifference> differences, int notCompared, int inAnotherOrder) =>
        (Points, Runs, Differences, NotCompared, InAnotherOrder) = (points, runs, differences, notCompared, inAnotherOrder);

    /// <summary>How many durable points there were.</summary>
    public int Points { get; }
    /// <summary>How many runs were compared with the one without a crash: two for each point.</summary>
    public int Runs { get; }
    /// <summary>What was otherwise, by durable point.</summary>
    public IReadOnlyList<CrashDifference> Differences { get; }
    /// <summary>
    /// How many times an instance was left out, since people decided otherwise at its gate than without a crash, or since it took another way by an order of messages and people that it cannot be given again.
    /// </summary>
    public int NotCompared { get; }
    /// <summary>
    /// How many times an instance, with its children, took another way because a message or a person came before a moment or an answer that came first without a crash, or after it. Each was run again alone, where
    /// everything comes in that order, and took the same course; else it is a difference.
    /// </summary>
    public int InAnotherOrder { get; }
    /// <summary>Whether no crash changed anything.</summary>
    public bool Passed => Differences.Count == 0;

    /// <inheritdoc />
    public override string ToString() => string.Join('\n', Differences.Select(d => d.ToString()).Prepend(
        $"{Points} durable points, {Runs} crashes, {Differences.Count} differences.{Times(InAnotherOrder, "took another way by the order in which messages and people came to it, and rightly")}{Times(NotCompared, "could not be compared")}"));

    private static string Times(int times, string what) => times == 0 ? "" : $" {times} times an instance {what}.";
}
