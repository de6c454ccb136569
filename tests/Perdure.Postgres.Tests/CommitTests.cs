using Perdure.Kernel;
using Perdure.Ports;
using Perdure.StoreConformance;

namespace Perdure.Postgres.Tests;

/// <summary>Whatever happens to a connection or a server, it becomes certain how a commit went; nothing that was acknowledged is lost, and nothing is written twice.</summary>
public sealed class CommitTests : PostgresTest
{
    private const int Number = 100;

    /// <summary>A batch whose transaction waits behind the fence's row, which the shell holds.</summary>
    private async Task<Task<CommitAnswer>> HeldUp(PostgresStore store, Shell shell, params Item[] items)
    {
        shell.Run("BEGIN; SELECT 1 FROM lane WHERE id = 0 FOR UPDATE");
        var answer = Send(store, 0, Number, items);
        using var watch = Place.Shell();
        await UntilHeldUp(store, watch);
        return answer;
    }

    [Fact]
    public async Task A_connection_that_breaks_before_the_commit_is_known_not_to_have_written()
    {
        var store = await Open(o => o.Writers = 1);
        var life = new Life();
        await Must(store, life.Start());
        using var shell = Place.Shell();
        var turn = life.Turn(Orders.Locked, tokens: [Life.Token(1, "reserve")]);
        var answer = await HeldUp(store, shell, turn);
        shell.Run($"SELECT pg_terminate_backend({store.Backends[0]}, 10000)");
        shell.Run("ROLLBACK");
        Assert.IsType<CommitAnswer.Failed>(await answer);
        Assert.Equal((0L, 1L), (shell.One<long>("SELECT count(*) FROM step"), shell.One<long>("SELECT count(*) FROM log")));
        await Must(store, turn);
    }

    [Fact]
    public async Task A_transaction_that_arrives_after_its_resolution_writes_nothing()
    {
        var store = await Open(o => o.Writers = 1);
        var life = new Life();
        await Must(store, life.Start());
        using var shell = Place.Shell();
        var turn = life.Turn(Orders.Locked);
        var answer = await HeldUp(store, shell, turn);
        shell.Run($"SELECT pg_terminate_backend({store.Backends[0]}, 10000)");
        shell.Run("ROLLBACK");
        Assert.IsType<CommitAnswer.Failed>(await answer);
        // The same batch once more, as it would come late through a slow network.
        Assert.IsType<CommitAnswer.Fenced>(await Send(store, 0, Number, turn));
        Assert.StartsWith("PD002", shell.Refused($"SELECT fence_1(0, ARRAY[0]::smallint[], ARRAY[{Epoch}]::bigint[], ARRAY[{Number}]::bigint[])"), StringComparison.Ordinal);
        Assert.Equal(1L, shell.One<long>("SELECT count(*) FROM log"));
        await Must(store, turn);
    }

    [Fact]
    public async Task An_answer_that_is_lost_after_the_commit_is_known_to_have_written()
    {
        await using var proxy = new LosingProxy(Place.ConnectionString);
        var store = await Open(o => (o.Writers, o.ConnectionString) = (1, proxy.ConnectionString));
        var (life, other) = (new Life(), new Life());
        await Must(store, life.Start());
        proxy.LoseAnswer();
        var answer = Assert.IsType<CommitAnswer.Committed>(await Send(store, life.Turn(Orders.Locked), other.Start(), life.Turn()));
        var records = await store.Views.Feed(0, 10, Now);
        Assert.Equal([(life.Id, 1L), (life.Id, 2), (other.Id, 1), (life.Id, 3)], records.Select(r => (r.Record.Instance, r.Record.Version)));
        Assert.Equal(records.Skip(1).Select(r => r.Record.Position), answer.Items.Select(a => Assert.IsType<ItemAnswer.Committed>(a).Position));
        await Must(store, life.Turn());
    }

    [Fact]
    public async Task An_answer_that_is_lost_keeps_what_was_said_of_the_other_items()
    {
        await using var proxy = new LosingProxy(Place.ConnectionString);
        var store = await Open(o => (o.Writers, o.ConnectionString) = (1, proxy.ConnectionString));
        var (life, again, fine) = (new Life("k"), new Life("k"), new Life());
        await Must(store, life.Start());
        using var shell = Place.Shell();
        // The first answer tells of the taken key; the one of the commit with the rest is the second.
        shell.Run("BEGIN; LOCK TABLE log IN EXCLUSIVE MODE");
        var sent = Send(store, again.Start(), fine.Start(), again.Turn());
        using var watch = Place.Shell();
        await UntilHeldUp(store, watch);
        proxy.LoseAnswer();
        shell.Run("COMMIT");
        var items = Assert.IsType<CommitAnswer.Committed>(await sent).Items;
        Assert.Equal(life.Id, Assert.IsType<ItemAnswer.KeyTaken>(items[0]).Key.Instance);
        Assert.IsType<ItemAnswer.Committed>(items[1]);
        Assert.IsType<ItemAnswer.Skipped>(items[2]);
    }

