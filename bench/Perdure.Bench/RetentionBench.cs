using System.Diagnostics;
using System.Diagnostics.Metrics;
using Perdure.Kernel;

namespace Perdure.Bench;

/// <summary>The 5-step workflow on a PostgreSQL store that holds many finished instances: steps a second with nothing removed, and while all of them are, by turns in one run.</summary>
internal static class RetentionBench
{
    public static async Task Run(Options options)
    {
        var database = await GrowthBench.Fill(options);
        List<double> without = [], with = [], removals = [];
        for (var run = 1; run <= options.Int("Runs", 3); run++)
        {
            without.Add((await Load(options, database, removes: false)).Steps);
            var (steps, removed) = await Load(options, database, removes: true);
            with.Add(steps);
            removals.Add(removed);
            Console.WriteLine($"retention  run {run}: {without[^1]:N0} steps/s with nothing removed, {steps:N0} while {removed:N0} instances/s are removed; {await Finished(database):N0} finished ones are left");
        }
        Console.WriteLine($"retention  {with.Median():N0} steps/s while {removals.Median():N0} instances/s are removed, {without.Median():N0} with nothing removed: {with.Median() / without.Median():P0}   (medians of {with.Count})");
        Console.WriteLine($"retention  [{options.Command("retention")}]");
        await database.Drop();
    }

    private static Task<long> Finished(BenchDatabase database) => database.Ask<long>("SELECT count(*) FROM perdure.instance WHERE status = 5");

    private static async Task<(double Steps, double Removed)> Load(Options options, BenchDatabase database, bool removes)
    {
        var (removed, input, run) = (0L, FiveSteps.Input(), Guid.NewGuid().ToString("n")[..8]);
        using var listener = new MeterListener { InstrumentPublished = (instrument, l) => { if (instrument.Name == "perdure.retention.removed") l.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref removed, count));
        listener.Start();
        using var store = BenchStore.Of(options, database.Connection);
        await using var node = await BenchNode.Open(store, o => o.Retention = removes ? new() { FinishedFor = null, FinishedMax = 0, Every = TimeSpan.FromMilliseconds(500) } : new() { FinishedFor = null, KeysFor = null });
        long started = 0, ended = 0;
        async Task Start()
        {
            if (await node.Engine.Start(new("five-steps", $"{run}-{Interlocked.Increment(ref started)}", input)) is not StartAnswer.Accepted) throw new InvalidOperationException("Not started.");
        }
        async Task For(double seconds)
        {
            for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began).TotalSeconds < seconds; ended++)
            {
                await node.Ends.One();
                _ = Start();
            }
        }
        for (var i = 0; i < options.Int("InFlight", 1_000); i++) _ = Start();
        await For(options.Double("Warmup", 5));
        var (before, gone, at) = (ended, Interlocked.Read(ref removed), Stopwatch.GetTimestamp());
        await For(options.Double("Seconds", 10));
        var took = Stopwatch.GetElapsedTime(at).TotalSeconds;
        var figures = ((ended - before) * FiveSteps.Steps / took, (Interlocked.Read(ref removed) - gone) / took);
        for (; ended < started; ended++) await node.Ends.One();
        return figures;
    }
}
