using System.Diagnostics;
using System.Text;
using Perdure.Kernel;

namespace Perdure.Bench;

/// <summary>A node that starts where very many instances wait on timers: made by the engine, opened by a process of its own.</summary>
internal static class StartupBench
{
    public static async Task Run(Options options)
    {
        using var store = BenchStore.From(options, "startup.db");
        var path = store.Path;
        var count = options.Int("Instances", 1_000_000);
        await using (var node = await BenchNode.Open(store))
        {
            var began = Stopwatch.GetTimestamp();
            using var room = new SemaphoreSlim(2_000);
            for (var i = 0; i < count; i++)
            {
                await room.WaitAsync();
                _ = node.Engine.Start(new("sleeper", $"k{i}", Encoding.UTF8.GetBytes($$"""{"name":"{{i}}","days":{{1 + i % 60}}}"""))).ContinueWith(t =>
                {
                    if (t.Result is not StartAnswer.Accepted) Environment.FailFast($"Not started: {t.Result}");
                    room.Release();
                });
            }
            for (var i = 0; i < 2_000; i++) await room.WaitAsync();
            Console.WriteLine($"startup {count:N0} instances put to sleep in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s; {new FileInfo(path).Length / 1e6:0} MB");
        }
        for (var run = 0; run < 3; run++)
        {
            using var process = Process.Start(Child.Command("open", $"--Path={path}"))!;
            await process.WaitForExitAsync();
        }
    }

    /// <summary>The other process: opens, says how long it took from the process's first moment, and what it holds.</summary>
    public static async Task Open(Options options)
    {
        await using var node = await BenchNode.Open(BenchStore.Existing(options, options.Text("Path")));
        while (!node.Engine.Health.Ready) await Task.Yield();
        var self = Process.GetCurrentProcess();
        var took = DateTime.Now - self.StartTime;
        await Task.Delay(TimeSpan.FromSeconds(2));      // what the first scans bring into memory counts
        self.Refresh();
        Console.WriteLine($"startup ready {took.TotalSeconds:0.00} s after the process began; {self.WorkingSet64 / 1e6:0} MB resident 2 s later, {self.PeakWorkingSet64 / 1e6:0} MB at the most; {node.Engine.Health.Hot} instances in memory");
    }
}

internal sealed record Nap(string Name, int Days);

internal sealed class Sleeper() : Workflow<Nap>("sleeper", version: 1)
{
    protected override Map<Nap> Define(Map<Nap> map) => map.Start("Asleep", within: TimeSpan.FromDays(90)).Runs(Sleep).End<Finished>("AWAKE");

    public async Task<To<Finished>> Sleep(IVisit<Nap> visit, Nap nap)
    {
        await visit.Sleep(TimeSpan.FromDays(nap.Days));
        return new Finished(nap.Days);
    }
}
