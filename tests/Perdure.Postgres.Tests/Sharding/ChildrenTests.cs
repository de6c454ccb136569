using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>A child with a key of its own lives where the key's home is, whatever database its parent is in; one without lives with its parent. Its start, its end and its cancel come once.</summary>
public sealed class ChildrenTests : FamilyTest
{
    [Fact]
    public async Task One_without_a_key_of_its_own_is_in_the_database_of_its_parent_and_its_end_reaches_it()
    {
        var node = await Node(Two);
        foreach (var database in new[] { 0, 1 })
            foreach (var key in Homed(database, "errand", "p", 3))
            {
                var parent = await Errand(node, "-" + key, "key-" + key);
                var child = await ChildOf(node, parent);
                Assert.Equal((database, database), (ShardedNode.DatabaseOf(parent, Two), ShardedNode.DatabaseOf(child.Id, Two)));
                await node.Stamp(child.Id);
                await node.Ended(parent);
                Assert.Equal("DONE", await StateOf(node, parent));
            }
        await NothingIsOwed();
    }

    [Fact]
    public async Task One_with_a_key_is_started_once_in_the_home_of_its_key_and_its_end_reaches_its_parent_once()
    {
        var node = await Node(Two);
        List<(InstanceId Parent, InstanceId Child)> all = [];
        foreach (var (from, to) in new[] { (0, 1), (1, 0), (0, 0), (1, 1) })
            foreach (var (key, number) in Pairs(from, to, 6).Skip(from == to ? 3 : 0).Take(3))
            {
                var parent = await Errand(node, number, key);
                var child = await ChildOf(node, parent);
                Assert.Equal((from, to, number), (ShardedNode.DatabaseOf(parent, Two), ShardedNode.DatabaseOf(child.Id, Two), child.BusinessKey));
                // By its key it is found as any other, and it is the one that a start with that key meets.
                Assert.Equal(child.Id, (await node.Store.Views.FindByBusinessKey("default", "post", number, Now))!.Id);
                Assert.Equal(child.Id, Assert.IsType<StartAnswer.BusinessKeyTaken>(await node.Start(number, "another-" + number)).Instance);
                all.Add((parent, child.Id));
            }
        foreach (var (_, child) in all) await node.Stamp(child);
        foreach (var (parent, child) in all)
        {
            await node.Ended(parent);
            Assert.Equal("DONE", await StateOf(node, parent));
            var events = (await node.Store.Records(parent, 1, 100, Now)).SelectMany(r => EventCodec.Read(r.Body.Span)).ToList();
            Assert.Equal($"end:{child}", Assert.Single(events.OfType<ChildEnded>()).MessageId);
        }
        Assert.Equal(all.Count, (await node.Store.Views.List(new(Workflow: "post"), null, 100, Now)).Count);
        await NothingIsOwed();
    }

    [Fact]
    public async Task A_cancel_of_the_parent_reaches_it()
    {
        var node = await Node(Two);
        foreach (var (key, number) in Pairs(0, 1, 2).Concat(Pairs(1, 0, 2)).Concat(Homed(1, "errand", "p", 2).Select(p => ("key-" + p + "x", "-" + p))))
        {
            var parent = await Errand(node, number, key);
            var child = (await ChildOf(node, parent)).Id;
            Assert.IsType<CommandAnswer.Done>(await node.Perdure.Cancel(parent, new("me", []), "enough", Now));
            await node.Ended(parent);
            Assert.Equal(("CANCELLED", "CANCELLED"), (await StateOf(node, parent), await StateOf(node, child)));
        }
        await NothingIsOwed();
    }

    [Fact]
    public async Task Its_key_is_unique_across_the_databases()
    {
        var node = await Node(Two);
        var numbers = Homed(1, "post", "n", 2, n => n);
        var parents = Homed(0, "errand", "p", 3);
        var holder = await node.Started(numbers[0]);
        var refused = await Errand(node, numbers[0], "key-" + parents[0]);
        await Stands(refused, "child.business-key", holder);

        var first = await ChildOf(node, await Errand(node, numbers[1], "key-" + parents[1]));
        var second = await Errand(node, numbers[1], "key-" + parents[2]);
        await Stands(second, "child.business-key", first.Id);

        // As on one database: tried again it is refused again, and a cancel need not wait for what never was.
        Assert.IsType<CommandAnswer.Done>(await node.Perdure.Retry(second, new("me", []), null, RetryMode.Again, Now));
        await Stands(second, "child.business-key", first.Id, number: 2);
        foreach (var parent in new[] { refused, second })
        {
            Assert.IsType<CommandAnswer.Done>(await node.Perdure.Cancel(parent, new("me", []), "enough", Now));
            await node.Ended(parent);
        }
        Assert.Equal(2, (await node.Store.Views.List(new(Workflow: "post"), null, 100, Now)).Count);
        await NothingIsOwed();

        async Task Stands(InstanceId parent, string code, InstanceId because, int number = 1)
        {
            var patience = ShardedNode.Patience();
            Instance view;
            while ((view = (await node.Perdure.Get(parent, patience))!.Instance).Incident?.Number != number) await Task.Delay(10, patience);
            Assert.Equal(code, view.Incident!.Failure.Code);
            Assert.Contains(because.ToString(), view.Incident.Failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task It_can_be_a_parent_itself()
    {
        var node = await Node(Two);
        var numbers = Homed(0, "post", "n", 40, n => n);
        // There, and back again.
        var number = Homed(1, "round", "n", 10_000, n => "round " + n).First(numbers.Contains);
        var tour = await Errand(node, number, "key-" + Homed(0, "tour", "t", 1)[0], "tour");
        var round = await ChildOf(node, tour, "round");
        var post = await ChildOf(node, round.Id);
        Assert.Equal((0, 1, 0), (ShardedNode.DatabaseOf(tour, Two), ShardedNode.DatabaseOf(round.Id, Two), ShardedNode.DatabaseOf(post.Id, Two)));
        await node.Stamp(post.Id);
        await node.Ended(tour);
        Assert.Equal("DONE", await StateOf(node, tour));
        await NothingIsOwed();
    }

    [Fact]
    public async Task Through_any_node_it_is_found_signalled_and_started_only_once()
    {
        var (one, two) = (await Node(Two), await Node(Two));
        foreach (var (key, number) in Pairs(0, 1, 4).Concat(Pairs(1, 0, 4)))
        {
            var parent = await Errand(one, number, key);
            var child = await ChildOf(two, parent);
            foreach (var node in new[] { one, two })
            {
                Assert.Equal(child.Id, Assert.IsType<StartAnswer.BusinessKeyTaken>(await node.Start(number, "another-" + number)).Instance);
                Assert.Equal(child.Id, (await node.Perdure.Views.FindByBusinessKey("default", "post", number, Now))!.Id);
                Assert.Equal(child.Id, (await node.Perdure.Get(child.Id, Now))!.Row.Id);
            }
            await two.Stamp(child.Id);
            await one.Stamp(child.Id);
            await two.Ended(parent);
        }
        await NothingIsOwed();
    }

    [Fact]
    public async Task A_node_with_an_older_map_starts_the_children_of_what_it_has_that_have_no_keys()
    {
        var older = await Node(Two);
        var free = await Errand(older, "-e0", "key-e0");
        await using (var newer = await ShardedNode.Open(Three)) await newer.Started("n1");
        // It has all lanes again.
        var child = await ChildOf(older, free);
        await older.Stamp(child.Id);
        await older.Ended(free);
    }
}
