using Npgsql;
using Perdure.Postgres.Database;
using Perdure.StoreConformance;

namespace Perdure.Postgres.Tests.Replicas;

/// <summary>A server is read only where it is a standby of the store, with the store's schema, at the moment of the read.</summary>
public sealed class UnfitReplicaTests(Followed servers) : ReplicaTest(servers), IClassFixture<Followed>
{
    private async Task IsNotRead(PostgresStore store, string because)
    {
        var life = new Life();
        await Must(store, life.Start());
        var reads = store.Stale()!;
        Assert.Equal(Orders.Received, (await reads.Find(life.Id, Now))!.State);
        Assert.Equal(TimeSpan.Zero, reads.Staleness);
        Assert.Contains(because, Assert.Single(Said), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_primary_itself_is_no_replica() => await IsNotRead(await OpenFollowed(o => o.ReplicaConnectionString = o.ConnectionString), "it is no standby");

    [Fact]
    public async Task A_schema_of_that_name_elsewhere_is_none()
    {
        var database = await Servers.Primary.NewDatabase();
        await using (var connection = new NpgsqlConnection(database))
        {
            await connection.OpenAsync(Now);
            await using var make = new NpgsqlCommand($"CREATE SCHEMA {Place.Schema}; CREATE TABLE {Place.Schema}.schema_version AS SELECT {StoreSchema.Version} AS version", connection);
            await make.ExecuteNonQueryAsync(Now);
        }
        await Servers.CaughtUp();
        await IsNotRead(await OpenFollowed(o => o.ReplicaConnectionString = Servers.There(database)), "another server than the store's");
    }

    [Fact]
    public async Task A_copy_of_the_database_on_the_same_server_is_none()
    {
        var database = await Servers.Primary.NewDatabase();
        await using (var before = New(o => o.ConnectionString = database))
        {
            await before.Open(Node, Now);
            await before.Close(Now);
        }
        var name = new NpgsqlConnectionStringBuilder(database).Database;
        await Servers.Primary.Execute($"CREATE DATABASE {name}_copy TEMPLATE {name}", Now);
        var copy = new NpgsqlConnectionStringBuilder(database) { Database = name + "_copy" }.ConnectionString;
        await Servers.CaughtUp();
        await IsNotRead(await OpenFollowed(o => (o.ConnectionString, o.ReplicaConnectionString) = (database, Servers.There(copy))), "another database");
    }

    [Fact]
    public async Task A_database_that_is_not_there_yet_is_none()
    {
        await Servers.Hold();
        await IsNotRead(await OpenFollowed(), "schema_version");
        await Servers.LetGo();
    }

    [Fact]
    public async Task A_replica_with_an_older_schema_is_read_once_it_has_caught_up()
    {
        await using (var before = await Open()) await before.Close(Now);
        await Servers.CaughtUp();
        await Servers.Hold();
        using (var shell = Place.Shell()) shell.Run($"INSERT INTO schema_version (version, applied_at, build) VALUES ({StoreSchema.Version + 1}, 0, 'build-2')");
        var store = await OpenFollowed();
        await IsNotRead(store, $"has version {StoreSchema.Version}, the primary's has {StoreSchema.Version + 1}");
        await Servers.LetGo();
        await Served(store);
    }

    [Fact]
    public async Task A_schema_that_moves_on_while_the_node_runs_is_read_on()
    {
        var store = await OpenFollowed();
        await Served(store);
        using (var shell = Place.Shell()) shell.Run($"INSERT INTO schema_version (version, applied_at, build) VALUES ({StoreSchema.Version + 1}, 0, 'build-2')");
        await Served(store);
        Assert.Empty(Said);
    }

    [Fact]
    public async Task A_standby_that_was_promoted_is_none_any_more()
    {
        await using var standby = await Servers.Primary.StartStandby(synchronous: false);
        var store = await OpenFollowed(o => o.ReplicaConnectionString = Servers.There(o.ConnectionString, standby));
        await Followed.Eventually(async () => await standby.Ask<bool>($"SELECT to_regclass('{Place.Schema}.tally') IS NOT NULL"), "it has the schema");
        var life = new Life();
        await Must(store, life.Start());
        await standby.Promote();
        await IsNotRead(store, "it is no standby");
    }

    [Fact]
    public async Task A_connection_string_that_cannot_be_read_is_told_of_at_once() =>
        Assert.Equal("store.unavailable", Assert.Throws<Ports.StoreException>(() => New(o => o.ReplicaConnectionString = "Hots=1")).Code);
}
