using System.Diagnostics;
using Npgsql;
using Perdure.Owning;
using Perdure.Postgres.Owning;
using Perdure.Tests;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>Nodes die, freeze and are cut off; the database goes away and comes back.</summary>
public sealed class OwnershipFaultTests
{
    [Fact]
    public async Task A_node_that_dies_is_noticed_by_its_lock_and_its_lanes_are_taken_within_a_part_of_the_lease()
    {
        await using var place = await OwnershipPlace.Make();
        place.Lease = TimeSpan.FromSeconds(60);
        await using var a = await place.Join();
        var b = await place.Join();
        await place.Even(a, b);
        await b.DisposeAsync();
        await a.Told.Until(t => t.Count("gained after a death") == 6, "the other has its lanes");
        await OwnershipPlace.Eventually(() => a.Sure.Length == 12 && a.Told.Live.Count == 1, () => "it is sure of all, and knows that it is alone");
    }

    [Fact]
    public async Task A_node_whose_connection_is_ended_and_that_comes_back_keeps_its_lanes_and_nobody_is_told()
    {
        await using var place = await OwnershipPlace.Make();
        (place.Lease, place.Tick) = (TimeSpan.FromSeconds(16), TimeSpan.FromMilliseconds(500));
        await using var a = await place.Join();
        await using var b = await place.Join();
        await place.Even(a, b);
        await OwnershipPlace.Eventually(() => a.Sure.Length == 6, () => "it is sure of its lanes");
        var epochs = await place.Ask<long>("SELECT sum(epoch)::int8 FROM lane");
        var former = await place.Ask<int>($"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {a.Number}");
        await place.CutKeeper(a);
        await OwnershipPlace.Eventually(async () => await place.Ask<long>($"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {a.Number} AND pid <> {former}") == 1, "it has its lock again");
        await OwnershipPlace.Eventually(() => a.Sure.Length == 6, () => "it is sure again");
        Assert.Equal(epochs, await place.Ask<long>("SELECT sum(epoch)::int8 FROM lane"));
        Assert.Empty(a.Told.Of("lost").Concat(a.Told.Of("away")));
    }