    [Fact]
    public async Task A_lane_that_was_taken_meanwhile_is_fenced_whatever_became_of_the_commit()
    {
        var store = await Open(o => o.Writers = 1);
        var life = new Life();
        using var shell = Place.Shell();
        var answer = await HeldUp(store, shell, life.Start());
        shell.Run($"SELECT pg_terminate_backend({store.Backends[0]}, 10000)");
        shell.Run("UPDATE lane SET epoch = epoch + 1, marker = 0, closed = 0; COMMIT");
        Passed(await answer);
        Assert.Equal(0L, shell.One<long>("SELECT count(*) FROM log"));
    }

    [Fact]
    public async Task A_takeover_waits_for_the_commit_before_it_and_stops_the_one_after_it()
    {
        var store = await Open(o => o.Writers = 1);
        using var shell = Place.Shell();
        var answer = await HeldUp(store, shell, new Life().Start());
        shell.Run("UPDATE lane SET epoch = epoch + 1, marker = 0, closed = 0; COMMIT");
        Passed(await answer);
        Assert.Equal(0L, shell.One<long>("SELECT count(*) FROM log"));
    }

    [Fact]
    public async Task A_lock_that_another_program_holds_fails_a_commit_for_certain()
    {
        var store = await Open(o => (o.Writers, o.StatementWithin) = (1, TimeSpan.FromMilliseconds(400)));
        var life = new Life();
        await Must(store, life.Start());
        using var shell = Place.Shell();
        var turn = life.Turn();
        shell.Run("BEGIN; LOCK TABLE log IN EXCLUSIVE MODE");
        Assert.Equal("store.busy", Assert.IsType<CommitAnswer.Failed>(await Send(store, turn)).Reason.Code);
        shell.Run("ROLLBACK");
        await Must(store, turn);
    }

    [Fact]
    public async Task A_statement_that_takes_too_long_fails_a_commit_for_certain()
    {
        var store = await Open(o => (o.Writers, o.StatementWithin) = (1, TimeSpan.FromMilliseconds(400)));
        var life = new Life();
        await Must(store, life.Start());
        using var shell = Place.Shell();
        var turn = life.Turn();
        shell.Run("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END'; CREATE TRIGGER slow AFTER INSERT ON log EXECUTE FUNCTION slow()");
        Assert.Equal("store.timeout", Assert.IsType<CommitAnswer.Failed>(await Send(store, turn)).Reason.Code);
        Assert.Equal(1L, shell.One<long>("SELECT count(*) FROM log"));
        shell.Run("DROP TRIGGER slow ON log");
        await Must(store, turn);
    }

    [Fact]
    public async Task A_group_that_meets_a_deadlock_with_another_session_is_written_in_the_end()
    {
        // The writer is the one that looks for a deadlock, once, and late enough that there is one by then.
        var store = await Open(o => (o.Writers, o.StatementWithin, o.ConnectionString) = (1, TimeSpan.FromSeconds(30), o.ConnectionString + ";Options=-c deadlock_timeout=3s"));
        var life = new Life("k");
        await Must(store, life.Start());
        using Shell shell = Place.Shell(), watch = Place.Shell();
        // It has what the writer needs after its fence, and then wants the fence.
        shell.Run("SET deadlock_timeout = '1min'; BEGIN; LOCK TABLE log IN EXCLUSIVE MODE");
        var turn = life.Turn(Orders.Locked, tokens: [Life.Token(1, "reserve")]);
        var answer = Send(store, turn);
        await UntilHeldUp(store, watch);
        // It has the fence only once the writer's transaction was ended.
        shell.Run("SELECT 1 FROM lane WHERE id = 0 FOR UPDATE");
        shell.Run("COMMIT");
        Assert.IsType<ItemAnswer.Committed>(Assert.Single(Assert.IsType<CommitAnswer.Committed>(await answer).Items));
        Assert.Equal((2L, 1L), (shell.One<long>("SELECT count(*) FROM log"), shell.One<long>("SELECT count(*) FROM step")));
    }

