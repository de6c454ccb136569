using Microsoft.Extensions.Logging.Abstractions;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Tests.Ownership;
using Perdure.StoreConformance;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>A database that worked alone becomes the first of several: what is in it goes on under its ids and keys, and no node goes on that does not know the map.</summary>
public sealed class WorkedAloneTests : FamilyTest
{
    /// <summary>The map that it gets: at first it alone, then two.</summary>
    private ShardMap Grown => Maps.Of(Lanes, Places[..2], [1, 2]);

    private Task<LetterNode> Alone(Action<PostgresStoreOptions>? configure = null) => LetterNode.Alone(Places[0], Lanes, configure);

    [Fact]
    public async Task What_is_in_it_goes_on_and_ends_its_keys_answer_as_before_and_new_keys_go_to_both()
    {
        Dictionary<string, InstanceId> before = [];
        InstanceId keyed, keyless, ended;
        await using (var alone = await Alone())
        {
            // By the slot alone some of them would be looked for in databases that there are not: within a millisecond a lane gives one slot after the other.
            while (!before.Values.Any(id => ShardedNode.DatabaseOf(id, Grown) > 1))
                foreach (var (number, id) in await Task.WhenAll(Enumerable.Range(before.Count, 40).Select(async i => ($"n{i}", await alone.Started($"n{i}"))))) before[number] = id;
            // Of a parent whose child has a key that is at home in the other database by the map, and of one whose child has none.
            keyed = await alone.Started(Homed(1, "post", "c", 1, n => n)[0], "key-keyed", "errand");
            keyless = await alone.Started("-1", "key-keyless", "errand");
            ended = before["n0"];
            await alone.Stamp(ended);
            await alone.Ended(ended);
            await ChildOf(alone, keyed);
            await ChildOf(alone, keyless);
        }
        var node = await Node(Grown);
        foreach (var (number, id) in before)
        {
            Assert.Equal(id, await node.Started(number));
            Assert.Equal(id, Assert.IsType<StartAnswer.BusinessKeyTaken>(await node.Start(number, "another-" + number)).Instance);
            Assert.Equal(id, (await node.Perdure.Views.FindByBusinessKey("default", "post", number, Now))!.Id);
            Assert.Equal(id, (await node.Perdure.Get(id, Now))!.Row.Id);
            Assert.True((await node.Perdure.Views.Verify(id, null, Now)).Intact);
        }
        List<InstanceId> later = [];
        for (var i = 0; i < 40; i++) later.Add(await node.Started($"later{i}"));
        Assert.All((await Counts())[..2], count => Assert.True(count > 0));
        Assert.All(later, id => Assert.InRange(ShardedNode.DatabaseOf(id, Grown), 0, 1));
        Assert.True(later.Min(id => id.Value) > before.Values.Max(id => id.Value));

        foreach (var id in before.Values.Concat(later)) await node.StampIfThere(id);
        foreach (var parent in new[] { keyed, keyless }) await node.Stamp((await ChildOf(node, parent)).Id);
        foreach (var id in before.Values.Concat(later).Append(keyed).Append(keyless)) await node.Ended(id);
        await NothingIsOwed();
        var listed = (await node.Perdure.Views.List(new(Workflow: "post"), null, 10_000, Now)).Select(row => row.Id).ToList();
        Assert.Equal(before.Count + 42, listed.Count);
        Assert.Equal(listed.OrderByDescending(id => id.Value), listed);
        Assert.All(before.Values, id => Assert.Contains(id, listed));
        // Once more, as it is then.
        await node.Stop();
        Assert.Equal(before["n7"], await (await Node(Grown)).Started("n7"));
    }

    [Fact]
    public async Task Children_of_before_and_after_find_their_parents_in_either_database()
    {
        InstanceId round;
        await using (var alone = await Alone())
        {
            // A round of before, of which a tour of after is told that its key is taken, and not that it is nowhere.
            round = await alone.Started("c1", "key-round", "round");
            await ChildOf(alone, round);
        }
        var node = await Node(Grown);
        var tours = new List<(InstanceId Tour, string Number)>();
        foreach (var number in Homed(1, "post", "d", 3, n => n).Concat(Homed(0, "post", "e", 3, n => n))) tours.Add((await node.Started(number, "key-tour-" + number, "tour"), number));
        foreach (var (tour, number) in tours)
        {
            var between = await ChildOf(node, tour, "round");
            await node.Stamp((await ChildOf(node, between.Id)).Id);
            await node.Ended(tour);
            Assert.Equal((number, "DONE"), (number, await StateOf(node, tour)));
        }
        await node.Stamp((await ChildOf(node, round)).Id);
        await node.Ended(round);
        Assert.Equal("DONE", await StateOf(node, round));
        await NothingIsOwed();
    }

