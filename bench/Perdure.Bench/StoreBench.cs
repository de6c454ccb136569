using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Sqlite;

namespace Perdure.Bench;

/// <summary>The store alone: workflows of five steps in batches, two batches on their way at any time, as the runtime's group commit gives them.</summary>
internal static class StoreBench
{
    public static async Task Run(Options options)
    {
        var path = options.File("store.db");
        var (inFlight, batchItems) = (options.Int("InFlight", 1_000), options.Int("Batch", 1_000));
        var settings = new SqliteStoreOptions { Path = path };
        await using (var store = new SqliteStore(settings, NullLogger<SqliteStore>.Instance))
        {
            var lease = (await store.Open(new("bench", Environment.ProcessId, "bench"), default)).Lanes[0];
            await store.Register(Workflows.Map, default);
            var work = new Workflows();
            var ring = new (InstanceId Id, int Turn)[inFlight];
            for (var i = 0; i < inFlight; i++) ring[i] = (work.NewId(), 0);
            var (next, number) = (0, 0L);

            Batch Make()
            {
                var items = new Item[batchItems];
                for (var i = 0; i < items.Length; i++)
                {
                    ref var one = ref ring[next];
                    items[i] = work.Turn(one.Id, one.Turn);
                    one = one.Turn == Workflows.Steps ? (work.NewId(), 0) : (one.Id, one.Turn + 1);
                    next = (next + 1) % inFlight;
                }
                return new(lease.Lane, lease.Epoch, ++number, items);
            }

            using var room = new SemaphoreSlim(2);
            var latencies = new List<double>();
            CommitAnswer? bad = null;
            void Send(Batch batch)
            {
                room.Wait();
                var began = Stopwatch.GetTimestamp();
                store.Commit(batch, answer =>
                {
                    latencies.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                    if (answer is not CommitAnswer.Committed committed || committed.Items.Any(i => i is not ItemAnswer.Committed)) bad ??= answer;
                    room.Release();
                });
            }

            // Warm up, so that all instances in flight are at different steps.
            for (var i = 0; i < 100; i++) Send(Make());
            var (cpu, threads) = (Process.GetCurrentProcess().TotalProcessorTime, Threads.Cpu());
            var began = Stopwatch.GetTimestamp();
            latencies.Clear();
            long rows = 0, made = work.Made;
            while (Stopwatch.GetElapsedTime(began).TotalSeconds < options.Double("Seconds", 10))
            {
                Send(Make());
                rows += batchItems;
            }
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
            var busy = Threads.Cpu().ToDictionary(t => t.Key, t => t.Value - threads.GetValueOrDefault(t.Key));
            room.Wait();
            room.Wait();
            if (bad is not null) throw new InvalidOperationException($"A commit was not what it should be: {bad} {(bad as CommitAnswer.Committed)?.Items.First(i => i is not ItemAnswer.Committed)}");

            var workflows = rows / (double)(Workflows.Steps + 1) / seconds;
            latencies.Sort();
            Console.WriteLine($"store   {workflows * Workflows.Steps,10:N0} steps/s = {workflows:N0} workflows/s, {1e6 / workflows:0.0} µs each; batches of {batchItems}: {latencies.Count / seconds:0} commits/s, "
                + $"median {latencies[latencies.Count / 2]:0.0} ms, p99 {latencies[latencies.Count * 99 / 100]:0.0}, p99.9 {latencies[latencies.Count * 999 / 1000]:0.0}, longest {latencies[^1]:0.0}; {cpu.TotalSeconds / seconds:0.00} cores"
                + $" (writer {busy.GetValueOrDefault("perdure-writer") / seconds:0.00} = {busy.GetValueOrDefault("perdure-writer") * 1e6 / (workflows * seconds):0.0} µs a workflow, checkpoints {busy.GetValueOrDefault("perdure-ckpt") / seconds:0.00}); "
                + $"{new FileInfo(path).Length / 1e6 / work.Made * 1000:0.00} KB a workflow, WAL {new FileInfo(path + "-wal").Length / 1e6:0} MB");
            options.Found["store"] = workflows * Workflows.Steps;
            await store.Close(default);
        }
        options.Remove(path);
    }
}