    [Fact]
    public async Task A_group_that_the_server_cannot_serialize_is_written_again()
    {
        var store = await Open(o => o.Writers = 1);
        var life = new Life();
        await Must(store, life.Start());
        using var shell = Place.Shell();
        shell.Run("""
            CREATE SEQUENCE tries;
            CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('tries') < 3 THEN RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001'; END IF; RETURN NULL; END $$;
            CREATE TRIGGER fails AFTER INSERT ON log EXECUTE FUNCTION fails()
            """);
        await Must(store, life.Turn(Orders.Locked));
        Assert.Equal((3L, 2L), (shell.One<long>("SELECT last_value FROM tries"), shell.One<long>("SELECT count(*) FROM log")));
    }

    [Fact]
    public async Task An_error_of_the_commit_itself_is_not_taken_for_success()
    {
        var store = await Open(o => o.Writers = 1);
        var (life, bad) = (new Life(), new Life());
        await Must(store, life.Start(), bad.Start());
        using var shell = Place.Shell();
        // A constraint that is checked at the commit.
        shell.Run($"CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.instance = {bad.Id.Value} THEN RAISE EXCEPTION ''log: too late''; END IF; RETURN NULL; END'; CREATE CONSTRAINT TRIGGER late AFTER INSERT ON log DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late()");
        Assert.IsType<CommitAnswer.Failed>(await Send(store, bad.Copy().Turn()));
        Assert.Equal(2L, shell.One<long>("SELECT count(*) FROM log"));
        await Must(store, life.Turn());
    }

    [Fact]
    public async Task While_the_database_cannot_be_reached_commits_wait_in_order_and_go_on_when_it_is_back()
    {
        await using var proxy = new LosingProxy(Place.ConnectionString);
        var store = await Open(o => (o.Writers, o.ConnectionString) = (1, proxy.ConnectionString));
        Life[] lives = [.. Enumerable.Range(0, 20).Select(_ => new Life())];
        await Must(store, [.. lives.Select(l => l.Start())]);
        proxy.Cut();
        var turns = lives.Select(l => l.Turn(Orders.Locked)).ToList();
        var answers = turns.Select(t => Send(store, t)).ToList();
        Assert.All(answers, a => Assert.False(a.IsCompleted));
        proxy.Mend();
        // The first was sent into the broken connection, with what had gathered: certainly not written. All others are.
        for (var i = 0; i < answers.Count; i++)
            if (await answers[i] is CommitAnswer.Failed) await Must(store, turns[i]);
            else Assert.IsType<ItemAnswer.Committed>(Assert.Single(Assert.IsType<CommitAnswer.Committed>(await answers[i]).Items));
        Assert.Equal(20, (await store.Views.Tallies(Now)).Single(t => t.State == Orders.Locked).Count);
    }

    [Fact]
    public async Task A_store_that_is_given_up_while_the_database_is_away_says_what_nobody_knows()
    {
        await using var proxy = new LosingProxy(Place.ConnectionString);
        var store = await Open(o => (o.Writers, o.ConnectionString) = (1, proxy.ConnectionString));
        await Must(store, new Life().Start());
        using var shell = Place.Shell();
        var sent = await HeldUp(store, shell, new Life().Start());
        var later = Send(store, new Life().Start());
        var backend = store.Backends[0];
        proxy.Cut();
        await store.DisposeAsync();
        Assert.IsType<CommitAnswer.Unknown>(await sent);
        Assert.Equal("store.closed", Assert.IsType<CommitAnswer.Failed>(await later).Reason.Code);
        // It still waits at the server, and would write once the row is free.
        shell.Run($"SELECT pg_terminate_backend({backend}, 10000)");
        shell.Run("ROLLBACK");
    }

    [Fact]
    public async Task Reads_that_find_no_connection_or_take_too_long_say_so()
    {
        var store = await Open(o => (o.Readers, o.StatementWithin) = (1, TimeSpan.FromSeconds(1)));
        var life = new Life();
        await Must(store, life.Start());
        using var shell = Place.Shell();
        shell.Run("BEGIN; LOCK TABLE instance IN ACCESS EXCLUSIVE MODE");
        var reads = Enumerable.Range(0, 2).Select(_ => store.Load(life.Id, Now)).ToList();
        var codes = new List<string>();
        foreach (var read in reads) codes.Add((await Assert.ThrowsAsync<StoreException>(() => read)).Code);
        Assert.All(codes, c => Assert.Contains(c, new[] { "store.busy", "store.read-timeout" }));
        shell.Run("ROLLBACK");
        Assert.NotNull(await store.Load(life.Id, Now));
    }
}
