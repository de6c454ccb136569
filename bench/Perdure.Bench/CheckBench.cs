using Perdure.Kernel;

namespace Perdure.Bench;

/// <summary>Whether workflows do what is measured: each ran its steps, and a node that starts afterwards reads their results from the store.</summary>
internal static class CheckBench
{
    public static async Task Run(Options options)
    {
        using var store = BenchStore.From(options);
        var count = options.Int("Workflows", 20);
        List<InstanceId> instances = [];
        await using (var node = await BenchNode.Open(store))
        {
            for (var i = 0; i < count; i++) instances.Add(await Start(node, i, created: true));
            for (var i = 0; i < count; i++) await node.Ends.One();
        }
        var (ended, steps) = (0, 0);
        await using (var node = await BenchNode.Open(store))
            for (var i = 0; i < count; i++)
            {
                var again = await Start(node, i, created: false);
                if (again != instances[i]) throw new InvalidOperationException($"The key of {instances[i]} gave {again}.");
                var events = (await node.Engine.History(again, 1, 100)).SelectMany(record => record.Events).ToList();
                steps += events.OfType<StepSucceeded>().Count();
                ended += events.OfType<Transitioned>().Count(t => t.IsEnd);
            }
        Marks.Say("checked", ("ended", ended), ("steps", steps));
        Console.WriteLine($"check   {count} workflows on {store.Name}: {ended} ended, {steps} steps in their histories");
        if (ended != count || steps != count * FiveSteps.Steps) throw new InvalidOperationException($"{count} workflows should have ended after {count * FiveSteps.Steps} steps.");
    }

    private static async Task<InstanceId> Start(BenchNode node, int number, bool created) =>
        await node.Engine.Start(new("five-steps", $"check-{number}", FiveSteps.Input())) is StartAnswer.Accepted accepted && accepted.Created == created ? accepted.Instance
            : throw new InvalidOperationException($"The start of check-{number} was not {(created ? "accepted" : "known")}.");
}
