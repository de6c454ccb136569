using System.Diagnostics;
using Perdure.Kernel;

namespace Perdure.Bench;

/// <summary>
/// Very many instances in the middle of an operation when their node is killed: how long until the other node has every one of them progressing again, by a commit of its own. An instance of this
/// bench ends with its next commit, so that the store's counts tell when all have.
/// </summary>
internal static class RecoveryBench
{
    public static async Task Run(Options options)
    {
        List<double> first = [], all = [];
        var count = options.Int("InFlight", 100_000);
        for (var run = 1; run <= options.Int("Runs", 3); run++)
        {
            var database = await BenchDatabase.Create(options, "perdure_bench_recovery");
            await using (var holder = Node(database, count, holds: true))
            await using (var heir = Node(database, 0, holds: false))
            {
                await holder.Mark("ready");
                await heir.Mark("ready");
                await Task.Delay(TimeSpan.FromSeconds(options.Double("Settle", 5)));      // until the lanes are spread
                var before = await Ended(database);
                await holder.Go();
                await holder.Mark("started");
                var since = Stopwatch.GetTimestamp();
                holder.Kill();
                double? began = null;
                for (long ended = 0; ended < count;)
                {
                    await Task.Delay(20);
                    ended = await Ended(database) - before;
                    var elapsed = Stopwatch.GetElapsedTime(since);
                    if (ended > 0) began ??= elapsed.TotalSeconds;
                    if (elapsed > TimeSpan.FromMinutes(5)) throw new TimeoutException($"After {elapsed} {ended:N0} of {count:N0} go on.");
                }
                first.Add(began!.Value);
                all.Add(Stopwatch.GetElapsedTime(since).TotalSeconds);
            }
            Console.WriteLine($"recover run {run}: {count:N0} in flight at a node that is killed; the first progresses after {first[^1]:0.00} s, all after {all[^1]:0.00} s");
            await database.Drop();
        }
        Console.WriteLine($"recover {count:N0} in flight: first {first.Median():0.00} s, all {all.Median():0.00} s at the median of {all.Count}   [{options.Command("recover")}]");
    }

    /// <summary>In a process of its own: a node that holds what it starts in its first operation, or lets everything end.</summary>
    public static async Task Node(Options options)
    {
        using var store = BenchStore.From(options);
        Hold.Holds = options.Text("Holds") == "true";
        var count = options.Int("Instances", 0);
        await using var node = await BenchNode.Open(store, o => (o.InFlightMax, o.QueueMax) = (1_000_000, 1_000_000));
        while (!node.Engine.Health.Ready) await Task.Delay(20);
        // A node that has been at work is compiled for good.
        if (!Hold.Holds) await Start("five-steps", options.Int("Warm", 20_000));
        options.Signal();
        await Start("held", count);
        Marks.Say("started");
        Console.In.ReadLine();

        Task Start(string workflow, int instances)
        {
            var input = FiveSteps.Input();
            return Parallel.ForAsync(0, instances, new ParallelOptions { MaxDegreeOfParallelism = 1_000 }, async (i, _) =>
            {
                // A lane that is just handed over refuses, as it would refuse anybody.
                while (await node.Engine.Start(new(workflow, $"{workflow}-{i}", input)) is not StartAnswer.Accepted) await Task.Delay(20);
            });
        }
    }

    private static Task<long> Ended(BenchDatabase database) => database.Ask<long>("SELECT coalesce(sum(n), 0)::bigint FROM perdure.tally WHERE status = 5");

    private static Child Node(BenchDatabase database, int instances, bool holds) =>
        Child.Start("recover-node", ("Store", "postgres"), ("Connection", database.Connection), ("Instances", instances), ("Holds", holds ? "true" : "false"), ("Signal", "true"));
}

/// <summary>One operation, then the end.</summary>
internal sealed class Held(Hold hold) : Workflow<Job>("held", version: 1)
{
    protected override Map<Job> Define(Map<Job> map) => map.Start("Begun").Runs(Work).End<Finished>("FINISHED");

    public async Task<To<Finished>> Work(IVisit<Job> visit, Job job) => new Finished((await visit.Run(hold, new(1))).Text.Length);
}

/// <summary>Goes on until its node is gone, where that node holds.</summary>
internal sealed class Hold : Irreversible<Portion, Produced>
{
    public static bool Holds { get; set; }

    public override async Task<Produced> Run(Portion input, Attempt attempt)
    {
        if (Holds) await Task.Delay(-1, attempt.Cancelled);
        return new("held");
    }
}
