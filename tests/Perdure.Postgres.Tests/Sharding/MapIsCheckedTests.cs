using Microsoft.Extensions.Logging.Abstractions;
using Perdure.Ports;
using Perdure.StoreConformance;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>What is wrong with a map is told at the start, all of it.</summary>
public sealed class MapIsCheckedTests : ShardedTest
{
    [Fact]
    public async Task Everything_that_is_wrong_with_the_map_is_told_together()
    {
        var map = new ShardMap { Lanes = 100, Capacity = 16 };
        map.Databases.Add(new() { Name = "a", ConnectionString = "" });
        map.Databases.Add(new() { Name = "a", ConnectionString = "Host=nowhere", ReplicaConnectionString = " " });
        map.Databases.Add(new() { Name = "c", ConnectionString = "Hots=nowhere", ReplicaConnectionString = "Prot=1" });
        map.Versions.Add(["a", "z"]);
        var refused = await Assert.ThrowsAsync<StoreException>(() => Node(map));
        foreach (var part in new[] { "product 1024", "Database 0 (a) has no connection string", "2 databases are named a", "names z, which is no database", "The replica of database 1 (a): It has no", "Database 2 (c): The connection string cannot be read", "The replica of database 2 (c): The connection string cannot be read" }) Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_that_does_not_fit_the_databases_is_told_together_and_nothing_is_changed()
    {
        await (await Node(Two)).Stop();
        var swapped = Maps.Of(3, [Places[1], Places[0]], [1, 2]);
        var refused = await Assert.ThrowsAsync<StoreException>(() => Node(swapped));
        foreach (var part in new[] { "a was made with 2 lanes; the map says 3", "a stands at place 0 of the map; the database", "b stands at place 1", "knows version 1 of the map as a, b; this configuration says a" })
            Assert.Contains(part, refused.Message, StringComparison.Ordinal);
        using var shell = Places[0].Shell();
        Assert.Equal(1, shell.One<int>("SELECT version FROM shard"));
    }

    [Fact]
    public async Task Databases_of_two_families_are_no_store()
    {
        await (await Node(Maps.Of(Lanes, Places[..2], [2]))).Stop();
        await (await Node(Maps.Of(Lanes, [Places[2], (await Extra())], [2]))).Stop();
        var refused = await Assert.ThrowsAsync<StoreException>(() => Node(Maps.Of(Lanes, [Places[0], _extra!], [2])));
        Assert.Contains("different families", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_of_a_family_is_not_opened_alone()
    {
        await (await Node(Two)).Started("n1");
        await using var alone = new PostgresStore(Places[0].Options(), NullLogger<PostgresStore>.Instance);
        Assert.Equal("store.sharded", (await Assert.ThrowsAsync<StoreException>(() => alone.Open(new("host", 1, "build"), Now))).Code);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(9)]
    public async Task A_start_by_another_map_than_the_newest_is_refused_by_the_database_and_what_is_no_start_is_not(int map)
    {
        Life.In = (0, Lanes);
        await (await Node(Two)).Stop();
        using var shell = Places[0].Shell();
        Life running = new(), late = new();
        async Task<IReadOnlyList<ItemAnswer>> Commit(int by, params Item[] items)
        {
            await using var store = new PostgresStore(Places[0].Options(o => (o.Lanes, o.Map) = (Lanes, by)), NullLogger<PostgresStore>.Instance);
            var owned = await store.Open(new("host", 1, "build"), Now);
            await store.Register(Orders.Map(), Now);
            var answered = new TaskCompletionSource<CommitAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
            store.Commit(new(0, owned.Lanes.Single(l => l.Lane == 0).Epoch, 1, items), answered.SetResult);
            var answer = Assert.IsType<CommitAnswer.Committed>(await answered.Task.WaitAsync(TimeSpan.FromSeconds(30), Now));
            await store.Close(Now);
            return answer.Items;
        }

        Assert.IsType<ItemAnswer.Committed>(Assert.Single(await Commit(1, running.Start())));
        if (map == 2) shell.Run("SELECT know_map_1(family, capacity, number, name, 0, 3, ARRAY['a', 'b']) FROM shard");
        var answers = await Commit(map, late.Start(), running.Turn(), new Life(businessKey: null).Start(parent: new(running.Id, 1)), new Life(businessKey: "child").Start(parent: new(running.Id, 1)));
        Assert.StartsWith("shard.map-older: version " + (map == 2 ? 3 : 1), Assert.IsType<ItemAnswer.Refused>(answers[0]).Reason, StringComparison.Ordinal);
        Assert.All(answers.Skip(1).Take(2), a => Assert.IsType<ItemAnswer.Committed>(a));
        // A child claims a key of its own as any other does.
        Assert.StartsWith("shard.map-older: version ", Assert.IsType<ItemAnswer.Refused>(answers[3]).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_database_knows_of_its_family_is_never_taken_back()
    {
        await (await Node(Three)).Stop();
        using var shell = Places[0].Shell();
        foreach (var sql in new[] { "UPDATE shard SET version = 1", "UPDATE shard SET number = 1", "DELETE FROM shard", "TRUNCATE shard", "UPDATE shard_map SET databases = '{}'", "DELETE FROM shard_map WHERE version = 1" })
            Assert.StartsWith("PD001", shell.Refused(sql), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_with_instances_of_its_own_is_the_first_database_of_a_map_whose_first_version_names_it_alone_and_nothing_else()
    {
        await using (var alone = new PostgresStore(Places[0].Options(o => o.Lanes = Lanes), NullLogger<PostgresStore>.Instance))
        {
            await alone.Open(new("host", 1, "build"), Now);
            using var shell = Places[0].Shell();
            shell.Run("INSERT INTO scope (namespace, workflow) VALUES ('n', 'w'); INSERT INTO map (workflow, version, fingerprint, definition, states, edges) VALUES ('w', 1, 'f', 'd', 0, 0)");
            shell.Run("INSERT INTO request_key (scope, key, instance, map, payload_hash, created_at) SELECT s.id, 'k', 1, m.id, decode(repeat('00', 32), 'hex'), 0 FROM scope s, map m LIMIT 1");
            await alone.Close(Now);
        }
        async Task Refuses(string why, ShardMap map)
        {
            Assert.Contains(why, (await Assert.ThrowsAsync<StoreException>(() => Node(map))).Message, StringComparison.Ordinal);
            using var shell = Places[0].Shell();
            Assert.False(shell.One<bool>("SELECT EXISTS (SELECT FROM shard)"));
        }

        await Refuses("Let version 1 of the map name it alone", Two);
        await Refuses("Only the first database of a map may have some before", Maps.Of(Lanes, [Places[1], Places[0]], [1, 2]));
        await Refuses("was made with 2 lanes; the map says 3", Maps.Of(3, Places[..2], [1, 2]));
        await (await Node(Maps.Of(Lanes, Places[..2], [1, 2]))).Started("n1");
    }

    private Place? _extra;

    private async Task<Place> Extra() => _extra = await Place.Make();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_extra is not null) await _extra.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
