namespace Perdure.Simulation;

/// <summary>Something that an exploration found.</summary>
/// <param name="kind"><c>never-reached</c>, <c>nowhere</c>, <c>compensation</c>, <c>deadline</c>, <c>incident</c>, or the promise that did not hold.</param>
/// <param name="state">The state; empty where it is none's.</param>
/// <param name="message">What was found.</param>
/// <param name="path">The shortest known way there: each operation with its outcome.</param>
public sealed class Finding(string kind, string state, string message, string path)
{
    /// <summary>What kind.</summary>
    public string Kind => kind;
    /// <summary>Which state.</summary>
    public string State => state;
    /// <summary>What was found.</summary>
    public string Message => message;
    /// <summary>The way there.</summary>
    public string Path => path;
    /// <inheritdoc />
    public override string ToString() => path.Length == 0 ? $"{kind}: {message}" : $"{kind}: {message} Path: {path}.";
}

/// <summary>What an exploration of a workflow found.</summary>
public sealed class ExploreReport
{
    private readonly int _depth;

    internal ExploreReport(IReadOnlyList<Finding> findings, int paths, int cutOff, int left, int depth) => (Findings, Paths, CutOff, Left, _depth) = (findings, paths, cutOff, left, depth);

    /// <summary>Everything that was found, incidents included.</summary>
    public IReadOnlyList<Finding> Findings { get; }
    /// <summary>How many paths were walked.</summary>
    public int Paths { get; }
    /// <summary>How many of them asked for more than the depth; there, operations succeed and gates approve.</summary>
    public int CutOff { get; }
    /// <summary>How many branches the bound of paths left unwalked, each with what is behind it.</summary>
    public int Left { get; }
    /// <summary>Whether every path was walked to its end.</summary>
    public bool Complete => CutOff == 0 && Left == 0;
    /// <summary>Whether nothing is wrong. An incident is not: somebody is paged, and goes on.</summary>
    public bool Passed => Findings.All(f => f.Kind == "incident");

    /// <inheritdoc />
    public override string ToString() => string.Join('\n', Findings.Select(f => f.ToString()).Append(
        Complete ? $"{Paths} paths: all there are."
        : $"{Paths} paths; {CutOff} of them ask for more than the depth of {_depth}, where everything succeeds{(Left > 0 ? $"; {Left} branches were left, since the bound of paths was reached" : "")}."));
}
