using Perdure.StoreConformance;

namespace Perdure.Postgres.Tests;

/// <summary>The feed's order is final: no reader misses a record that commits late.</summary>
public sealed class FeedTests : PostgresTest
{
    private const string Own = "(SELECT oid::int FROM pg_namespace WHERE nspname = current_schema())";

    [Fact]
    public async Task A_record_is_not_shown_before_an_earlier_one_that_commits_late()
    {
        var store = await Open();
        var (late, later) = (new Life(), new Life());
        await Must(store, late.Start());
        var end = await store.Views.FeedEnd(Now);
        using var shell = Place.Shell();
        // As another node's writer does it, which is held up before its commit.
        shell.Run($"BEGIN; SELECT pg_advisory_xact_lock_shared({Own}, 0)");
        shell.Run($"INSERT INTO log (position, instance, version, at, hash, body) SELECT (position_base + pg_current_xact_id()::text::bigint) << 16, {late.Id.Value}, 2, 0, '', '' FROM store");
        await Must(store, later.Start());
        Assert.Equal(end, await store.Views.FeedEnd(Now));
        Assert.Empty(await store.Views.Feed(end, 10, Now));
        shell.Run("COMMIT");
        Assert.Equal([(late.Id, 2L), (later.Id, 1)], (await store.Views.Feed(end, 10, Now)).Select(r => (r.Record.Instance, r.Record.Version)));
        Assert.True(await store.Views.FeedEnd(Now) > end);
    }

    [Fact]
    public async Task What_is_final_is_complete_however_many_write()
    {
        await Open();
        using var shell = Place.Shell();
        // In the server, so that they are held up by one another and by nothing else: whoever is given an id may be so before it has locked that.
        shell.Run("""
            CREATE TABLE written (id bigint); CREATE INDEX ON written (id); CREATE TABLE read (final bigint[], count bigint[]);
            CREATE FUNCTION below(final bigint) RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT count(*) FROM written WHERE id >= final - 200 AND id < final';
            CREATE PROCEDURE writes(own int) LANGUAGE plpgsql AS $$
            BEGIN
              WHILE NOT EXISTS (SELECT FROM read) LOOP
                PERFORM pg_advisory_xact_lock_shared(own, 0);
                INSERT INTO written SELECT position_base + pg_current_xact_id()::text::bigint FROM store;
                COMMIT;
              END LOOP;
            END $$;
            CREATE PROCEDURE reads(own int) LANGUAGE plpgsql AS $$
            DECLARE finals bigint[]; counts bigint[];
            BEGIN
              FOR i IN 1 .. 5000 LOOP
                finals[i] := final_1(own) >> 16;
                counts[i] := below(finals[i]);
              END LOOP;
              INSERT INTO read VALUES (finals, counts);
            END $$;
            """);
        var own = shell.One<int>($"SELECT {Own}");
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(() =>
        {
            using var session = Place.Shell();
            session.Run($"SET synchronous_commit = off; CALL {(i < 2 ? "reads" : "writes")}({own})");
        }, Now)));
        Assert.Equal(10_000L, shell.One<long>("SELECT count(*) FROM read, unnest(final) f"));
        Assert.Equal(0L, shell.One<long>("SELECT count(*) FROM read, unnest(final, count) AS r (final, count) WHERE below(r.final) <> r.count"));
    }

    [Fact]
    public async Task A_writer_that_is_rolled_back_holds_the_feed_up_no_longer()
    {
        var store = await Open();
        using var shell = Place.Shell();
        shell.Run($"BEGIN; SELECT pg_advisory_xact_lock_shared({Own}, 0); SELECT pg_current_xact_id()");
        await Must(store, new Life().Start());
        Assert.Equal(0, await store.Views.FeedEnd(Now));
        shell.Run("ROLLBACK");
        Assert.Single(await store.Views.Feed(0, 10, Now));
    }

    [Fact]
    public async Task A_transaction_of_another_program_holds_nothing_up()
    {
        var store = await Open();
        using var shell = Place.Shell();
        shell.Run("BEGIN; CREATE TABLE theirs (id int)");
        await Must(store, new Life().Start());
        Assert.Single(await store.Views.Feed(0, 10, Now));
        shell.Run("ROLLBACK");
    }

    [Fact]
    public async Task Positions_go_on_where_they_were_when_the_server_counts_its_transactions_anew()
    {
        var (before, after) = (new Life(), new Life());
        await using (var store = await Open())
        {
            await Must(store, before.Start());
            await store.Close(Now);
        }
        using (var shell = Place.Shell())
        {
            // A restore into a server that is a billion transactions behind.
            shell.Run("ALTER TABLE log DISABLE TRIGGER ALL; UPDATE log SET position = position + (1000000000::bigint << 16); ALTER TABLE log ENABLE TRIGGER ALL");
            shell.Run("ALTER TABLE instance DISABLE TRIGGER ALL; UPDATE instance SET checkpoint = checkpoint + (1000000000::bigint << 16); ALTER TABLE instance ENABLE TRIGGER ALL");
        }
        var again = await Open();
        await Must(again, after.Start());
        Assert.Equal([before.Id, after.Id], (await again.Views.Feed(0, 10, Now)).Select(r => r.Record.Instance));
    }
}
