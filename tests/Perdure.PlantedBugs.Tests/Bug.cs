namespace Perdure.PlantedBugs.Tests;

/// <summary>A piece of source and what takes its place.</summary>
/// <param name="File">The file, from the repository's root.</param>
/// <param name="Was">What is there, exactly once.</param>
/// <param name="Becomes">What takes its place.</param>
public sealed record Change(string File, string Was, string Becomes)
{
    /// <summary>The source with the change.</summary>
    public string Apply(string source)
    {
        var first = source.IndexOf(Was, StringComparison.Ordinal);
        if (first < 0 || source.IndexOf(Was, first + 1, StringComparison.Ordinal) >= 0)
            throw new InvalidOperationException($"{File} has this {(first < 0 ? "nowhere" : "more than once")}, so that the bug cannot be planted: {Was}");
        return string.Concat(source.AsSpan(0, first), Becomes, source.AsSpan(first + Was.Length));
    }
}

/// <summary>A bug that is planted on purpose.</summary>
/// <param name="Name">A short stable name.</param>
/// <param name="Means">What is wrong.</param>
/// <param name="Changes">Where it is put.</param>
public sealed record Bug(string Name, string Means, params Change[] Changes)
{
    /// <summary>Further places, where one is not enough.</summary>
    public IReadOnlyList<Change> More { get; init; } = [];

    /// <summary>Whether it is looked for where nodes share lanes.</summary>
    public bool Shares { get; init; }

    /// <summary>Whether it is looked for in the workflow whose operations run inside of transactions; then <see cref="Shares"/> says whether nodes become zombies there.</summary>
    public bool Transacts { get; init; }

    /// <summary>Whether the scenario's own invariants are left out, so that the oracles that every simulation has must see it.</summary>
    public bool BuiltInOnly { get; init; }

    /// <summary>Which oracles may be the first to see it.</summary>
    public IReadOnlyList<string> Seen { get; init; } = [];

    /// <inheritdoc />
    public override string ToString() => Name;
}
