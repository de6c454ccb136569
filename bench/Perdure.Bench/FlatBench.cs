using System.Diagnostics;
using Perdure.Kernel;

namespace Perdure.Bench;

/// <summary>What must not grow with age: the time of a step late in a long visit, of a transition late in a long life, and of recovery after it.</summary>
internal static class FlatBench
{
    public static async Task Run(Options options)
    {
        using var store = BenchStore.From(options, "flat.db");
        var count = options.Int("Steps", 10_000);
        void Raise(PerdureOptions o) => o.Limits = o.Limits with { Visits = count * 2, JournalEntries = count * 2 };
        InstanceId last = default;
        await using (var node = await BenchNode.Open(store, Raise))
        {
            foreach (var (workflow, unit) in new[] {("five-steps", "steps in one visit"), ("rounds", "transitions of one instance") })
            {
                for (var run = 0; run < 2; run++)      // the first warms up
                {
                    var answer = await node.Engine.Start(new(workflow, $"{workflow}-{run}", FiveSteps.Input(count)));
                    await node.Ends.One();
                    last = ((StartAnswer.Accepted)answer).Instance;
                }
                List<DateTimeOffset> moments = [];
                for (var from = 1L; ; from += 1_000)
                {
                    var page = await node.Engine.History(last, from, 1_000);
                    moments.AddRange(page.Select(r => r.At));
                    if (page.Count < 1_000) break;
                }
                double Each(int from, int to) => (moments[to] - moments[from]).TotalMilliseconds / (to - from);
                var tenth = moments.Count / 10;
                var (begin, end) = (Each(tenth, 2 * tenth), Each(moments.Count - 1 - tenth, moments.Count - 1));
                Console.WriteLine($"flat    {count:N0} {unit}: {begin * 1000:0} µs each in the second tenth, {end * 1000:0} µs in the last: {end / begin:0.00} ×");
            }
        }
        for (var run = 0; run < 3; run++)
        {
            await using var node = await BenchNode.Open(store, Raise);
            var began = Stopwatch.GetTimestamp();
            var view = await node.Engine.Get(last);
            Console.WriteLine($"flat    recovery of an instance with {view!.Instance.Visit:N0} visits: {Stopwatch.GetElapsedTime(began).TotalMilliseconds:0.0} ms");
        }
    }
}
