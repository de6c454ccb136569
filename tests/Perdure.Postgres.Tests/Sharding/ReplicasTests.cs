using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Tests.Ownership;
using Perdure.Postgres.Tests.Replicas;
using Perdure.StoreConformance;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>Each database of a store of several may have a replica of its own, from which its part of old reads comes.</summary>
public sealed class ReplicasTests(Followed servers) : IAsyncLifetime, IClassFixture<Followed>
{
    private const int Capacity = 16;
    private readonly SaidLines _lines = SaidLines.OfReplicas();
    private readonly List<ShardedStore> _stores = [];
    private Place[] _places = [];
    private Ports.Ownership _owned = null!;
    private long _number;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    // Each in a database of its own; one standby follows both.
    public async ValueTask InitializeAsync() => _places = [Place.On(servers.Primary.ConnectionString), Place.On(await servers.Primary.NewDatabase())];

    /// <param name="replicas">For each database, the database of whose standby is its replica; -1 for none.</param>
    private ShardMap Map(params int[] replicas)
    {
        var map = Maps.Of(1, _places);
        for (var i = 0; i < replicas.Length; i++)
            if (replicas[i] >= 0) map.Databases[i].ReplicaConnectionString = servers.There(_places[replicas[i]].ConnectionString);
        return map;
    }

    private async Task<ShardedStore> Open(ShardMap map)
    {
        var store = new ShardedStore(map, null, _lines, TimeProvider.System);
        _stores.Add(store);
        _owned = await store.Open(new("host", 1, "build"), Now);
        await store.Register(Orders.Map(), Now);
        return store;
    }

    /// <summary>An instance in that database, started.</summary>
    private async Task<Life> Started(ShardedStore store, int database, string? businessKey = null)
    {
        Life.In = (database, Capacity);
        var life = new Life(businessKey: businessKey);
        await Must(store, database, life.Start());
        return life;
    }

    private async Task Must(ShardedStore store, int database, Item item)
    {
        var answered = new TaskCompletionSource<CommitAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        store.Commit(new(database, _owned.Lanes.Single(l => l.Lane == database).Epoch, ++_number, [item]), answered.SetResult);
        Assert.IsType<ItemAnswer.Committed>(Assert.Single(Assert.IsType<CommitAnswer.Committed>(await answered.Task.WaitAsync(TimeSpan.FromSeconds(60), Now)).Items));
    }

    /// <summary>Waits until old reads of these instances come from a replica.</summary>
    private async Task Served(ShardedStore store, params Life[] lives)
    {
        await servers.CaughtUp();
        foreach (var life in lives)
            await Followed.Eventually(async () =>
            {
                var reads = store.Stale()!;
                return await reads.Find(life.Id, Now) is not null && reads.Staleness != TimeSpan.Zero;
            }, "the replica is read: " + string.Join('\n', _lines.All));
    }

    [Fact]
    public async Task A_store_none_of_whose_databases_has_a_replica_has_no_old_reads() => Assert.Null((await Open(Map())).Stale());

    [Fact]
    public async Task Old_reads_of_each_database_come_from_its_own_replica_and_others_are_of_now()
    {
        var store = await Open(Map(0, 1));
        Life[] lives = [await Started(store, 0, "b-0"), await Started(store, 1, "b-1")];
        await Served(store, lives);
        await servers.Hold();
        for (var i = 0; i < 2; i++)
        {
            await Must(store, i, lives[i].Turn(Orders.Locked));
            await Must(store, i, lives[i].Turn(Orders.Approval, Status.Waiting));
            await Started(store, i, $"late-{i}");
        }
        OwnReads own = new(store);
        for (var i = 0; i < 2; i++)
        {
            var old = store.Stale()!;
            Assert.Equal(TimeSpan.Zero, old.Staleness);
            Assert.Equal((Orders.Received, Orders.Received), ((await old.Find(lives[i].Id, Now))!.State, (await old.Load(lives[i].Id, Now))!.Row.State));
            Assert.Equal((lives[i].Id, null), ((await old.FindByBusinessKey("default", Orders.Workflow, $"b-{i}", Now))?.Id, (await old.FindByBusinessKey("default", Orders.Workflow, $"late-{i}", Now))?.Id));
            Assert.Single(await old.Records(lives[i].Id, 1, 10, Now));
            Assert.False(await old.WasRemoved(lives[i].Id, Now));
            Assert.True(old.Staleness > TimeSpan.Zero);
            Assert.Equal(Orders.Approval, (await own.Find(lives[i].Id, Now))!.State);
        }
        var both = store.Stale()!;
        Assert.Equal(lives.Select(l => l.Id).OrderByDescending(id => id.Value), (await both.List(new(), null, 10, Now)).Select(row => row.Id));
        Assert.Empty(await both.Gates(null, 10, Now));
        Assert.True(both.Staleness > TimeSpan.Zero);
        Assert.Equal((4, 2), ((await own.List(new(), null, 10, Now)).Count, (await own.Gates(null, 10, Now)).Count));
        Assert.Empty(_lines.All);
    }

    [Fact]
    public async Task Where_one_has_none_its_part_is_of_now_and_an_answer_is_as_old_as_the_oldest_of_its_parts()
    {
        var store = await Open(Map(-1, 1));
        Life[] lives = [await Started(store, 0), await Started(store, 1)];
        await Served(store, lives[1]);
        await servers.Hold();
        for (var i = 0; i < 2; i++) await Must(store, i, lives[i].Turn(Orders.Locked));
        var reads = store.Stale()!;
        Assert.Equal(Orders.Locked, (await reads.Find(lives[0].Id, Now))!.State);
        Assert.Equal(TimeSpan.Zero, reads.Staleness);
        Assert.Equal([Orders.Locked, Orders.Received], (await reads.List(new(), null, 10, Now)).OrderBy(row => Array.FindIndex(lives, l => l.Id == row.Id)).Select(row => row.State));
        Assert.True(reads.Staleness > TimeSpan.Zero);
    }

    [Fact]
    public async Task The_replica_of_another_database_of_the_map_is_not_read_and_it_is_said_which()
    {
        var store = await Open(Map(1, 1));
        Life[] lives = [await Started(store, 0), await Started(store, 1)];
        await Served(store, lives[1]);
        var reads = store.Stale()!;
        Assert.Equal(lives[0].Id, (await reads.Find(lives[0].Id, Now))!.Id);
        Assert.Equal(TimeSpan.Zero, reads.Staleness);
        var said = Assert.Single(_lines.All);
        Assert.StartsWith("Warning", said, StringComparison.Ordinal);
        Assert.Contains(_places[0].Schema, said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_adopted_brings_its_replica()
    {
        var map = Map(0, 1);
        var first = new ShardMap { Lanes = 1, Databases = { map.Databases[0] }, Versions = { new List<string> { "a" } } };
        var store = await Open(first);
        map.Versions.Insert(0, ["a"]);
        List<LaneLease> gained = [];
        store.Attach(new Recorder { OnGained = taken => gained.AddRange(taken.Lanes) });
        await store.Adopt(map, Now);
        _owned = _owned with { Lanes = [.. gained] };
        await Served(store, await Started(store, 1));
    }

    public async ValueTask DisposeAsync()
    {
        await servers.LetGo();
        foreach (var store in _stores) await store.DisposeAsync();
        foreach (var place in _places) await place.DisposeAsync();
    }
}