    [Fact]
    public async Task A_node_that_comes_back_ends_no_other_node_that_holds_its_lock_for_a_moment_to_declare_it_dead()
    {
        await using var place = await OwnershipPlace.Make(2);
        place.Lease = TimeSpan.FromSeconds(60);
        await using var a = await place.Join();
        var former = await place.Ask<int>($"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = {a.Number} AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
        await using var declaring = await place.Connect("perdure node 99 of here");
        await using var transaction = await declaring.BeginTransactionAsync();
        await using var locks = new NpgsqlCommand($"SELECT pg_advisory_xact_lock('perdure'::regnamespace::oid::int, {a.Number})", declaring, transaction);
        var locked = locks.ExecuteNonQueryAsync();
        await OwnershipPlace.Eventually(async () => await place.Ask<long>("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'perdure node 99 of here' AND wait_event_type = 'Lock'") == 1, "it is the next to have the lock");
        await place.CutKeeper(a);
        await locked;
        // What a session said last stands there: first that it ends a former one of its own, then that it asks for the lock again.
        foreach (var said in new[] { "%pg_terminate_backend%", "%pg_try_advisory_lock%" })
            await OwnershipPlace.Eventually(
                async () => await place.Ask<bool>($"SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = '{a.Keeper.ApplicationName}' AND pid <> {former} AND query LIKE '{said}'")
                    || await place.Ask<long>("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'perdure node 99 of here'") == 0, "it is back and has found its lock taken");
        await transaction.CommitAsync();
        await OwnershipPlace.Eventually(() => a.Sure.Length == 2, () => "it is sure again");
    }

    [Fact]
    public async Task A_node_in_a_silent_network_loses_its_lanes_by_lease_and_was_not_sure_of_them_when_another_took_them()
    {
        await using var place = await OwnershipPlace.Make();
        await using var wire = new Wire(place.Server.Host, place.Server.Port);
        await using var a = await place.Join(new NpgsqlConnectionStringBuilder(place.ConnectionString) { Port = wire.Port }.ToString());
        await using var b = await place.Open();
        var sure = new List<int>();
        b.Told.OnGained = taken => { if (a.Keeper.Holds(taken.Lanes[0].Lane)) sure.Add(taken.Lanes[0].Lane); };
        b.Attach();
        await place.Even(a, b);

        wire.Silence();
        await b.Told.Until(t => t.Count("gained after a death") == 6, "the other has its lanes");
        Assert.Empty(sure);
        await a.Told.Until(t => t.Count("lost") == 6 && t.Count("away") == 1, "it has given them up by itself, without hearing anything");
        Assert.All(a.Told.Of("lost"), t => Assert.Equal("lease.lost", t.Why!.Code));

        var number = a.Number;
        wire.Heal();
        await place.Even(a, b);
        Assert.Equal(number, a.Number);
        await a.Told.Until(t => t.Count("back") == 1, "it is told that the database is back");
    }

    [Fact]
    public async Task A_node_that_was_frozen_past_its_lease_is_sure_of_nothing_when_it_wakes_and_gives_up_what_has_passed_on()
    {
        await using var place = await OwnershipPlace.Make();
        var time = new FreezableTime();
        await using var a = await place.Join(time: time);
        await using var b = await place.Join();
        await place.Even(a, b);
        var had = a.Has;
        time.Freeze();
        try
        {
            await b.Told.Until(t => t.Count("gained after a death") == 6, "the other has its lanes");
            Assert.Empty(a.Sure);
            Assert.Empty(a.Told.Of("lost"));
        }
        finally { time.Thaw(); }
        await a.Told.Until(t => had.All(lane => t.Of("lost").Any(l => l.Lane == lane)), "it has given up its lanes");
        await place.Even(a, b);
    }

    [Fact]
    public async Task A_node_that_was_frozen_while_nobody_took_its_lanes_goes_on_with_them()
    {
        await using var place = await OwnershipPlace.Make();
        var time = new FreezableTime();
        await using var a = await place.Join(time: time);
        await OwnershipPlace.Eventually(() => a.Sure.Length == 12, () => "it is sure of all");
        time.Freeze();
        try { await OwnershipPlace.Eventually(async () => await place.Ask<bool>("SELECT max(lease_until) < extract(epoch FROM clock_timestamp()) * 1000 - 200 FROM node"), "its lease has run out"); }
        finally { time.Thaw(); }
        await OwnershipPlace.Eventually(() => a.Sure.Length == 12, () => "it is sure of all again");
        Assert.Equal(12L, await place.Ask<long>("SELECT sum(epoch)::int8 FROM lane"));
        Assert.Empty(a.Told.Of("lost"));
    }

    [Fact]
    public async Task A_database_that_restarts_leaves_the_lanes_where_they_are()
    {
        await using var server = await PostgresServer.Start(new() { Fsync = false });
        await using var place = await OwnershipPlace.Make(server: server);
        (place.Lease, place.Tick) = (TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(250));
        await using var a = await place.Join();
        await using var b = await place.Join();
        await using var c = await place.Join();
        KeptNode[] all = [a, b, c];
        await place.Even(all);
        var epochs = await place.Ask<long>("SELECT sum(epoch)::int8 FROM lane");
        await server.Stop(immediate: true);
        foreach (var node in all) await node.Told.Until(t => t.Count("away") > 0, "it is told that the database is away");
        Assert.All(all, node => Assert.Empty(node.Sure));
        await server.Resume();
        foreach (var node in all) await node.Told.Until(t => t.Count("back") > 0, "it is told that it is back");
        await OwnershipPlace.Eventually(() => all.Sum(n => n.Sure.Length) == 12, () => "all are sure again");
        Assert.Equal(epochs, await place.Ask<long>("SELECT sum(epoch)::int8 FROM lane"));
        Assert.All(all, node => Assert.Empty(node.Told.Of("lost")));
    }

    [Fact]
    public async Task After_an_outage_longer_than_the_lease_all_lanes_are_owned_again_and_what_nobody_else_had_is_not_a_death()
    {
        await using var server = await PostgresServer.Start(new() { Fsync = false });
        await using var place = await OwnershipPlace.Make(server: server);
        await using var a = await place.Join();
        await server.Stop(immediate: true);
        await a.Told.Until(t => t.Count("lost") == 12, "it has given them up");
        await server.Resume();
        await a.Told.Until(t => t.Count("gained") == 12, "it has them again");
        Assert.Empty(a.Told.Of("gained after a death"));
        Assert.Equal(24L, await place.Ask<long>("SELECT sum(epoch)::int8 FROM lane"));
    }

    [Fact]
    public async Task A_failover_to_a_standby_leaves_every_lane_with_one_owner()
    {
        await using var server = await PostgresServer.Start(new() { Fsync = false });
        await using var place = await OwnershipPlace.Make(server: server);
        (place.Lease, place.Tick) = (TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(250));
        await using var standby = await server.StartStandby();
        var both = new NpgsqlConnectionStringBuilder(place.ConnectionString) { Host = $"{server.Host}:{server.Port},{standby.Host}:{standby.Port}", TargetSessionAttributes = "primary" }.ToString();
        await using var a = await place.Join(both);
        await using var b = await place.Join(both);
        await place.Even(a, b);
        await server.Kill();
        await a.Told.Until(t => t.Count("away") > 0, "it is told that the database is away");
        await b.Told.Until(t => t.Count("away") > 0, "it is told that the database is away");
        await standby.Promote();
        var since = Stopwatch.GetTimestamp();
        await a.Told.Until(t => t.Count("back") > 0, "it is back at the other server");
        await b.Told.Until(t => t.Count("back") > 0, "it is back at the other server");
        Assert.InRange(Stopwatch.GetElapsedTime(since), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        await OwnershipPlace.Eventually(() => a.Sure.Length == 6 && b.Sure.Length == 6, () => "both are sure of theirs");
        Assert.All<KeptNode>([a, b], node => Assert.Empty(node.Told.Of("lost")));
    }

    [Fact]
    public async Task A_takeover_ends_a_session_of_the_dead_node_that_holds_the_fence_in_an_open_transaction()
    {
        await using var place = await OwnershipPlace.Make(2);
        await using var a = await place.Join();
        var b = await place.Join();
        await place.Even(a, b);
        var lane = b.Has.Single();
        await using var writer = await place.Connect(b.Keeper.ApplicationName);
        await using var transaction = await writer.BeginTransactionAsync();
        await using (var fence = new NpgsqlCommand($"UPDATE lane SET marker = marker + 1 WHERE id = {lane} AND epoch = {b.Keeper.EpochOf(lane)}", writer, transaction)) Assert.Equal(1, await fence.ExecuteNonQueryAsync());
        await b.DisposeAsync();
        await a.Told.Until(t => t.Count("gained after a death") == 1, "the other has the lane");
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => transaction.CommitAsync());
        Assert.Equal(0L, await place.Ask<long>($"SELECT marker FROM lane WHERE id = {lane}"));
    }

    [Fact]
    public async Task A_stranger_that_holds_the_row_of_a_lane_holds_up_that_lane_alone()
    {
        await using var place = await OwnershipPlace.Make();
        await using var stranger = await place.Connect();
        await using var transaction = await stranger.BeginTransactionAsync();
        await using (var held = new NpgsqlCommand("SELECT 1 FROM lane WHERE id = 3 FOR UPDATE", stranger, transaction)) await held.ExecuteScalarAsync();
        await using var a = await place.Join();
        Assert.Equal(11, a.Opened.Count);
        await transaction.RollbackAsync();
        await a.Told.Until(t => t.Count("gained") == 1, "it has that lane too");
    }

    [Fact]
    public async Task A_lease_that_has_run_out_by_the_databases_clock_but_is_renewed_is_left_alone()
    {
        await using var place = await OwnershipPlace.Make(4);
        // Long enough that this process, starved by others, is not itself late with a lease: its lanes would pass on, and rightly.
        place.Lease = TimeSpan.FromSeconds(4);
        await using var a = await place.Join();
        await using var b = await place.Join();
        await place.Even(a, b);
        var epochs = await place.Ask<long>("SELECT sum(epoch)::int8 FROM lane");
        // As after a step of the clock by an hour, and one back by two: what stands there is far from what the others take for now.
        foreach (var step in new[] { -3_600_000, 7_200_000 })
        {
            await place.Execute($$"""
                CREATE OR REPLACE FUNCTION step() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN NEW.lease_until := NEW.lease_until + {{step}}; RETURN NEW; END $f$;
                CREATE OR REPLACE TRIGGER step BEFORE UPDATE ON node FOR EACH ROW WHEN (NEW.id = {{b.Number}}) EXECUTE FUNCTION step()
                """);
            var from = await place.Ask<long>($"SELECT lease_until FROM node WHERE id = {a.Number}");
            await OwnershipPlace.Eventually(async () => await place.Ask<long>($"SELECT lease_until FROM node WHERE id = {a.Number}") > from + 2 * place.Lease.TotalMilliseconds, "two leases have passed");
            Assert.Equal(epochs, await place.Ask<long>("SELECT sum(epoch)::int8 FROM lane"));
        }
        // And a death is noticed whatever stands there.
        await b.DisposeAsync();
        await a.Told.Until(t => t.Count("gained after a death") == 2, "the other has its lanes");
    }

    [Fact]
    public async Task A_node_that_a_writer_finds_fenced_gives_up_that_lane()
    {
        await using var place = await OwnershipPlace.Make(2);
        await using var a = await place.Join();
        a.Keeper.Fenced(1, 1);
        await place.Execute("UPDATE lane SET epoch = 9, owner = 77 WHERE id = 1");
        a.Keeper.Fenced(1, 9);
        await a.Told.Until(t => t.Of("lost").Any(l => l is { Lane: 1, Why.Code: "lane.fenced" }), "it has given up the lane");
        await a.Told.Until(t => t.Of("gained after a death").Any(g => g is { Lane: 1, Epoch: 10 }), "it takes it anew, since its owner is nobody");
        Assert.Equal(1, a.Keeper.EpochOf(0));
    }

    [Fact]
    public async Task Two_nodes_are_never_sure_of_one_lane_whatever_happens_to_their_connections()
    {
        await using var place = await OwnershipPlace.Make(6);
        var nodes = new List<KeptNode> { await place.Open(), await place.Open(), await place.Open() };
        var both = 0;
        using var end = new CancellationTokenSource();
        foreach (var node in nodes) node.Attach();
        var observer = new Thread(() =>
        {
            while (!end.IsCancellationRequested)
                for (var lane = 0; lane < 6; lane++)
                {
                    // One that was sure before and after another was, was sure at the same time.
                    foreach (var one in nodes)
                        foreach (var other in nodes)
                            if (one != other && one.Keeper.Holds(lane) && other.Keeper.Holds(lane) && one.Keeper.Holds(lane)) Interlocked.Increment(ref both);
                }
        }) { IsBackground = true };
        observer.Start();
        for (var round = 0; round < 12; round++)
        {
            var one = nodes[round % 3];
            await place.CutKeeper(one);
            await OwnershipPlace.Eventually(() => nodes.Sum(n => n.Sure.Length) == 6, () => "all lanes are somebody's");
        }
        await end.CancelAsync();
        observer.Join();
        Assert.Equal(0, both);
    }
}
