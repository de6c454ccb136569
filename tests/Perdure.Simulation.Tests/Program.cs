using System.Globalization;

namespace Perdure.Simulation.Tests;

/// <summary>The tests; or, where asked, a process of its own that runs seeds and says what came of them.</summary>
public static class Program
{
    /// <summary>Followed by the name of a world and seeds: prints the hash of each one's trace, and how many work items the thread pool completed meanwhile.</summary>
    public const string Traces = "--traces";

    /// <summary>The worlds that are sampled: between them they have every kind of thing that happens in one.</summary>
    internal static IReadOnlyDictionary<string, Func<Simulate>> Worlds { get; } = new Dictionary<string, Func<Simulate>>(StringComparer.Ordinal)
    {
        ["trips"] = () => ATripIsSimulated.Trips.Nodes(3),
        ["messages"] = () => CrashesMeetPeople.Patient.Nodes(2),      // awaited for a time, and some come too late
        ["everything"] = () => PlantedBugs.Scenario.Entry.World(),      // children awaited by their keys, messages, gates, races, people who pause and cancel
        ["everything on shared lanes"] = () => PlantedBugs.Scenario.Entry.World().SharesLanes(7),
        ["transactions"] = () => PlantedBugs.Scenario.Entry.Inside(zombies: false),
        ["mixed versions"] = () => VersionsAreMixed.Upgraded,
    };

    public static int Main(string[] args)
    {
        if (args is not [Traces, ..]) return Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args).GetAwaiter().GetResult();
        var (hashes, workItems) = Worlds[args[1]]().TracesOf([.. args.Skip(2).Select(seed => ulong.Parse(seed, CultureInfo.InvariantCulture))]);
        foreach (var hash in hashes) Console.WriteLine(hash);
        Console.WriteLine(workItems);
        return 0;
    }
}
