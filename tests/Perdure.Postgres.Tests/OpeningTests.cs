using Npgsql;
using Perdure.Ports;
using Perdure.Postgres.Database;
using Perdure.StoreConformance;

namespace Perdure.Postgres.Tests;

/// <summary>A database that cannot be used says why, with what to do, and is left as it was.</summary>
public sealed class OpeningTests : PostgresTest
{
    [Fact]
    public async Task The_schema_of_another_application_is_foreign_and_not_touched()
    {
        using var shell = Place.Shell();
        shell.Run($"CREATE SCHEMA {Place.Schema}; CREATE TABLE {Place.Schema}.theirs (id int)");
        Assert.Equal("store.foreign", (await Refuses()).Code);
        Assert.Equal(1L, shell.One<long>($"SELECT count(*) FROM pg_class WHERE relnamespace = '{Place.Schema}'::regnamespace"));
    }

    [Fact]
    public async Task An_empty_schema_becomes_a_store()
    {
        using (var shell = Place.Shell()) shell.Run($"CREATE SCHEMA {Place.Schema}");
        await Must(await Open(), new Life().Start());
    }

    [Fact]
    public async Task A_schema_of_two_versions_ahead_is_refused_and_one_version_ahead_is_worked_with()
    {
        await using (var store = await Open()) await store.Close(Now);
        using var shell = Place.Shell();
        shell.Run($"INSERT INTO schema_version (version, applied_at, build) VALUES ({StoreSchema.Version + 1}, 0, 'build-2')");
        await using (var store = await Open())
        {
            await Must(store, new Life().Start());
            await store.Close(Now);
        }
        shell.Run($"INSERT INTO schema_version (version, applied_at, build) VALUES ({StoreSchema.Version + 2}, 0, 'build-3')");
        var epoch = shell.One<long>("SELECT epoch FROM lane");
        var refused = await Refuses();
        Assert.Equal("store.newer", refused.Code);
        Assert.Contains($"schema version {StoreSchema.Version + 2}", refused.Message, StringComparison.Ordinal);
        Assert.Equal(epoch, shell.One<long>("SELECT epoch FROM lane"));
    }

    [Fact]
    public async Task An_older_schema_is_moved_forward_step_by_step_while_a_node_of_the_version_before_writes()
    {
        var store = await Open();
        var life = new Life();
        await Must(store, life.Start());
        var next = StoreSchema.Version + 1;
        Migrate([.. SqlText.Schema(), (next + 1, "CREATE INDEX note_by_text ON note (text)"), (next, "CREATE TABLE note (text text); INSERT INTO note SELECT name FROM state WHERE id = 1")]);
        await Must(store, life.Turn(Orders.Locked));
        using var shell = Place.Shell();
        Assert.Equal(string.Join(',', Enumerable.Range(1, next + 1)), shell.One<string>("SELECT string_agg(version::text, ',' ORDER BY version) FROM schema_version"));
        Assert.Equal((Orders.Received, 2L), (shell.One<string>("SELECT text FROM note"), shell.One<long>("SELECT count(*) FROM log")));
        Assert.Equal("build-2", shell.One<string>("SELECT build FROM schema_version ORDER BY version DESC LIMIT 1"));
    }

    [Fact]
    public async Task A_step_forward_that_fails_leaves_the_schema_as_it_was()
    {
        await using (var store = await Open()) await store.Close(Now);
        Assert.Throws<PostgresException>(() => Migrate([.. SqlText.Schema(), (StoreSchema.Version + 1, "CREATE TABLE note (text text)"), (StoreSchema.Version + 2, "CREATE TABLE note (text text)")]));
        using (var shell = Place.Shell()) Assert.Equal((StoreSchema.Version, 0L), (shell.One<int>("SELECT max(version) FROM schema_version"), shell.One<long>("SELECT count(*) FROM pg_class WHERE relname = 'note' AND relnamespace = current_schema()::regnamespace")));
        await Must(await Open(), new Life().Start());
    }

