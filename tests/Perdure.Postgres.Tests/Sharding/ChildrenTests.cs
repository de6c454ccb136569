using Perdure.Kernel;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>Children live with their parents, whatever their keys, so that a start, an end and a cancel of one are of one database.</summary>
public sealed class ChildrenTests : ShardedTest
{
    private static async Task<InstanceId> ChildOf(ShardedNode node, InstanceId parent)
    {
        var patience = ShardedNode.Patience();
        while (true)
        {
            foreach (var row in await node.Store.Views.List(new(Workflow: "post"), null, 100, patience))
                if (row.RequestKey.StartsWith($"child:{parent}.", StringComparison.Ordinal))
                {
                    Assert.Equal(row.Id, (await node.Store.FindKey("default", "post", row.RequestKey, patience))!.Instance);
                    return row.Id;
                }
            await Task.Delay(10, patience);
        }
    }

    private static async Task<List<InstanceId>> Parents(ShardedNode node, int count)
    {
        List<InstanceId> parents = [];
        for (var i = 0; i < count; i++) parents.Add(Assert.IsType<StartAnswer.Accepted>(await node.Start($"{(i % 2 == 0 ? "-" : "")}e{i}", workflow: "errand")).Instance);
        return parents;
    }

    [Fact]
    public async Task They_are_in_the_database_of_their_parent_and_their_end_reaches_it()
    {
        var node = await Node(Two);
        var parents = await Parents(node, 12);
        Assert.Equal(2, parents.Select(id => ShardedNode.DatabaseOf(id, Two)).Distinct().Count());
        foreach (var parent in parents)
        {
            var child = await ChildOf(node, parent);
            Assert.Equal(ShardedNode.DatabaseOf(parent, Two), ShardedNode.DatabaseOf(child, Two));
            await node.Stamp(child);
            await node.Ended(parent);
            Assert.Equal("DONE", (await node.Store.Load(parent, Now))!.Row.State);
        }
    }

    [Fact]
    public async Task A_cancel_reaches_them()
    {
        var node = await Node(Two);
        foreach (var parent in await Parents(node, 6))
        {
            var child = await ChildOf(node, parent);
            Assert.IsType<CommandAnswer.Done>(await node.Perdure.Cancel(parent, new("me", []), "enough", Now));
            await node.Ended(parent);
            Assert.Equal(("CANCELLED", "CANCELLED"), ((await node.Store.Load(parent, Now))!.Row.State, (await node.Store.Load(child, Now))!.Row.State));
        }
    }

    [Fact]
    public async Task A_node_with_an_older_map_starts_the_children_of_what_it_has()
    {
        var older = await Node(Two);
        var parents = await Parents(older, 1);
        await using (var newer = await ShardedNode.Open(Three)) await newer.Started("n1");
        // It has all lanes again.
        var again = Assert.Single(parents);
        var child = await ChildOf(older, again);
        await older.Stamp(child);
        await older.Ended(again);
    }
}
