using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>One of two databases is away: its instances wait for it, and the others' do not.</summary>
public sealed class OneIsAwayTests : ShardedTest
{
    // Numbers whose home is that database.
    private List<string> HomedIn(int number, int count)
    {
        var homes = new Perdure.Postgres.Sharding.Homes(Two);
        return [.. Enumerable.Range(0, 1_000).Select(i => $"n{i}").Where(n => homes.Home(Perdure.Postgres.Sharding.Homes.SlotOf("default", "post", n, isBusiness: true)) == number).Take(count)];
    }

    private static async Task<InstanceId> StartedInTheEnd(ShardedNode node, string number)
    {
        var patience = ShardedNode.Patience();
        while (true)
        {
            if (await node.Start(number) is StartAnswer.Accepted accepted) return accepted.Instance;
            await Task.Delay(20, patience);
        }
    }

    [Fact]
    public async Task While_it_is_away_the_other_starts_signals_and_ends_and_when_it_is_back_its_own_go_on()
    {
        var node = await Node(Cuttable(), Quick);
        var (here, there) = (HomedIn(0, 10), HomedIn(1, 4));
        List<InstanceId> waiting = [];
        foreach (var number in there[..2]) waiting.Add(await node.Started(number));

        Proxy!.Refuse();
        Proxy.Cut();
        var patience = ShardedNode.Patience();
        while (await node.Start(there[2]) is not StartAnswer.Unavailable { Code: "store.unavailable" }) await Task.Delay(10, patience);
        foreach (var number in here)
        {
            var id = await node.Started(number);
            await node.Stamp(id);
            await node.Ended(id);
        }
        Assert.IsType<CommandAnswer.Unavailable>(await node.Perdure.Signal(waiting[0], "stamped", "stamp", "{\"by\":\"me\"}"u8.ToArray(), Now));
        Assert.True(node.Perdure.Health.Ready);
        Assert.NotEmpty(node.Perdure.Health.Problems);

        Proxy.Heal();
        foreach (var number in there[2..]) waiting.Add(await StartedInTheEnd(node, number));
        foreach (var id in waiting) await node.Stamp(id);
        foreach (var id in waiting) await node.Ended(id);
        Assert.Empty(node.Perdure.Health.Problems);
    }

    [Fact]
    public async Task One_that_is_away_at_the_start_is_taken_up_when_it_is_there()
    {
        var there = HomedIn(1, 3);
        var first = await Node(Two, Quick);
        var waiting = await first.Started(there[0]);
        await first.Stop();

        var map = Cuttable();
        Proxy!.Refuse();
        var node = await Node(map, Quick);
        var id = await node.Started(HomedIn(0, 1)[0]);
        await node.Stamp(id);
        await node.Ended(id);
        Assert.IsType<StartAnswer.Unavailable>(await node.Start(there[1]));
        Assert.True(node.Perdure.Health.Ready);
        Assert.StartsWith("The database b is away: ", Assert.Single(node.Perdure.Health.Problems), StringComparison.Ordinal);
        Assert.IsType<CommandAnswer.Unavailable>(await node.Perdure.Signal(waiting, "stamped", "stamp", "{\"by\":\"me\"}"u8.ToArray(), Now));

        Proxy.Heal();
        await StartedInTheEnd(node, there[1]);
        await node.Stamp(waiting);
        await node.Ended(waiting);
        Assert.Empty(node.Perdure.Health.Problems);
    }
}
