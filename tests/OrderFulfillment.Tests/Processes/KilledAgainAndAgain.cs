using System.Globalization;

namespace Shop.Tests.Processes;

/// <summary>Orders of all kinds, and a shop that is killed at random moments.</summary>
public sealed class KilledAgainAndAgain(ITestOutputHelper output)
{
    private const int Kills = 22, OrdersBetween = 12;

    [Fact(Timeout = 360_000)]
    public async Task Nothing_is_lost_and_nothing_is_done_twice()
    {
        var stop = TestContext.Current.CancellationToken;
        var seed = int.TryParse(Environment.GetEnvironmentVariable("PERDURE_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Random.Shared.Next();
        output.WriteLine($"PERDURE_SEED={seed}");
        var random = new Random(seed);
        var orders = Enumerable.Range(0, Kills * OrdersBetween).Select(n => TestOrder.Any($"o-{n}", random, n < TestOrder.Kinds ? n : random.Next(TestOrder.Kinds))).ToList();

        // An order that was at work at every one of so many deaths would be put aside as the one that causes them. Here it is never the order.
        await using var shop = await RunningShop.Open(stop);
        List<Task> placing = [];
        for (var kill = 0; kill < Kills; kill++)
        {
            placing.AddRange(orders.Skip(kill * OrdersBetween).Take(OrdersBetween).Select(shop.Place));
            // The random moment is the point here: nothing is waited for.
            await Task.Delay(random.Next(20, 2_000), stop);
            // Every fourth time once more while it starts: its files are open, what was at work is taken up, or it can just be reached.
            await shop.KillAndStart(diesStarting: kill % 4 == 3 ? ShopProcess.Stages[kill / 4 % ShopProcess.Stages.Count] : null);
        }
        await Task.WhenAll(placing);
        output.WriteLine($"{Kills} kills at work and {Kills / 4} while starting, {orders.Count} orders accepted.");

        await Eventually.Holds(async () => (await Task.WhenAll(orders.Chunk(orders.Count / 4 + 1).Select(Unsettled))).SelectMany(ids => ids).ToList(), left => left.Count == 0, stop, TimeSpan.FromSeconds(60));
        await Audit.Agrees(shop, orders);
        foreach (var group in (await Task.WhenAll(orders.Select(shop.Instance))).GroupBy(instance => instance.State)) output.WriteLine($"{group.Key}: {group.Count()}");

        async Task<List<string>> Unsettled(TestOrder[] part)
        {
            List<string> left = [];
            foreach (var order in part)
                if (await shop.Instance(order) is var instance && !RunningShop.HasSettled(instance)) left.Add($"{order.Id} in {instance.State} ({instance.Status})");
            return left;
        }
    }
}
