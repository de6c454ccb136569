using Microsoft.Extensions.Options;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>A node takes a newer map while it runs: its lanes go on, keys stay where they are, and new ones go by the newer map.</summary>
public sealed class MapIsAdoptedTests : FamilyTest
{
    [Fact]
    public async Task Keys_stay_where_they_are_new_ones_go_to_all_three_and_no_lane_is_lost()
    {
        var node = await Node(Two);
        Dictionary<string, InstanceId> before = [];
        for (var i = 0; i < 30; i++) before[$"n{i}"] = await node.Started($"n{i}");
        var epochs = Epochs();

        await node.Store.Adopt(Three, Now);
        foreach (var (number, id) in before) Assert.Equal(id, await node.Started(number));
        foreach (var number in before.Keys) Assert.Equal(before[number], Assert.IsType<StartAnswer.BusinessKeyTaken>(await node.Start(number, "another-" + number)).Instance);
        for (var i = 30; i < 70; i++) before[$"n{i}"] = await node.Started($"n{i}");
        Assert.All(await Counts(), count => Assert.True(count > 0));
        foreach (var id in before.Values) await node.Stamp(id);
        foreach (var id in before.Values) await node.Ended(id);
        Assert.Equal(before.Values.OrderByDescending(id => id.Value), (await node.Store.Views.List(new(), null, 200, Now)).Select(row => row.Id));
        Assert.Equal(3, node.Perdure.Views.Logs.Count);
        Assert.Equal(epochs, Epochs());
        // What a node starts with, the next one finds.
        await node.Stop();
        Assert.Equal(before["n0"], await (await Node(Three)).Started("n0"));
    }

    [Theory, InlineData("k"), InlineData("another")]
    public async Task A_request_whose_keys_come_while_older_homes_are_asked_is_known_by_both(string request)
    {
        var node = await Node(Two);
        while ((await Counts())[1] == 0) await node.Started($"n{Random.Shared.Next()}");
        await node.Store.Adopt(Three, Now);
        Perdure.Postgres.Sharding.Homes older = new(Two), newer = new(Three);
        int Home(Perdure.Postgres.Sharding.Homes homes, string number) => homes.Home(Perdure.Postgres.Sharding.Homes.SlotOf("default", "post", number, isBusiness: true));
        var number = Enumerable.Range(0, 10_000).Select(i => $"moved-{i}").First(n => Home(older, n) == 1 && Home(newer, n) == 2);
        using Shell shell = Places[1].Shell(), watch = Places[1].Shell();
        shell.Run("BEGIN; LOCK TABLE business_key IN ACCESS EXCLUSIVE MODE");
        var place = node.Store.Place(new("default", "post", "k", number), Now);
        await PostgresTest.UntilHeldUp(watch, () => "pid IN (SELECT pid FROM pg_locks WHERE relation = 'business_key'::regclass AND NOT granted)", place);
        shell.Run(GroupTests.Keys(new(4711), request, number) + "; COMMIT");
        if (request == "k") Assert.Equal(new InstanceId(4711), Assert.IsType<StartPlace.KeyTaken>(await place).Key.Instance);
        else Assert.Equal(new StartPlace.BusinessKeyTaken(new(4711)), await place);
    }

    [Fact]
    public async Task While_two_nodes_take_it_under_load_each_key_has_one_instance_and_no_start_is_told_that_a_map_is_older_for_good()
    {
        ShardedNode[] nodes = [await Node(Two), await Node(Two)];
        var stop = new TaskCompletionSource();
        var answers = new System.Collections.Concurrent.ConcurrentBag<(string Number, InstanceId Id)>();
        var next = 0;
        var loads = Enumerable.Range(0, 8).Select(async i =>
        {
            while (!stop.Task.IsCompleted)
            {
                // The same number at both.
                var number = $"n{Interlocked.Increment(ref next) / 2}";
                if (await nodes[i % 2].Start(number) is StartAnswer.Accepted accepted) answers.Add((number, accepted.Instance));
            }
        }).ToList();
        while (answers.Count < 50) await Task.Yield();
        await nodes[0].Store.Adopt(Three, Now);
        var half = answers.Count;
        while (answers.Count < half + 50) await Task.Yield();
        await nodes[1].Store.Adopt(Three, Now);
        half = answers.Count;
        while (answers.Count < half + 50) await Task.Yield();
        stop.SetResult();
        await Task.WhenAll(loads);
        foreach (var number in answers.Select(a => a.Number).Distinct().ToList())
            foreach (var node in nodes) answers.Add((number, await node.Started(number)));

        Assert.All(answers.GroupBy(a => a.Number), key => Assert.Single(key.Select(a => a.Id).Distinct()));
        List<string> keys = [];
        foreach (var place in Places)
        {
            using var shell = place.Shell();
            keys.AddRange(shell.One<string[]>("SELECT coalesce(array_agg(business_key), '{}') FROM instance"));
        }
        Assert.Equal(keys.Distinct().Count(), keys.Count);
        Assert.True((await Counts())[2] > 0);
    }

