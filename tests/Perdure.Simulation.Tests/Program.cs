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
        // The first run makes what is made once in a process.
        foreach (var seed in args.Skip(1)) Console.WriteLine(ATripIsSimulated.Trips.Nodes(3).TraceOf(ulong.Parse(seed, CultureInfo.InvariantCulture)));
        Console.WriteLine(ThreadPool.CompletedWorkItemCount);
        return 0;
    }
}