    [Fact]
    public async Task While_a_node_is_there_that_knows_no_map_new_keys_go_to_the_first_database_alone_and_when_it_has_left_to_both()
    {
        var old = await Alone(Quick);
        var there = await old.Started("n0");
        var parent = await old.Started("-1", "key-parent", "errand");
        var child = (await ChildOf(old, parent)).Id;

        var node = await Node(Grown, Quick);
        // The newer one serves, and the older one starts nothing any more that could be at home elsewhere; it goes on with its own.
        Assert.Equal(there, await node.Started("n0"));
        var late = Assert.IsType<StartAnswer.Unavailable>(await old.Start("late"));
        Assert.Equal("shard.map-older", late.Code);
        Assert.True(late.RetryAfter > TimeSpan.Zero);
        Assert.Contains("until this node has left. Start it again with the map.", late.Message, StringComparison.Ordinal);
        // Both say so of themselves, and the newer one whom it waits for.
        Assert.True(node.Perdure.Health.Ready && old.Perdure.Health.Ready);
        Assert.Contains($"that know no shard map: process {Environment.ProcessId} on {Environment.MachineName}.", Assert.Single(node.Perdure.Health.Problems), StringComparison.Ordinal);
        Assert.EndsWith("Start it again with the map.", Assert.Single(old.Perdure.Health.Problems), StringComparison.Ordinal);
        Assert.Equal(there, await old.Started("n0"));
        List<InstanceId> between = [];
        foreach (var number in Homed(1, "post", "m", 10, n => n)) between.Add(await node.Started(number));
        Assert.Equal(1, (await Counts()).Count(count => count > 0));
        // Whichever of the two has the lane: each reaches the instances of both.
        await old.Stamp(child);
        await node.Ended(parent);
        foreach (var id in between[..5]) await old.Stamp(id);
        foreach (var id in between[..5]) await node.Ended(id);

        await old.DisposeAsync();
        await Until(() => node.Store.Views.Logs.Count == 2);
        await Until(() => node.Perdure.Health.Problems.Count == 0);
        InstanceId other;
        for (var i = 0; ; i++)
            if (ShardedNode.DatabaseOf(other = await node.Started($"p{i}"), Grown) == 1) break;
        foreach (var id in between[5..].Append(other).Append(there)) await node.Stamp(id);
        foreach (var id in between[5..].Append(other).Append(there)) await node.Ended(id);
        using var shell = Places[0].Shell();
        Assert.Equal(2, shell.One<int>("SELECT version FROM shard"));
    }

    [Fact]
    public async Task A_node_that_knew_no_map_and_died_is_found_dead_by_those_that_know_it_and_holds_up_nothing_for_good()
    {
        await using var old = new PostgresStore(Places[0].Options(o => { o.Lanes = Lanes; Quick(o); }), NullLogger<PostgresStore>.Instance);
        await old.Open(new("host", 1, "build"), Now);
        await old.DisposeAsync();       // without a word: its row is there still
        var node = await Node(Grown, Quick);
        await Until(() => node.Store.Views.Logs.Count == 2);
        using var shell = Places[0].Shell();
        Assert.Equal(0, shell.One<long>("SELECT count(*) FROM node n WHERE NOT EXISTS (SELECT FROM node_since s WHERE s.node = n.id)"));
    }

    [Fact]
    public async Task A_node_that_knows_no_map_and_was_taken_for_dead_does_not_come_back()
    {
        await using var old = new PostgresStore(Places[0].Options(o => { o.Lanes = Lanes; Quick(o); }), NullLogger<PostgresStore>.Instance);
        await old.Open(new("host", 1, "build"), Now);
        var told = new Recorder();
        old.Attach(told);
        using var shell = Places[0].Shell();
        shell.Run("SELECT know_map_2(gen_random_uuid(), 16, 0, 'a', 0, 1, ARRAY['a'], 0)");
        Assert.StartsWith("PD006", shell.Refused("SELECT know_map_2(family, capacity, number, name, 0, 2, ARRAY['a', 'b'], since) FROM shard, shard_since"), StringComparison.Ordinal);
        shell.Run("DELETE FROM node");
        await told.Until(t => t.Of("away").Any(a => a.Why!.Code == "store.sharded"), "it is told why it may not join");
        Assert.Equal(Lanes, told.Count("lost"));
        Assert.Equal(0, shell.One<long>("SELECT count(*) FROM node"));
        shell.Run("SELECT know_map_2(family, capacity, number, name, 0, 2, ARRAY['a', 'b'], since) FROM shard, shard_since");
    }