    [Fact]
    public async Task A_step_forward_behind_an_open_transaction_holds_up_no_writer_and_is_taken_once_that_has_ended()
    {
        var store = await Open();
        var life = new Life();
        await Must(store, life.Start());
        using Shell shell = Place.Shell(), open = Place.Shell();
        open.Run("BEGIN; UPDATE page SET tries = tries WHERE false");
        var next = StoreSchema.Version + 1;
        var moving = Task.Factory.StartNew(() => Migrate([.. SqlText.Schema(), (next, "ALTER TABLE log ADD COLUMN note text; ALTER TABLE page ADD COLUMN note text")]), Now, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        for (var wrote = 0; wrote < 100; wrote++)
        {
            // At least once while the step waits with the log locked.
            if (wrote == 50) await UntilHeldUp(shell, () => "application_name = 'perdure' AND query LIKE 'ALTER TABLE%'", moving);
            await Must(store, life.Turn());
        }
        Assert.False(moving.IsCompleted);
        Assert.Equal(next - 1, shell.One<int>("SELECT max(version) FROM schema_version"));
        open.Run("COMMIT");
        await moving;
        await Must(store, life.Turn(Orders.Locked));
        Assert.Equal((next, 0L), (shell.One<int>("SELECT max(version) FROM schema_version"), shell.One<long>("SELECT count(note) FROM log")));
        // As a build that does not know the step yet.
        Migrate(SqlText.Schema());
        await Must(store, life.Turn());
    }

    [Fact]
    public async Task A_store_of_version_1_becomes_one_of_version_2_beside_a_backup_that_reads_all_of_it()
    {
        using Shell shell = Place.Shell(), backup = Place.Shell();
        shell.Run($"CREATE SCHEMA {Place.Schema}");
        foreach (var (_, sql) in SqlText.Schema().Where(s => s.Version == 1)) shell.Run(sql);
        shell.Run("INSERT INTO schema_version (version, applied_at, build) VALUES (1, 0, 'build-0'); INSERT INTO store (lanes) VALUES (1); INSERT INTO lane (id) VALUES (0)");
        var tables = shell.One<string>($"SELECT string_agg(relname, ', ') FROM pg_class WHERE relnamespace = '{Place.Schema}'::regnamespace AND relkind = 'r'");
        backup.Run($"BEGIN; LOCK TABLE {tables} IN ACCESS SHARE MODE");
        await Must(await Open(), new Life().Start());
        Assert.Equal("1,2", shell.One<string>("SELECT string_agg(version::text, ',' ORDER BY version) FROM schema_version WHERE version < 3"));
        backup.Run("COMMIT");
    }

    private void Migrate(IEnumerable<(int, string)> scripts)
    {
        var connections = new Connections(Place.Options());
        using var connection = connections.OpenWriter();
        StoreSchema.Prepare(connection, connections, Place.Options(), "build-2", scripts);
    }

    [Fact]
    public async Task Nodes_that_open_a_new_schema_at_once_make_it_once()
    {
        PostgresStore[] stores = [New(o => o.Lanes = 4), New(o => o.Lanes = 4), New(o => o.Lanes = 4)];
        await Task.WhenAll(stores.Select(s => s.Open(Node, Now)));
        await Task.WhenAll(stores.Select(s => s.Register(Orders.Map(), Now)));
        using var shell = Place.Shell();
        Assert.Equal(((long)StoreSchema.Version, 4L, 1L), (shell.One<long>("SELECT count(*) FROM schema_version"), shell.One<long>("SELECT count(*) FROM lane"), shell.One<long>("SELECT count(*) FROM map")));
    }

    [Fact]
    public async Task The_number_of_lanes_is_what_the_store_was_made_with()
    {
        await using (var store = await Open(o => o.Lanes = 4)) await store.Close(Now);
        await Open(o => o.Lanes = 7);
        Assert.Equal([0, 1, 2, 3], Owned.Lanes.Select(l => l.Lane).Order());
        Assert.All(Owned.Lanes, l => Assert.Equal(4, l.Lanes));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named()
    {
        var refused = await Refuses(o => o.ConnectionString = "Host=127.0.0.1;Port=1;Username=nobody;Database=none;Timeout=2");
        Assert.Equal("store.unavailable", refused.Code);
        Assert.Contains("127.0.0.1:1", refused.Message, StringComparison.Ordinal);
        Assert.Equal("store.unavailable", (await Refuses(o => o.ConnectionString = new NpgsqlConnectionStringBuilder(o.ConnectionString) { Database = "none" }.ConnectionString)).Code);
    }

    [Fact]
    public async Task The_schema_of_the_options_counts_whatever_the_connection_string_says()
    {
        var store = await Open(o => o.ConnectionString = new NpgsqlConnectionStringBuilder(o.ConnectionString) { SearchPath = "public", Options = "-c work_mem=8MB" }.ConnectionString);
        await Must(store, new Life().Start());
        using var shell = Place.Shell();
        Assert.Equal(1L, shell.One<long>("SELECT count(*) FROM log"));
    }

    [Fact]
    public async Task A_store_that_is_closed_says_so()
    {
        var store = await Open();
        await store.DisposeAsync();
        Assert.Equal("store.closed", (await Assert.ThrowsAsync<StoreException>(() => store.Load(default, Now))).Code);
    }

    [Fact]
    public async Task Connections_that_write_are_durable_whatever_the_database_says()
    {
        using var shell = Place.Shell();
        var name = $"db_{Place.Schema}";
        shell.Run($"CREATE DATABASE {name}");
        try
        {
            shell.Run($"ALTER DATABASE {name} SET synchronous_commit = off");
            using var connection = new Connections(Place.Options(o => o.ConnectionString = new NpgsqlConnectionStringBuilder(o.ConnectionString) { Database = name }.ConnectionString)).OpenWriter();
            using var asked = new NpgsqlCommand("SHOW synchronous_commit", connection);
            Assert.Equal("on", asked.ExecuteScalar());
        }
        finally
        {
            shell.Run($"DROP DATABASE {name} WITH (FORCE)");
        }
    }
}
