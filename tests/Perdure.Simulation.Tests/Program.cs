using System.Globalization;

namespace Perdure.Simulation.Tests;

/// <summary>The tests; or, where asked, a process of its own that runs seeds and says what came of them.</summary>
public static class Program
{
    /// <summary>Followed by seeds: prints the hash of each one's trace, and how many work items the thread pool completed meanwhile.</summary>
    public const string Traces = "--traces";

    public static int Main(string[] args)
    {
        if (args is not [Traces, ..]) return Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args).GetAwaiter().GetResult();
        var (hashes, workItems) = ATripIsSimulated.Trips.Nodes(3).TracesOf([.. args.Skip(1).Select(seed => ulong.Parse(seed, CultureInfo.InvariantCulture))]);
        foreach (var hash in hashes) Console.WriteLine(hash);
        Console.WriteLine(workItems);
        return 0;
    }
}