    [Fact]
    public async Task A_build_that_knows_nothing_of_such_a_family_joins_none_of_its_databases_and_makes_no_version_known()
    {
        await using (var alone = await Alone()) await alone.Started("n0");
        await (await Node(Grown)).Stop();
        foreach (var place in Places[..2])
        {
            using var shell = place.Shell();
            Assert.StartsWith("PD005", shell.Refused("INSERT INTO node (host, pid, build, carries, joined_at, lease_until, lease, grace) VALUES ('h', 1, 'b', '[]', 0, 0, 1, 1)"), StringComparison.Ordinal);
            Assert.StartsWith("PD005", shell.Refused("SELECT know_map_1(family, capacity, number, name, 0, 3, ARRAY['a', 'b']) FROM shard"), StringComparison.Ordinal);
            Assert.StartsWith("PD001", shell.Refused("UPDATE shard_since SET since = since + 1"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_id_that_is_at_home_elsewhere_is_refused_to_a_node_that_knows_no_map_and_its_instances_go_on()
    {
        // Of the first of two lanes by its slot, as one that works alone has it; of another database's by the map.
        Life.In = (Lanes, Lanes * 16);
        Life running = new(), stray = new(businessKey: null), own;
        Life.In = (0, Lanes * 16);
        own = new(businessKey: null);
        await using var alone = new PostgresStore(Places[0].Options(o => o.Lanes = Lanes), NullLogger<PostgresStore>.Instance);
        var owned = await alone.Open(new("host", 1, "build"), Now);
        await alone.Register(Orders.Map(), Now);
        long batch = 0;
        async Task<ItemAnswer> Commit(Item item)
        {
            var answered = new TaskCompletionSource<CommitAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
            alone.Commit(new(0, owned.Lanes.Single(l => l.Lane == 0).Epoch, ++batch, [item]), answered.SetResult);
            return Assert.Single(Assert.IsType<CommitAnswer.Committed>(await answered.Task.WaitAsync(TimeSpan.FromSeconds(30), Now)).Items);
        }

        Assert.IsType<ItemAnswer.Committed>(await Commit(running.Start()));
        using (var shell = Places[0].Shell())
        {
            shell.Run("SELECT know_map_2(gen_random_uuid(), 16, 0, 'a', 0, 1, ARRAY['a'], 0)");
            Assert.True(shell.One<bool>("SELECT since > (SELECT max(id) FROM instance) AND since <= (SELECT max(id) FROM instance) + (1 << 22) FROM shard_since"));
        }
        Assert.IsType<ItemAnswer.Committed>(await Commit(running.Turn()));
        Assert.StartsWith("shard.map-older: version 1", Assert.IsType<ItemAnswer.Refused>(await Commit(stray.Start(parent: new(running.Id, 1)))).Reason, StringComparison.Ordinal);
        Assert.IsType<ItemAnswer.Committed>(await Commit(own.Start(parent: new(running.Id, 1))));
    }

    [Fact]
    public async Task New_ids_are_above_those_of_before_in_every_database_also_where_clocks_are_behind()
    {
        InstanceId far = InstanceId.Create(new(2090, 1, 1, 0, 0, 0, TimeSpan.Zero), 0, 5);
        await using (var alone = await Alone()) await alone.Started("n0");
        using (var shell = Places[0].Shell())
            shell.Run($"SET session_replication_role = replica; INSERT INTO removed (instance, scope, key) SELECT {far.Value}, scope, 'far' FROM request_key");
        var node = await Node(Grown);
        List<InstanceId> later = [];
        for (var i = 1; i < 30; i++) later.Add(await node.Started($"n{i}"));
        Assert.Equal([0, 1], later.Select(id => ShardedNode.DatabaseOf(id, Grown)).Distinct().Order());
        Assert.All(later, id => Assert.True(id.Value > far.Value));
        foreach (var id in later) await node.Stamp(id);
        foreach (var id in later) await node.Ended(id);
    }

    [Fact]
    public async Task A_command_that_was_sent_to_the_wrong_database_by_a_node_without_the_map_is_answered_and_holds_up_none_behind_it()
    {
        await using (var alone = await Alone()) await alone.Started("n0");
        var node = await Node(Grown);
        InstanceId here = default, elsewhere = default;
        for (var i = 1; here == default || elsewhere == default; i++)
        {
            var id = await node.Started($"n{i}");
            if (ShardedNode.DatabaseOf(id, Grown) == 1) elsewhere = id;
            else here = id;
        }
        var command = Convert.ToHexString(new Runtime.InstanceCommand.Signal("stamped", "m", "{\"by\":\"me\"}"u8.ToArray()).Write());
        using var shell = Places[0].Shell();
        var lane = here.Slot % Lanes;
        // As such a node finds the lane; here both stand in one.
        shell.Run($"INSERT INTO inbox (lane, receiver, key, body, sent_at) SELECT {lane}, r, 'signal:m', decode('{command}', 'hex'), 0 FROM unnest(ARRAY[{elsewhere.Value}, {here.Value}]) r");
        await node.Ended(here);
        await Until(() => shell.One<long>("SELECT count(*) FROM inbox WHERE answered_at IS NOT NULL") == 2);
        Assert.Contains("unavailable", shell.One<string>($"SELECT convert_from(answer, 'UTF8') FROM inbox WHERE receiver = {elsewhere.Value}"), StringComparison.Ordinal);
        await node.Stamp(elsewhere);
        await node.Ended(elsewhere);
    }
}
