using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>A third database comes while instances run: keys that are there stay where they are, slots that move take new ones with them, and a node with the older map claims nothing any more.</summary>
public sealed class ADatabaseIsAddedTests : ShardedTest
{
    [Fact]
    public async Task Keys_stay_where_they_are_and_new_ones_go_to_all_three()
    {
        var older = await Node(Two);
        var before = new Dictionary<string, InstanceId>();
        for (var i = 0; i < 30; i++) before[$"n{i}"] = await older.Started($"n{i}");
        for (var i = 0; i < 30; i++) before[$"-n{i}"] = await older.Started($"-n{i}");

        var newer = await Node(Three);
        foreach (var (number, id) in before) Assert.Equal(id, await newer.Started(number));
        foreach (var number in before.Keys.Where(n => n[0] == 'n')) Assert.Equal(before[number], Assert.IsType<StartAnswer.BusinessKeyTaken>(await newer.Start(number, "another-" + number)).Instance);
        Assert.Equal(0, (await Counts())[2]);
        for (var i = 30; i < 60; i++) await newer.Started($"n{i}");
        Assert.All(await Counts(), count => Assert.True(count > 0));

        // The older one goes on with what it has, and says what is to be done.
        foreach (var id in before.Values) await older.Stamp(id);
        foreach (var id in before.Values) await newer.Ended(id);
        Assert.Equal("shard.map-older", Assert.IsType<StartAnswer.Unavailable>(await older.Start("later")).Code);
        Assert.True(older.Perdure.Health.Ready);
        Assert.EndsWith("Give it the newer map.", Assert.Single(older.Perdure.Health.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_nodes_of_both_maps_start_the_same_keys_each_key_has_one_instance()
    {
        var older = await Node(Two);
        var stop = new TaskCompletionSource();
        var answers = new System.Collections.Concurrent.ConcurrentBag<(string Number, InstanceId Id)>();
        var next = 0;

        // Both start the same numbers at the same time; the older one until it is refused.
        async Task Starts(ShardedNode node, int number)
        {
            if (await node.Start($"n{number}") is StartAnswer.Accepted accepted) answers.Add(($"n{number}", accepted.Instance));
        }

        var loads = Enumerable.Range(0, 8).Select(async _ =>
        {
            while (!stop.Task.IsCompleted) await Starts(older, Interlocked.Increment(ref next));
        }).ToList();
        while (answers.Count < 100) await Task.Yield();
        var newer = await Node(Three);
        for (var i = 0; i < 300; i++) await Task.WhenAll(Starts(older, next + 1 + i % 3), Starts(newer, next + 1 + i % 3), Starts(newer, i + 1));
        stop.SetResult();
        await Task.WhenAll(loads);
        foreach (var number in answers.Select(a => a.Number).Distinct().ToList()) answers.Add((number, await newer.Started(number)));

        Assert.All(answers.GroupBy(a => a.Number), key => Assert.Single(key.Select(a => a.Id).Distinct()));
        List<string> keys = [];
        foreach (var place in Places)
        {
            using var shell = place.Shell();
            keys.AddRange(shell.One<string[]>("SELECT coalesce(array_agg(request_key), '{}') FROM instance"));
        }
        Assert.Equal(keys.Distinct().Count(), keys.Count);
        Assert.True((await Counts())[2] > 0);
    }

    [Fact]
    public async Task A_node_that_is_started_with_the_older_map_is_refused()
    {
        await Node(Three);
        var refused = await Assert.ThrowsAsync<StoreException>(() => Node(Two));
        Assert.Equal("shard.map", refused.Code);
        Assert.Contains("knows version 2 of the map (a, b, c); this configuration ends with version 1", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slot_moves_only_to_the_database_that_was_added()
    {
        var (two, three) = (new Homes2(Two), new Homes2(Three));
        var moved = Enumerable.Range(0, InstanceId.Slots).Where(slot => two.Home(slot) != three.Home(slot)).ToList();
        Assert.All(moved, slot => Assert.Equal(2, three.Home(slot)));
        Assert.InRange(moved.Count, InstanceId.Slots / 4, InstanceId.Slots / 2);
        await Task.CompletedTask;
    }

    private sealed class Homes2(ShardMap map)
    {
        private readonly Perdure.Postgres.Sharding.Homes _homes = new(map);
        public int Home(int slot) => _homes.Home(slot);
    }
}
