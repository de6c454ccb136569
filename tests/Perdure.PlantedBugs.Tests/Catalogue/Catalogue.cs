namespace Perdure.PlantedBugs.Tests;

/// <summary>Every planted bug.</summary>
internal static partial class Catalogue
{
    private const string Kernel = "src/Perdure.Kernel/", Runtime = "src/Perdure/Runtime/", Replay = "src/Perdure/Replay/", Owning = "src/Perdure/Owning/", Database = "src/Perdure.Simulation/Database/", Faults = "src/Perdure.Simulation/Faults/";

    /// <summary>Those that every run of the tests looks for.</summary>
    public static IReadOnlyList<Bug> Caught => [.. All.Where(bug => InEveryRun.Contains(bug.Name))];

    /// <summary>Those that were seen to be caught. The others wait for an oracle or a workload that catches them, or for a look.</summary>
    public static IReadOnlyList<Bug> Seen => [.. All.Where(bug => InEveryRun.Contains(bug.Name) || InLongRuns.Contains(bug.Name))];

    /// <summary>All of them, by what they break.</summary>
    public static IReadOnlyList<Bug> All { get; } = [.. Bodies, .. Sagas, .. Waiting, .. Attempts, .. Ownership, .. Sharing, .. Commits, .. Transacting, .. Paging, .. Leaks];

    /// <summary>Those that a run looks for: a part; with PLANTED_ALL all that were seen to be caught; with PLANTED only those that it names, separated by commas.</summary>
    public static IReadOnlyList<Bug> Asked =>
        Environment.GetEnvironmentVariable("PLANTED") is { } names ? [.. All.Where(bug => names.Split(',').Contains(bug.Name))] : Environment.GetEnvironmentVariable("PLANTED_ALL") is null ? Caught : Seen;

    private static Bug Shared(string name, string means, string file, string was, string becomes) => Planted(name, means, file, was, becomes) with { Shares = true };

    private static Bug Planted(string name, string means, string file, string was, string becomes) => new(name, means, new Change(file, was, becomes));
}
