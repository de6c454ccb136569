using System.Diagnostics;
using System.Text;
using Perdure.Kernel;

namespace Perdure.Bench;

/// <summary>A PostgreSQL store with very many instances against an empty one: throughput, the disk that a finished workflow takes, and a node that has nothing to do but to wait.</summary>
internal static class GrowthBench
{
    private const string Full = "perdure_bench_full", Empty = "perdure_bench_empty";

    public static async Task Run(Options options)
    {
        var kept = options.Text("Keep", "false") == "true" ? await BenchDatabase.Find(options, Full, Holds(options)) : null;
        var full = kept ?? await Fill(options);
        List<double> onEmpty = [], onFull = [], each = [];
        for (var run = 1; run <= options.Int("Runs", 3); run++)
        {
            var empty = await BenchDatabase.Create(options, Empty);
            var before = await Disk(empty);
            var (steps, workflows) = await Throughput(options, empty);
            onEmpty.Add(steps);
            each.Add((await Disk(empty) - before) / workflows);
            await empty.Drop();
            onFull.Add((await Throughput(options, full)).Steps);
            Console.WriteLine($"growth  run {run}: {onEmpty[^1]:N0} steps/s on the empty one, {onFull[^1]:N0} on the full one; {each[^1]:N0} bytes a finished workflow on the empty one");
        }
        var idle = new List<(double Cores, double Server, double Megabytes)>();
        for (var run = 0; run < options.Int("Runs", 3); run++) idle.Add(await Idle(options, full));
        Console.WriteLine($"growth  {onEmpty.Median():N0} steps/s on an empty store, {onFull.Median():N0} with {Of(options, "Finished")} finished and {Of(options, "Waiting")} waiting instances: "
            + $"{onFull.Median() / onEmpty.Median():P0}   (medians of {onEmpty.Count})");
        Console.WriteLine($"growth  {each.Median():N0} bytes of disk for a finished 5-step workflow");
        Console.WriteLine($"growth  idle with {Of(options, "Waiting")} waiting: {idle.Select(i => i.Cores).Median():P1} of a core and {idle.Select(i => i.Megabytes).Median():0} MB in the node, {idle.Select(i => i.Server).Median():P1} of a core in PostgreSQL");
        Console.WriteLine($"growth  [{options.Command("growth")}]");
        if (options.Text("Keep", "false") != "true") await full.Drop();
    }

    private static string Of(Options options, string what) => options.Int(what, what == "Finished" ? 10_000_000 : 1_000_000).ToString("N0");

    private static string Holds(Options options) => $"{Of(options, "Finished")} finished, {Of(options, "Waiting")} waiting";

    public static async Task<BenchDatabase> Fill(Options options)
    {
        var database = await BenchDatabase.Create(options, Full);
        var (finished, waiting) = (options.Int("Finished", 10_000_000), options.Int("Waiting", 1_000_000));
        var first = Math.Min(1_000, Math.Min(finished, waiting));
        await using (var child = Child.Start("first", ("Store", "postgres"), ("Connection", database.Connection), ("Instances", first)))
        {
            await child.Mark("made");
            await child.Done();
        }
        var (began, before) = (Stopwatch.GetTimestamp(), await Disk(database));
        var fill = new Fill(database, options.Text("Schema", "perdure"));
        await fill.Multiply("five-steps", finished / first - 1);
        Console.WriteLine($"growth  {(await Disk(database) - before) / (double)(finished - first):N0} bytes a finished workflow as filled");
        await fill.Multiply("sleeper", waiting / first - 1);
        Console.WriteLine($"growth  filled in {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s; vacuum and checkpoint…");
        await database.Execute("VACUUM (ANALYZE)");
        await database.Execute("CHECKPOINT");
        Console.WriteLine($"growth  {await Disk(database) / 1e9:0.0} GB after {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s");
        await database.Mark(Holds(options));
        return database;
    }

    /// <summary>In a process of its own: what the fill makes many of.</summary>
    public static async Task First(Options options)
    {
        using var store = BenchStore.From(options);
        await using var node = await BenchNode.Open(store);
        var count = options.Int("Instances", 1_000);
        async Task Start(string workflow, string key, byte[] input)
        {
            if (await node.Engine.Start(new(workflow, key, input)) is not StartAnswer.Accepted) throw new InvalidOperationException($"{workflow} {key} was not started.");
        }
        await Task.WhenAll(Enumerable.Range(0, count).Select(i => Start("five-steps", $"first-{i}", FiveSteps.Input())));
        for (var i = 0; i < count; i++) await node.Ends.One();
        await Task.WhenAll(Enumerable.Range(0, count).Select(i => Start("sleeper", $"first-{i}", Encoding.UTF8.GetBytes($$"""{"name":"{{i}}","days":{{1 + i % 60}}}"""))));
        Marks.Say("made");
    }

    /// <summary>In a process of its own: a node that waits.</summary>
    public static async Task Wait(Options options)
    {
        using var store = BenchStore.From(options);
        await using var node = await BenchNode.Open(store);
        while (!node.Engine.Health.Ready) await Task.Delay(50);
        await Task.Delay(TimeSpan.FromSeconds(options.Double("Settle", 10)));      // what is read at the start is no idling
        Marks.Say("begin");
        var (cpu, began) = (Process.GetCurrentProcess().TotalProcessorTime, Stopwatch.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(options.Double("Seconds", 20)));
        var self = Process.GetCurrentProcess();
        var cores = (self.TotalProcessorTime - cpu) / Stopwatch.GetElapsedTime(began);
        Marks.Say("end", ("cores", cores), ("megabytes", self.WorkingSet64 / 1e6));
        Console.WriteLine($"idle    {cores:P1} of a core, {self.WorkingSet64 / 1e6:0} MB resident, {self.PeakWorkingSet64 / 1e6:0} at the most; {node.Engine.Health.Hot} instances in memory");
    }

    private static async Task<(double Steps, double Workflows)> Throughput(Options options, BenchDatabase database)
    {
        await using var child = Child.Start("engine", ("Store", "postgres"), ("Connection", database.Connection), ("InFlight", options.Int("InFlight", 1_000)), ("Seconds", options.Double("Seconds", 10)), ("Warmup", options.Double("Warmup", 8)));
        var end = await child.Mark("end");
        var drained = await child.Mark("drained");
        await child.Done();
        return (end.GetProperty("workflows").GetDouble() * FiveSteps.Steps / end.GetProperty("seconds").GetDouble(), drained.GetProperty("workflows").GetDouble());
    }

    private static async Task<(double Cores, double Server, double Megabytes)> Idle(Options options, BenchDatabase database)
    {
        await using var child = Child.Start("idle", ("Store", "postgres"), ("Connection", database.Connection), ("Seconds", options.Double("IdleSeconds", 20)), ("Settle", options.Double("Settle", 10)));
        var server = DatabaseCpu.Of(database.Connection);
        await child.Mark("begin");
        var (used, began) = (server.Seconds(), Stopwatch.GetTimestamp());
        var end = await child.Mark("end");
        var found = (end.GetProperty("cores").GetDouble(), (server.Seconds() - used) / Stopwatch.GetElapsedTime(began).TotalSeconds, end.GetProperty("megabytes").GetDouble());
        await child.Done();
        return found;
    }

    private static Task<long> Disk(BenchDatabase database) => database.Ask<long>("SELECT pg_database_size(current_database())");
}
