using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>While one of two databases is away, what is to reach it waits where it was decided, and the instances of the other go on; when it is back, it arrives, once.</summary>
public sealed class ChildrenWaitTests : FamilyTest
{
    private async Task Away(ShardedNode node)
    {
        Proxy.Refuse();
        Proxy.Cut();
        var patience = ShardedNode.Patience();
        var there = Homed(1, "post", "away", 1, n => n)[0];
        while (await node.Start(there) is not StartAnswer.Unavailable { Code: "store.unavailable" }) await Task.Delay(10, patience);
    }

    private async Task TheOthersGoOn(ShardedNode node)
    {
        var (parent, number) = (await Errand(node, Homed(0, "post", "o", 1, n => n)[0], "key-" + Homed(0, "errand", "q", 1)[0]), Homed(0, "post", "o", 1, n => n)[0]);
        await node.Stamp((await ChildOf0(node, number)).Id);
        await node.Ended(parent);
    }

    // That none of them has it cannot be said while one is away.
    private static async Task<InstanceRow> ChildOf0(ShardedNode node, string number)
    {
        var patience = ShardedNode.Patience();
        while (true)
        {
            try
            {
                if (await node.Store.Views.FindByBusinessKey("default", "post", number, patience) is { } row) return row;
            }
            catch (StoreException)
            {
                patience.ThrowIfCancellationRequested();
            }
            await Task.Delay(10, patience);
        }
    }

    [Fact]
    public async Task A_child_is_started_once_when_its_home_is_back()
    {
        var node = await Node(Cuttable(), Quick);
        var pairs = Pairs(0, 1, 3).ToList();
        await Away(node);
        List<InstanceId> parents = [];
        foreach (var (key, number) in pairs) parents.Add(await Errand(node, number, key));
        await TheOthersGoOn(node);
        using (var shell = Places[1].Shell()) Assert.Equal(0, shell.One<long>("SELECT count(*) FROM instance WHERE parent IS NOT NULL"));

        Proxy.Heal();
        foreach (var parent in parents)
        {
            await node.Stamp((await ChildOf(node, parent)).Id);
            await node.Ended(parent);
            Assert.Equal("DONE", await StateOf(node, parent));
        }
        using (var shell = Places[1].Shell()) Assert.Equal(parents.Count, shell.One<long>("SELECT count(*) FROM instance WHERE parent IS NOT NULL"));
        await NothingIsOwed();
    }

    [Fact]
    public async Task The_end_of_a_child_reaches_its_parent_when_that_ones_database_is_back()
    {
        var node = await Node(Cuttable(), Quick);
        List<(InstanceId Parent, string Number)> parents = [];
        foreach (var (key, number) in Pairs(1, 0, 3)) parents.Add((await Errand(node, number, key), number));
        List<InstanceId> children = [];
        foreach (var (_, number) in parents) children.Add((await ChildOf0(node, number)).Id);
        await Away(node);
        foreach (var child in children)
        {
            await node.Stamp(child);
            await node.Ended(child);
        }
        await TheOthersGoOn(node);

        Proxy.Heal();
        foreach (var (parent, _) in parents)
        {
            await InTheEnd(node, parent);
            Assert.Equal("DONE", await StateOf(node, parent));
            Assert.Single((await node.Store.Records(parent, 1, 100, Now)).SelectMany(r => EventCodec.Read(r.Body.Span)).OfType<ChildEnded>());
        }
        await NothingIsOwed();
    }

    [Fact]
    public async Task A_cancel_reaches_a_child_and_a_child_that_was_to_be_started_is_cancelled_when_its_home_is_back()
    {
        var node = await Node(Cuttable(), Quick);
        var pairs = Pairs(0, 1, 4).ToList();
        List<InstanceId> parents = [];
        foreach (var (key, number) in pairs[..2]) parents.Add(await Errand(node, number, key));
        List<InstanceId> children = [];
        foreach (var parent in parents) children.Add((await ChildOf(node, parent)).Id);
        await Away(node);
        foreach (var (key, number) in pairs[2..]) parents.Add(await Errand(node, number, key));
        foreach (var parent in parents) Assert.IsType<CommandAnswer.Done>(await node.Perdure.Cancel(parent, new("me", []), "enough", Now));
        await TheOthersGoOn(node);
        foreach (var parent in parents) Assert.Equal(Status.Compensating, (await node.Perdure.Get(parent, Now))!.Row.Status);

        Proxy.Heal();
        foreach (var parent in parents)
        {
            await InTheEnd(node, parent);
            Assert.Equal("CANCELLED", await StateOf(node, parent));
        }
        foreach (var child in children) Assert.Equal("CANCELLED", await StateOf(node, child));
        using (var shell = Places[1].Shell()) Assert.Equal(0, shell.One<long>("SELECT count(*) FROM instance WHERE parent IS NOT NULL AND status <> 5"));
        await NothingIsOwed();
    }

    // Reads fail for as long as the database is on its way back.
    private static async Task InTheEnd(ShardedNode node, InstanceId id)
    {
        var patience = ShardedNode.Patience();
        while (true)
        {
            try
            {
                await node.Ended(id);
                return;
            }
            catch (StoreException)
            {
                await Task.Delay(20, patience);
            }
        }
    }
}
