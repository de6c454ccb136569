using System.Collections.Immutable;
using System.Globalization;

namespace Perdure.Simulation.Reporting;

/// <summary>All that makes a run what it is, apart from the code: the seed, the workload, and which faults. Written as one line, and read again.</summary>
internal sealed record Recipe(ulong Seed)
{
    private static readonly char[] Between = [' '];

    public string Build { get; init; } = "";
    public int Nodes { get; init; } = 1;
    /// <summary>How many lanes the nodes share; 0 where each has one for ever.</summary>
    public int Lanes { get; init; }
    /// <summary>How many instances of each load are started.</summary>
    public ImmutableArray<int> Starts { get; init; } = [];
    /// <summary>Starts that were left out, by their load and their number in it from 1.</summary>
    public ImmutableSortedSet<(int Load, int Number)> Unasked { get; init; } = [];
    /// <summary>How many instances are started.</summary>
    public int StartCount => Starts.Sum() - Unasked.Count(start => start.Load < Starts.Length && start.Number <= Starts[start.Load]);
    /// <summary>How many messages of each kind every instance is sent.</summary>
    public ImmutableArray<int> Sends { get; init; } = [];
    /// <summary>Whether the people who pause instances were left out.</summary>
    public bool WithoutPauses { get; init; }
    /// <summary>Whether the people who cancel instances were left out.</summary>
    public bool WithoutCancels { get; init; }
    public bool Faulty { get; init; } = true;
    public bool OnlyNamed { get; init; }
    public TimeSpan FaultsFor { get; init; } = TimeSpan.FromSeconds(30);
    public bool Operator { get; init; } = true;
    /// <summary>Rates that were set.</summary>
    public ImmutableSortedDictionary<FaultKind, double> Rates { get; init; } = ImmutableSortedDictionary<FaultKind, double>.Empty;
    /// <summary>Kinds that were switched off while the run was minimised.</summary>
    public ImmutableSortedSet<FaultKind> Off { get; init; } = [];
    /// <summary>Strikes that were left out, by their number.</summary>
    public ImmutableSortedSet<int> Skipped { get; init; } = [];

    /// <summary>Which requests and attempts are struck, by their number among those that the kind could strike; null where the dice say.</summary>
    public ImmutableSortedSet<(FaultKind Kind, int Number)>? Pinned { get; init; }

    /// <summary>Scripted faults that were left out, by their number from 1.</summary>
    public ImmutableSortedSet<int> Unscripted { get; init; } = [];

    /// <summary>The rate of a kind that is not left out; null leaves it to the seed.</summary>
    public double? Rate(FaultKind kind) => Rates.TryGetValue(kind, out var rate) ? rate : OnlyNamed || Faults.FaultMix.IsOffUnlessSet(kind) ? 0 : null;

    public override string ToString()
    {
        List<string> parts = [$"build={Build.Replace(' ', '_')}", Part("seed", Seed), Part("nodes", Nodes), $"starts={List(Starts, s => s.ToString(CultureInfo.InvariantCulture))}", $"faults={(Faulty ? OnlyNamed ? "named" : "all" : "none")}",
            Part("faults-for", FaultsFor.ToString("c", CultureInfo.InvariantCulture)), $"operator={(Operator ? "yes" : "no")}"];
        if (Lanes > 0) parts.Add(Part("lanes", Lanes));
        if (!Unasked.IsEmpty) parts.Add($"unasked={List(Unasked, s => string.Create(CultureInfo.InvariantCulture, $"{s.Load}:{s.Number}"))}");
        if (!Rates.IsEmpty) parts.Add($"rates={List(Rates, r => string.Create(CultureInfo.InvariantCulture, $"{r.Key}:{r.Value:R}"))}");
        if (!Sends.IsEmpty) parts.Add($"sends={List(Sends, s => s.ToString(CultureInfo.InvariantCulture))}");
        if (WithoutPauses) parts.Add("pauses=no");
        if (WithoutCancels) parts.Add("cancels=no");
        // Whichever is shorter.
        if (2 * Off.Count > All.Length) parts.Add($"on={List(All.Except(Off), k => k.ToString())}");
        else if (!Off.IsEmpty) parts.Add($"off={List(Off, k => k.ToString())}");
        if (Pinned is { } pinned) parts.Add($"strikes={List(pinned, p => string.Create(CultureInfo.InvariantCulture, $"{p.Kind}:{p.Number}"))}");
        if (!Skipped.IsEmpty) parts.Add($"skip={List(Skipped, s => s.ToString(CultureInfo.InvariantCulture))}");
        if (!Unscripted.IsEmpty) parts.Add($"unscripted={List(Unscripted, s => s.ToString(CultureInfo.InvariantCulture))}");
        return string.Join(' ', parts);

        static string List<T>(IEnumerable<T> items, Func<T, string> text) => string.Join(',', items.Select(text));
        static string Part<T>(string name, T value) => string.Create(CultureInfo.InvariantCulture, $"{name}={value}");
    }

    private static readonly ImmutableArray<FaultKind> All = [.. Enum.GetValues<FaultKind>()];

    /// <exception cref="FormatException">The line is not one of a report.</exception>
    public static Recipe Parse(string line)
    {
        var recipe = new Recipe(0);
        foreach (var part in line.Split(Between, StringSplitOptions.RemoveEmptyEntries))
        {
            var at = part.IndexOf('=', StringComparison.Ordinal);
            if (at < 0) throw new FormatException($"'{part}' is not name=value.");
            var value = part[(at + 1)..];
            var items = value.Split(',', StringSplitOptions.RemoveEmptyEntries);
            recipe = part[..at] switch
            {
                "build" => recipe with { Build = value },
                "seed" => recipe with { Seed = ulong.Parse(value, CultureInfo.InvariantCulture) },
                "nodes" => recipe with { Nodes = Number(value) },
                "lanes" => recipe with { Lanes = Number(value) },
                "starts" => recipe with { Starts = [.. items.Select(Number)] },
                "unasked" => recipe with { Unasked = [.. items.Select(i => i.Split(':')).Select(p => (Number(p[0]), Number(p[1])))] },
                "faults" => recipe with { Faulty = value != "none", OnlyNamed = value == "named" },
                "faults-for" => recipe with { FaultsFor = TimeSpan.ParseExact(value, "c", CultureInfo.InvariantCulture) },
                "operator" => recipe with { Operator = value == "yes" },
                "rates" => recipe with { Rates = items.Select(i => i.Split(':')).ToImmutableSortedDictionary(p => Enum.Parse<FaultKind>(p[0]), p => double.Parse(p[1], CultureInfo.InvariantCulture)) },
                "sends" => recipe with { Sends = [.. items.Select(Number)] },
                "pauses" => recipe with { WithoutPauses = value == "no" },
                "cancels" => recipe with { WithoutCancels = value == "no" },
                "off" => recipe with { Off = [.. items.Select(Enum.Parse<FaultKind>)] },
                "on" => recipe with { Off = [.. All.Except(items.Select(Enum.Parse<FaultKind>))] },
                "strikes" => recipe with { Pinned = [.. items.Select(i => i.Split(':')).Select(p => (Enum.Parse<FaultKind>(p[0]), Number(p[1])))] },
                "unscripted" => recipe with { Unscripted = [.. items.Select(Number)] },
                "skip" => recipe with { Skipped = [.. items.Select(Number)] },
                var other => throw new FormatException($"A line has no '{other}'."),
            };
        }
        return recipe;

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }
}
