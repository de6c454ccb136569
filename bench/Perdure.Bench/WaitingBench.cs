using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Sqlite;

namespace Perdure.Bench;

/// <summary>Opening a store in which very many instances wait on timers.</summary>
internal static class WaitingBench
{
    public static async Task Run(Options options)
    {
        var path = options.File("waiting.db");
        var (instances, due) = (options.Int("Instances", 1_000_000), DateTimeOffset.UtcNow.AddDays(1));
        await using (var store = new SqliteStore(new() { Path = path }, NullLogger<SqliteStore>.Instance))
        {
            var lease = (await store.Open(new("bench", Environment.ProcessId, "bench"), default)).Lanes[0];
            await store.Register(Workflows.Map, default);
            var work = new Workflows();
            var began = Stopwatch.GetTimestamp();
            for (var number = 1; number <= instances / 1_000; number++)
            {
                var items = new Item[1_000];
                for (var i = 0; i < items.Length; i++) items[i] = Waiting(work, due.AddMilliseconds(number));
                var done = new TaskCompletionSource<CommitAnswer>();
                store.Commit(new(0, lease.Epoch, number, items), done.SetResult);
                if (await done.Task is not CommitAnswer.Committed) throw new InvalidOperationException("A batch was not written.");
            }
            Console.WriteLine($"waiting {instances:N0} instances written in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
        }
        GC.Collect();
        for (var i = 0; i < 3; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await using var store = new SqliteStore(new() { Path = path }, NullLogger<SqliteStore>.Instance);
            await store.Open(new("bench", Environment.ProcessId, "bench"), default);
            var opened = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            var active = await store.Active(0, default, 1_000, default);
            var timers = await store.Timers(0, DateTimeOffset.UtcNow, null, 1_000, default);
            var soonest = await store.NextTimer(0, DateTimeOffset.UtcNow, default);
            await store.LiveOperations(default);
            Console.WriteLine($"waiting opened in {opened:0} ms, all startup reads after {Stopwatch.GetElapsedTime(began).TotalMilliseconds:0} ms: {active.Count} active, {timers.Count} due, next {soonest:O}; "
                + $"{Environment.WorkingSet / 1e6:0} MB resident");
        }
        options.Remove(path);
    }

    private static Item Waiting(Workflows work, DateTimeOffset due)
    {
        var start = work.Turn(work.NewId(), 0);
        return new()
        {
            Instance = start.Instance, Workflow = start.Workflow, WorkflowVersion = 1, Start = start.Start, Version = 1, At = start.At, Body = start.Body, Hash = start.Hash,
            StateAfter = start.StateAfter, StatusAfter = Status.Waiting, TimersSet = [new(new(TimerKind.Sleep, 1), due)],
        };
    }
}
