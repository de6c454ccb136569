using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>Instances of two databases, at one node: each lives wholly in one of them, and all are found.</summary>
public sealed class InstancesAreDividedTests : ShardedTest
{
    private static IEnumerable<string> Numbers(string prefix, int count) => Enumerable.Range(1, count).Select(i => $"{prefix}{i}");

    [Fact]
    public async Task They_start_in_both_are_signalled_end_and_are_found_by_id_and_key()
    {
        var node = await Node(Two);
        var started = new Dictionary<string, InstanceId>();
        foreach (var number in Numbers("n", 16).Concat(Numbers("-k", 16))) started[number] = await node.Started(number);
        Assert.All((await Counts())[..2], count => Assert.InRange(count, 4, 28));
        foreach (var (number, id) in started)
        {
            Assert.Equal(id, await node.Started(number));
            Assert.Equal(id, (await node.Store.FindKey("default", "post", "key-" + number, Now))!.Instance);
            if (number[0] == 'n') Assert.Equal(id, (await node.Store.Views.FindByBusinessKey("default", "post", number, Now))!.Id);
        }
        Assert.Null(await node.Store.FindKey("default", "post", "none", Now));
        Assert.IsType<StartAnswer.BusinessKeyTaken>(await node.Start("n1", "another"));
        foreach (var id in started.Values) await node.Stamp(id);
        foreach (var id in started.Values) await node.Ended(id);
        Assert.Equal(32, (await node.Store.Views.Tallies(Now)).Single(t => t.Status == Status.Ended).Count);
    }

    [Fact]
    public async Task Lists_are_in_one_order_and_each_log_has_its_own()
    {
        var node = await Node(Two);
        List<InstanceId> started = [];
        foreach (var number in Numbers("n", 20)) started.Add(await node.Started(number));
        List<InstanceId> listed = [];
        while (await node.Store.Views.List(new(), listed.Count > 0 ? listed[^1] : null, 3, Now) is { Count: > 0 } page) listed.AddRange(page.Select(row => row.Id));
        Assert.Equal(started.OrderByDescending(id => id.Value), listed);

        var told = await Task.WhenAll(node.Store.Views.Logs.Select(log => log.Feed(0, 1_000, Now)));
        Assert.Equal(2, told.Length);
        Assert.Equal(started.Order(), told.SelectMany(t => t).Select(r => r.Record.Instance).Distinct().Order());
        for (var i = 0; i < told.Length; i++)
        {
            Assert.All(told[i], r => Assert.Equal(i, ShardedNode.DatabaseOf(r.Record.Instance, Two)));
            Assert.Equal(told[i].Select(r => r.Record.Position).Order(), told[i].Select(r => r.Record.Position));
        }
        Assert.Equal("feed.many", (await Assert.ThrowsAsync<StoreException>(() => node.Store.Views.Feed(0, 1, Now))).Code);
    }

    [Fact]
    public async Task The_next_node_goes_on_with_all_of_them()
    {
        var first = await Node(Two);
        List<InstanceId> started = [];
        foreach (var number in Numbers("n", 12)) started.Add(await first.Started(number));
        await first.Stop();
        var next = await Node(Two);
        foreach (var id in started) await next.Stamp(id);
        foreach (var id in started) await next.Ended(id);
        foreach (var log in next.Store.Views.Logs) Assert.True(await log.FeedEnd(Now) > 0);
    }

    [Fact]
    public async Task Of_two_nodes_each_has_lanes_in_both_and_a_command_reaches_the_other()
    {
        var (one, two) = (await Node(Two), await Node(Two));
        foreach (var number in Numbers("n", 12))
        {
            var id = await one.Started(number);
            Assert.Equal(id, await two.Started(number));
            await two.Stamp(id);
            await one.Ended(id);
        }
    }
}
