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
    internal CrashReport(int points, int runs, IReadOnlyList<CrashDifference> differences, int notCompared) => (Points, Runs, Differences, NotCompared) = (points, runs, differences, notCompared);

    /// <summary>How many durable points there were.</summary>
    public int Points { get; }
    /// <summary>How many runs were compared with the one without a crash: two for each point.</summary>
    public int Runs { get; }
    /// <summary>What was otherwise, by durable point.</summary>
    public IReadOnlyList<CrashDifference> Differences { get; }
    /// <summary>How many times an instance was left out, since people decided otherwise at its gate than without a crash.</summary>
    public int NotCompared { get; }
    /// <summary>Whether no crash changed anything.</summary>
    public bool Passed => Differences.Count == 0;

    /// <inheritdoc />
    public override string ToString() => string.Join('\n', Differences.Select(d => d.ToString()).Prepend($"{Points} durable points, {Runs} crashes, {Differences.Count} differences.{(NotCompared == 0 ? "" : $" {NotCompared} times an instance could not be compared, since people decided otherwise at its gate.")}"));
}