    [Fact]
    public async Task A_start_that_lay_in_an_inbox_while_a_newer_map_was_adopted_is_refused_there_and_placed_anew()
    {
        // Sent to the first database by version 1, which gave it all keys; at home in the second by version 2.
        var number = Homed(1, "post", "n", 1, n => n)[0];
        var node = await Node(Maps.Of(Lanes, Places[..2], [1, 2]));
        var body = System.Text.Encoding.UTF8.GetBytes($$"""{"number":"{{number}}"}""");
        var sent = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(
            new Runtime.SentStart("post", 1, "default", "key-" + number, number, new("letter", "", "json", body), System.Security.Cryptography.SHA256.HashData(body), null, 0, System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty),
            System.Text.Json.JsonSerializerOptions.Web);
        var json = System.Text.Encoding.UTF8.GetString(sent).Replace(",\"map\":null", "", StringComparison.Ordinal);
        using var shell = Places[0].Shell();
        shell.Run($"INSERT INTO inbox (lane, receiver, key, body, sent_at) VALUES (0, 0, 'start:1', convert_to('{json}', 'UTF8'), 0)");
        await Until(() => shell.One<long>("SELECT count(*) FROM inbox WHERE answered_at IS NOT NULL") == 1);
        Assert.Contains("shard.map-older", shell.One<string>("SELECT convert_from(answer, 'UTF8') FROM inbox"), StringComparison.Ordinal);
        Assert.Equal(0, shell.One<long>("SELECT count(*) FROM instance"));
        Assert.Equal(1, ShardedNode.DatabaseOf(await node.Started(number), Two));
    }

    [Fact]
    public async Task Children_go_by_the_newer_map_and_those_that_waited_for_it_are_started_once()
    {
        var node = await Node(Two);
        var homes = new Perdure.Postgres.Sharding.Homes(Three);
        var moved = Homed(1, "post", "n", 200, n => n).Where(n => homes.Home(Perdure.Postgres.Sharding.Homes.SlotOf("default", "post", n, isBusiness: true)) == 2).Take(2).ToList();
        // The child's database knows the newer version already: by this node's one it starts nothing there.
        using (var shell = Places[1].Shell()) shell.Run("SELECT know_map_1(family, capacity, number, name, 0, 2, ARRAY['a', 'b', 'c']) FROM shard");
        var waits = await Errand(node, moved[0], "key-" + Homed(0, "errand", "p", 1)[0]);
        var patience = ShardedNode.Patience();
        while (await node.Start(moved[1]) is not StartAnswer.Unavailable { Code: "shard.map-older" }) patience.ThrowIfCancellationRequested();
        await node.Store.Adopt(Three, Now);
        var child = await ChildOf(node, waits);
        Assert.Equal(2, ShardedNode.DatabaseOf(child.Id, Three));
        await node.Stamp(child.Id);
        await node.Ended(waits);
        var later = await ChildOf(node, await Errand(node, moved[1], "key-later"));
        Assert.Equal(2, ShardedNode.DatabaseOf(later.Id, Three));
    }

    [Fact]
    public async Task One_that_does_not_fit_is_refused_with_all_that_is_wrong_and_nothing_is_changed()
    {
        var node = await Node(Two);
        var refused = await Assert.ThrowsAsync<StoreException>(() => node.Store.Adopt(Maps.Of(3, [Places[1], Places[0]], [1, 2]), Now));
        Assert.Equal("shard.map", refused.Code);
        foreach (var part in new[] { "Lanes and Capacity are 2 and 16", "Version 1 is a, b; the newer map says a" }) Assert.Contains(part, refused.Message, StringComparison.Ordinal);
        await node.Started("n1");
        using var shell = Places[0].Shell();
        Assert.Equal(1, shell.One<int>("SELECT version FROM shard"));
    }

    [Fact]
    public async Task While_one_of_the_databases_is_away_it_is_not_adopted_and_the_same_call_succeeds_when_it_is_back()
    {
        var node = await Node(Cuttable(), Quick);
        var three = Three;
        three.Databases[1].ConnectionString = Cuttable().Databases[1].ConnectionString;
        Proxy.Refuse();
        Proxy.Cut();
        Assert.Equal("store.unavailable", (await Assert.ThrowsAsync<StoreException>(() => node.Store.Adopt(three, Now))).Code);
        Assert.Equal(2, node.Perdure.Views.Logs.Count);
        Proxy.Heal();
        var patience = ShardedNode.Patience();
        while (true)
        {
            try
            {
                await node.Store.Adopt(three, Now);
                break;
            }
            catch (StoreException)
            {
                await Task.Delay(20, patience);
            }
        }
        Assert.Equal(3, node.Perdure.Views.Logs.Count);
    }

    [Fact]
    public async Task A_changed_configuration_is_adopted_by_itself()
    {
        var monitor = new Monitor(Two);
        var node = await Node(Two, null, store => store.Follows(monitor));
        monitor.Change(Three);
        var patience = ShardedNode.Patience();
        for (var i = 0; (await Counts())[2] == 0; i++)
        {
            await node.Start($"n{i}");
            patience.ThrowIfCancellationRequested();
        }
        Assert.Equal(3, node.Perdure.Views.Logs.Count);
        // One that does not fit changes nothing.
        monitor.Change(Two);
        await node.Started("m1");
        Assert.Equal(3, node.Perdure.Views.Logs.Count);
    }

    private long[] Epochs() => [.. Places[..2].SelectMany(place =>
    {
        using var shell = place.Shell();
        return shell.One<long[]>("SELECT array_agg(epoch ORDER BY id) FROM lane");
    })];

    private sealed class Monitor(ShardMap map) : IOptionsMonitor<ShardMap>, IDisposable
    {
        private Action<ShardMap, string?>? _listener;

        public ShardMap CurrentValue { get; private set; } = map;

        public ShardMap Get(string? name) => CurrentValue;

        public IDisposable? OnChange(Action<ShardMap, string?> listener)
        {
            _listener = listener;
            return this;
        }

        public void Change(ShardMap changed) => _listener?.Invoke(CurrentValue = changed, "");

        public void Dispose() => _listener = null;
    }
}
