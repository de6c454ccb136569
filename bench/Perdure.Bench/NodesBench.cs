using System.Diagnostics;

namespace Perdure.Bench;

/// <summary>The 5-step workflow on one, two and three nodes, each a process of its own, over one PostgreSQL: throughput, and the database's share of the processor time.</summary>
internal static class NodesBench
{
    public static async Task Run(Options options)
    {
        var most = options.Int("Nodes", 3);
        Dictionary<int, List<double>> found = [];
        for (var run = 1; run <= options.Int("Runs", 3); run++)
            for (var nodes = 1; nodes <= most; nodes++)
            {
                var database = await BenchDatabase.Create(options, "perdure_bench_nodes");
                var (steps, own, server) = await Measure(options, database, nodes);
                found.TryAdd(nodes, []);
                found[nodes].Add(steps);
                Console.WriteLine($"nodes   {nodes}: {steps,10:N0} steps/s, run {run}; {own:0.00} cores in the nodes, {server:0.00} in PostgreSQL ({server / (own + server):P0} of both)");
                await database.Drop();
            }
        foreach (var (nodes, rates) in found)
            Console.WriteLine($"nodes   {nodes}: {rates.Median(),10:N0} steps/s at the median of {rates.Count}, {rates.Median() / found[1].Median():0.00} × one node   [{options.Command("nodes")}]");
    }

    private static async Task<(double Steps, double Own, double Server)> Measure(Options options, BenchDatabase database, int nodes)
    {
        List<Child> children = [];
        try
        {
            for (var i = 0; i < nodes; i++)
                children.Add(Child.Start("engine", ("Store", "postgres"), ("Connection", database.Connection), ("InFlight", options.Int("InFlight", 1_000) / nodes), ("Seconds", options.Double("Seconds", 10)),
                    ("Warmup", options.Double("Warmup", 8)), ("Signal", "true"), ("DrainWithin", 15)));
            foreach (var child in children) await child.Mark("ready");
            await Task.Delay(TimeSpan.FromSeconds(nodes == 1 ? 0 : options.Double("Settle", 5)));      // until the lanes are spread
            foreach (var child in children) await child.Go();
            foreach (var child in children) await child.Mark("begin");
            var server = DatabaseCpu.Of(database.Connection);
            var (own, used, began) = (Own(children), server.Seconds(), Stopwatch.GetTimestamp());
            var ends = await Task.WhenAll(children.Select(child => child.Mark("end")));
            var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
            (own, used) = (Own(children) - own, server.Seconds() - used);
            foreach (var child in children) await child.Done();
            return (ends.Sum(end => end.GetProperty("workflows").GetDouble() * FiveSteps.Steps / end.GetProperty("seconds").GetDouble()), own / took, used / took);
        }
        finally
        {
            foreach (var child in children) await child.DisposeAsync();
        }
    }

    private static double Own(IEnumerable<Child> children) => children.Sum(child =>
    {
        using var process = Process.GetProcessById(child.Id);
        return process.TotalProcessorTime.TotalSeconds;
    });
}
