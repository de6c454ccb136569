using System.Diagnostics;
using Perdure.Kernel;

namespace Perdure.Bench;

/// <summary>The whole engine on a store: the 5-step workflow with many in flight, and one at a time.</summary>
internal static class EngineBench
{
    public static async Task Throughput(Options options)
    {
        using var store = BenchStore.From(options, "engine.db");
        var (inFlight, seconds) = (options.Int("InFlight", 1_000), options.Double("Seconds", 10));
        await using (var node = await BenchNode.Open(store))
        {
            var (input, run) = (FiveSteps.Input(), Guid.NewGuid().ToString("n")[..8]);
            var workflow = options.Text("Workflow", "five-steps");
            if (workflow == "five-inside") await store.Execute(Inside.Table);
            long started = 0, ended = 0;
            var acknowledged = new System.Collections.Concurrent.ConcurrentBag<double>();
            async Task Start()
            {
                var asked = Stopwatch.GetTimestamp();
                var answer = await node.Engine.Start(new(workflow, $"{run}-{Interlocked.Increment(ref started)}", input));
                if (answer is not StartAnswer.Accepted) throw new InvalidOperationException($"Not started: {answer}");
                acknowledged.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            }

            async Task RunFor(double time)
            {
                var began = Stopwatch.GetTimestamp();
                while (Stopwatch.GetElapsedTime(began).TotalSeconds < time)
                {
                    await node.Ends.One();
                    ended++;
                    Observe(Start());
                }
            }

            options.Signal();
            for (var i = 0; i < inFlight; i++) Observe(Start());
            await RunFor(options.Double("Warmup", 8));      // until what runs often is compiled for good
            var (cpu, threads, allocated, collections) = (Process.GetCurrentProcess().TotalProcessorTime, Threads.Cpu(), GC.GetTotalAllocatedBytes(), GC.CollectionCount(0));
            acknowledged.Clear();
            node.Ends.TakeCommitTimes();
            var (before, commits, began) = (ended, node.Ends.Commits, Stopwatch.GetTimestamp());
            Marks.Say("begin");
            await RunFor(seconds);
            var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
            cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
            var commitTimes = node.Ends.TakeCommitTimes();
            Marks.Say("end", ("workflows", ended - before), ("seconds", took), ("cpu", cpu.TotalSeconds), ("commit", commitTimes.Median()));
            var steps = (ended - before) * FiveSteps.Steps;
            commits = node.Ends.Commits - commits;
            double[] waits = [.. acknowledged.Order()];
            var busy = Threads.Cpu().ToDictionary(t => t.Key, t => t.Value - threads.GetValueOrDefault(t.Key));
            // Where lanes have moved, some of what was started here ends elsewhere.
            using var patience = new CancellationTokenSource(options.Text("DrainWithin", "") is { Length: > 0 } within ? TimeSpan.FromSeconds(double.Parse(within)) : Timeout.InfiniteTimeSpan);
            while (ended < started && await node.Ends.One(patience.Token)) ended++;
            Marks.Say("drained", ("workflows", ended), ("batches", node.Ends.Commits));
            Console.WriteLine($"engine  {steps / took,10:N0} steps/s of {workflow}, {inFlight} in flight; {cpu.TotalMicroseconds / steps:0.0} µs of CPU a step, {cpu.TotalSeconds / took:0.00} cores: "
                + string.Join(", ", busy.Where(b => b.Value / took > 0.02).OrderByDescending(b => b.Value).Select(b => $"{b.Key} {b.Value / took:0.00}"))
                + $"; {(GC.GetTotalAllocatedBytes() - allocated) / (double)steps / 1000:0.0} KB allocated a step, {(GC.CollectionCount(0) - collections) / took:0.0} collections/s; {store.Bytes / 1e3 / ended:0.00} KB a workflow");
            Console.WriteLine($"engine  {commits / took:0} commits/s, {commits * FiveSteps.Steps / (double)steps:0.000} a workflow of 14 rows (instance, request key, 6 records, 5 tokens, transition); "
                + $"a batch is durable and answered in {commitTimes.Median():0.0} ms at the median, p99 {commitTimes[commitTimes.Length * 99 / 100]:0.0}; "
                + $"a start under this load is durable and answered in {waits[waits.Length / 2]:0.0} ms at the median, p99 {waits[waits.Length * 99 / 100]:0.0}, p99.9 {waits[waits.Length * 999 / 1000]:0.0}, longest {waits[^1]:0.0}");
            options.Found["engine"] = steps / took;
        }
    }

    public static async Task Latency(Options options)
    {
        using var store = BenchStore.From(options, "engine.db");
        await using (var node = await BenchNode.Open(store))
        {
            var (input, run) = (FiveSteps.Input(), Guid.NewGuid().ToString("n")[..8]);
            List<double> times = [], syncs = [];
            using var appends = new Appends(options.File("append"));
            for (var i = 0; i < options.Int("Workflows", 1_000) + 200; i++)
            {
                var began = Stopwatch.GetTimestamp();
                await node.Engine.Start(new("five-steps", $"{run}-{i}", input));
                await node.Ends.One();
                if (i < 200) continue;
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                if (i % 3 == 0) syncs.Add(appends.One());      // the volume's speed changes from minute to minute: it is asked in between
            }
            times.Sort();
            Marks.Say("latency", ("p50", times[times.Count / 2]), ("p99", times[times.Count * 99 / 100]), ("workflows", times.Count));
            var sync = FsyncBench.Report(syncs);
            Console.WriteLine($"latency {times[times.Count / 2]:0.00} ms median of a 5-step workflow alone (6 commits), p99 {times[times.Count * 99 / 100]:0.00} ms; {times[times.Count / 2] / sync:0.0} × the median fdatasync of a 4 KB append in between");
        }
    }

    private static void Observe(Task task) => task.ContinueWith(t => Environment.FailFast(t.Exception!.ToString()), TaskContinuationOptions.OnlyOnFaulted);
}
