namespace Perdure.PlantedBugs.Tests;

/// <summary>Every planted bug.</summary>
internal static partial class Catalogue
{
    private const string Kernel = "src/Perdure.Kernel/", Runtime = "src/Perdure/Runtime/", Replay = "src/Perdure/Replay/", Database = "src/Perdure.Simulation/Database/", Faults = "src/Perdure.Simulation/Faults/";

    /// <summary>Those that were seen to be caught. The others wait for an oracle or a workload that catches them, or for a look.</summary>
    public static IReadOnlyList<Bug> Caught => [.. All.Where(bug => SeenToBeCaught.Contains(bug.Name))];

    /// <summary>All of them, by what they break.</summary>
    public static IReadOnlyList<Bug> All { get; } = [.. Bodies, .. Sagas, .. Waiting, .. Attempts, .. Ownership, .. Commits];

    private static Bug Planted(string name, string means, string file, string was, string becomes) => new(name, means, new Change(file, was, becomes));
}
