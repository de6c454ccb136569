using Microsoft.Extensions.Logging.Abstractions;
using Perdure.Ports;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>What is wrong with a map is told at the start, all of it.</summary>
public sealed class MapIsCheckedTests : ShardedTest
{
    [Fact]
    public async Task Everything_that_is_wrong_with_the_map_is_told_together()
    {
        var map = new ShardMap { Lanes = 100, Capacity = 16 };
        map.Databases.Add(new() { Name = "a", ConnectionString = "" });
        map.Databases.Add(new() { Name = "a", ConnectionString = "Host=nowhere" });
        map.Versions.Add(["a", "z"]);
        var refused = await Assert.ThrowsAsync<StoreException>(() => Node(map));
        foreach (var part in new[] { "product 1024", "Database 0 (a) has no connection string", "2 databases are named a", "names z, which is no database" }) Assert.Contains(part, refused.Message, StringComparison.Ordinal);
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
    public async Task A_database_of_a_family_is_not_opened_alone_and_takes_no_start_from_who_knows_no_map()
    {
        await (await Node(Two)).Started("n1");
        await using var alone = new PostgresStore(Places[0].Options(), NullLogger<PostgresStore>.Instance);
        Assert.Equal("store.sharded", (await Assert.ThrowsAsync<StoreException>(() => alone.Open(new("host", 1, "build"), Now))).Code);
        foreach (var place in Places[..2])
        {
            using var shell = place.Shell();
            if (shell.One<long>("SELECT count(*) FROM instance") == 0) continue;
            Assert.StartsWith("PD003", shell.Refused(
                "INSERT INTO instance SELECT id + 1024, scope, map, state, status, visit, checkpoint, priority, created_at, updated_at, request_key || 'x', business_key, salt, parent, parent_ordinal, trace_parent, attributes FROM instance LIMIT 1"),
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_store_with_instances_of_its_own_becomes_no_part_of_a_map()
    {
        await using (var alone = new PostgresStore(Places[0].Options(o => o.Lanes = Lanes), NullLogger<PostgresStore>.Instance))
        {
            await alone.Open(new("host", 1, "build"), Now);
            using var shell = Places[0].Shell();
            shell.Run("INSERT INTO scope (namespace, workflow) VALUES ('n', 'w'); INSERT INTO map (workflow, version, fingerprint, definition, states, edges) VALUES ('w', 1, 'f', 'd', 0, 0)");
            shell.Run("INSERT INTO request_key (scope, key, instance, map, payload_hash, created_at) SELECT s.id, 'k', 1, m.id, decode(repeat('00', 32), 'hex'), 0 FROM scope s, map m LIMIT 1");
            await alone.Close(Now);
        }
        var refused = await Assert.ThrowsAsync<StoreException>(() => Node(Two));
        Assert.Contains("has instances and is not part of a shard map", refused.Message, StringComparison.Ordinal);
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
