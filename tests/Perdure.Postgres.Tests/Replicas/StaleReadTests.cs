using System.Diagnostics;
using Npgsql;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.StoreConformance;

namespace Perdure.Postgres.Tests.Replicas;

/// <summary>Who takes what may be old reads from the replica, is told how old it may be, and nobody else reads there.</summary>
public sealed class StaleReadTests(Followed servers) : ReplicaTest(servers), IClassFixture<Followed>
{
    [Fact]
    public async Task A_store_without_a_replica_has_no_old_reads() => Assert.Null((await Open()).Stale());

    [Fact]
    public async Task A_replica_that_lags_shows_what_was_to_who_takes_that_and_nobody_else_and_says_how_old_it_may_be()
    {
        var store = await OpenFollowed();
        Life life = new(businessKey: "b-1"), late = new(businessKey: "b-2");
        await Must(store, life.Start(), life.Turn(Orders.Locked));
        await Served(store);
        Assert.Equal(Orders.Locked, await Old(store, life.Id));

        await Servers.Hold();
        var held = Stopwatch.GetTimestamp();
        await Must(store, life.Turn(Orders.Approval, Status.Waiting), late.Start());
        var old = store.Stale()!;
        Assert.Equal(TimeSpan.Zero, old.Staleness);
        Assert.Equal((Orders.Locked, Orders.Locked), ((await old.Find(life.Id, Now))!.State, (await old.Load(life.Id, Now))!.Row.State));
        Assert.Equal(life.Id, Assert.Single(await old.List(new(), null, 10, Now)).Id);
        Assert.Equal((life.Id, null), ((await old.FindByBusinessKey("default", Orders.Workflow, "b-1", Now))?.Id, await old.FindByBusinessKey("default", Orders.Workflow, "b-2", Now)));
        Assert.Equal([1, 2], (await old.Records(life.Id, 1, 10, Now)).Select(r => r.Version));
        Assert.Empty(await old.Gates(null, 10, Now));
        Assert.False(await old.WasRemoved(life.Id, Now));
        // The last thing that was replayed may be older than the hold; by how much is a matter of how often nodes write.
        var least = Stopwatch.GetElapsedTime(held) - TimeSpan.FromMilliseconds(250);
        Assert.InRange(old.Staleness!.Value, least, least + TimeSpan.FromSeconds(20));
        Assert.True(old.Staleness >= least, "What was read becomes older.");

        var own = new OwnReads(store);
        Assert.Equal(Orders.Approval, (await own.Find(life.Id, Now))!.State);
        Assert.Equal((3, 1, 2), ((await own.Records(life.Id, 1, 10, Now)).Count, (await own.Gates(null, 10, Now)).Count, (await own.List(new(), null, 10, Now)).Count));
        Assert.Equal(TimeSpan.Zero, own.Staleness);

        await Servers.LetGo();
        await Served(store);
        Assert.Equal(Orders.Approval, await Old(store, life.Id));
        Assert.Single(await store.Stale()!.Gates(null, 10, Now));
        Assert.Empty(Said);
    }

    [Fact]
    public async Task A_replica_that_is_down_is_told_of_once_and_the_primary_answers_until_it_is_back()
    {
        var store = await OpenFollowed();
        var life = new Life();
        await Must(store, life.Start());
        await Served(store);
        await Servers.Standby.Stop(immediate: true);
        try
        {
            await Must(store, life.Turn(Orders.Locked));
            for (var i = 0; i < 50; i++)
            {
                var reads = store.Stale()!;
                Assert.Equal(Orders.Locked, (await reads.Find(life.Id, Now))!.State);
                Assert.Equal(TimeSpan.Zero, reads.Staleness);
            }
            // A connection that the pool had, and then one that it would make anew.
            Assert.Single(Said);
            Assert.StartsWith("Warning", Said[0], StringComparison.Ordinal);
        }
        finally { await Servers.Standby.Resume(); }
        await Served(store);
        Assert.Equal(Orders.Locked, await Old(store, life.Id));
        Assert.Equal(2, Said.Count);
        Assert.StartsWith("Information", Said[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replica_answers_while_the_primary_is_away()
    {
        var store = await OpenFollowed();
        var life = new Life();
        await Must(store, life.Start());
        await Served(store);
        await Servers.Primary.Stop(immediate: true);
        try
        {
            var reads = store.Stale()!;
            Assert.Equal(Orders.Received, (await reads.Find(life.Id, Now))!.State);
            Assert.Equal("store.unavailable", (await Assert.ThrowsAsync<StoreException>(() => store.Views.Find(life.Id, Now))).Code);
            Assert.True(reads.Staleness > TimeSpan.Zero);
        }
        finally { await Servers.Primary.Resume(); }
        Assert.Empty(Said);
    }

    [Fact]
    public async Task Leases_keys_commands_and_recovery_never_go_to_the_replica()
    {
        await Servers.Hold();
        var said = await Servers.Standby.SaidOf("perdure node");
        var store = await OpenFollowed(o => o.Lanes = 2);
        var life = new Life("k-1");
        await Must(store, life.Start(), life.Turn(Orders.Locked));
        // All of this would fail at the standby, which has not even got the schema yet.
        Assert.Equal(life.Id, (await store.FindKey("default", Orders.Workflow, "k-1", Now))!.Instance);
        Assert.Equal(Orders.Locked, (await store.Load(life.Id, Now))!.Row.State);
        Assert.Single((await store.LoadTogether([life.Id], Now))!);
        await store.Timers(0, DateTimeOffset.MaxValue.AddDays(-1), null, 10, Now);
        await store.Outbox(0, 0, 10, Now);
        await store.Inbox(0, 10, Now);
        await store.Active(0, default, 10, Now);
        await store.LiveOperations(Now);
        await store.PagesOwed(0, 10, Now);
        await store.Retention.Remove(Life.Day, default, 10, Now);
        await store.Views.Feed(0, 10, Now);
        await store.Views.Find(life.Id, Now);
        Assert.True(store.Holds(0));

        // Another node takes over from it, by leases that the standby does not know.
        await store.DisposeAsync();
        var next = await OpenFollowed();
        await Followed.Eventually(() => Task.FromResult(next.Holds(0) && next.Holds(1)), "it has the lanes");
        Assert.Equal(0, await Servers.Standby.SaidOf("perdure node") - said);

        await Servers.LetGo();
        await Served(next);
        Assert.True(await Servers.Standby.SaidOf("perdure node") > said);
    }

    [Fact]
    public async Task A_role_that_may_use_the_schema_and_nothing_else_is_enough()
    {
        var role = $"role_{Place.Schema}";
        await Servers.Primary.Execute($"CREATE ROLE {role} LOGIN PASSWORD 'secret'; GRANT CREATE ON DATABASE postgres TO {role}");
        var store = await OpenFollowed(o =>
        {
            o.ConnectionString = new NpgsqlConnectionStringBuilder(o.ConnectionString) { Username = role, Password = "secret" }.ConnectionString;
            o.ReplicaConnectionString = Servers.There(o.ConnectionString);
        });
        await Must(store, new Life().Start());
        await Served(store);
    }
}
