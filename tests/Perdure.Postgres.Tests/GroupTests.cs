using Perdure.Kernel;
using Perdure.Ports;
using Perdure.StoreConformance;

namespace Perdure.Postgres.Tests;

/// <summary>Batches of several lanes are written in one transaction, and each has its own answer.</summary>
public sealed class GroupTests : PostgresTest
{
    private const int Lanes = 4;

    private static Life In(int lane)
    {
        while (true)
            if (new Life() is var life && life.Id.Slot % Lanes == lane) return life;
    }

    private async Task<PostgresStore> OpenFour() => await Open(o => (o.Lanes, o.Writers, o.StatementWithin) = (Lanes, 1, TimeSpan.FromSeconds(30)));     // a busy machine holds it up for longer than the default

    /// <summary>Gives batches while the writer is held up in one before them, so that they gather and are one group.</summary>
    private async Task<CommitAnswer[]> Together(PostgresStore store, Action<Shell>? meanwhile, params (int Lane, long Number, Item[] Items)[] batches)
    {
        using Shell shell = Place.Shell(), watch = Place.Shell();
        shell.Run("BEGIN; SELECT 1 FROM lane WHERE id = 0 FOR UPDATE");
        var first = Send(store, 0, 1_000, In(0).Start());
        await UntilHeldUp(store, watch);
        var answers = batches.Select(b => Send(store, b.Lane, b.Number, b.Items)).ToArray();
        meanwhile?.Invoke(watch);
        shell.Run("COMMIT");
        Assert.IsType<CommitAnswer.Committed>(await first);
        return await Task.WhenAll(answers);
    }

    private static IReadOnlyList<ItemAnswer> Items(CommitAnswer answer) => Assert.IsType<CommitAnswer.Committed>(answer).Items;

    private static void AllCommitted(CommitAnswer answer) => Assert.All(Items(answer), a => Assert.IsType<ItemAnswer.Committed>(a));

    [Fact]
    public async Task Batches_that_gather_are_one_transaction()
    {
        var store = await OpenFour();
        var lives = Enumerable.Range(0, Lanes).Select(In).ToList();
        var answers = await Together(store, null, [.. lives.Select((l, i) => (i, 2_000L, new[] { l.Start(), l.Turn() }))]);
        Assert.All(answers, AllCommitted);
        var positions = answers.SelectMany(Items).Select(a => ((ItemAnswer.Committed)a).Position).ToList();
        Assert.Single(positions.Select(p => p >> 16).Distinct());
        Assert.Equal(positions.Order(), positions);
        Assert.Equal(positions, (await store.Views.Feed(0, 100, Now)).Skip(1).Select(r => r.Record.Position));
    }

    [Fact]
    public async Task A_lane_that_is_fenced_stops_no_other()
    {
        var store = await OpenFour();
        var lives = Enumerable.Range(0, Lanes).Select(In).ToList();
        var answers = await Together(store, s => s.Run("UPDATE lane SET epoch = epoch + 1, marker = 0 WHERE id = 2"), [.. lives.Select((l, i) => (i, 2_000L, new[] { l.Start() }))]);
        Passed(answers[2]);
        foreach (var lane in new[] { 0, 1, 3 }) AllCommitted(answers[lane]);
        Assert.Null(await store.Load(lives[2].Id, Now));
        using var shell = Place.Shell();
        Assert.Equal("2000,2000,0,2000", shell.One<string>("SELECT string_agg(marker::text, ',' ORDER BY id) FROM lane"));
    }

    [Fact]
    public async Task A_culprit_in_one_lane_is_refused_alone()
    {
        var store = await OpenFour();
        var lives = Enumerable.Range(0, Lanes).Select(In).ToList();
        foreach (var (life, lane) in lives.Select((l, i) => (l, i))) AllCommitted(await Send(store, lane, 10, life.Start()));
        var answers = await Together(store, null, [.. lives.Select((l, i) => (i, 2_000L, i == 1 ? [l.Turn(Orders.Charged), l.Turn()] : new[] { l.Turn(Orders.Locked), l.Turn() }))]);
        Assert.IsType<ItemAnswer.Refused>(Items(answers[1])[0]);
        Assert.IsType<ItemAnswer.Skipped>(Items(answers[1])[1]);
        foreach (var lane in new[] { 0, 2, 3 }) AllCommitted(answers[lane]);
    }

    [Fact]
    public async Task A_transition_reads_its_own_instance_however_many_rest_in_the_same_state()
    {
        // The writer's plans are made while the tables are empty, when any index looks as good as another.
        var store = await OpenFour();
        var lives = Enumerable.Range(0, 1_000).Select(_ => In(0)).ToList();
        await Must(store, lives.Select(l => l.Start()).ToArray());
        await Must(store, lives.Take(83).Select(l => l.Turn(Orders.Locked)).ToArray());
        await store.DisposeAsync();
        using var shell = Place.Shell();
        long Reads(string index) => shell.One<long>($"SELECT idx_tup_read FROM pg_stat_user_indexes WHERE schemaname = current_schema AND indexrelname = '{index}'");
        // The writer's backend tells what it has counted when it goes.
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        while (Reads("log_instance_version_key") == 0 && System.Diagnostics.Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(20)) await Task.Yield();
        Assert.Equal(83, Reads("log_instance_version_key"));
        Assert.Equal(0, Reads("instance_by_state"));
    }

    private static string Slow(string seconds) =>
        $"CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END $$; CREATE TRIGGER slow BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION slow()";

    [Fact]
    public async Task What_takes_longer_as_a_whole_than_a_statement_may_is_written_in_parts_and_all_or_nothing()
    {
        var store = await Open(o => (o.Lanes, o.Writers, o.StatementWithin) = (Lanes, 1, TimeSpan.FromMilliseconds(500)));
        using var shell = Place.Shell();
        shell.Run(Slow("0.02"));
        Life life = In(0), other = In(1);
        Item[] many = [life.Start(), .. Enumerable.Range(0, 59).Select(_ => life.Turn())];
        var answers = await Task.WhenAll(Send(store, 0, 10, many), Send(store, 1, 10, other.Start()));
        Assert.All(answers, AllCommitted);
        var positions = Items(answers[0]).Select(a => ((ItemAnswer.Committed)a).Position).ToList();
        Assert.Equal(positions.Distinct().Order(), positions);
        Assert.Single(positions.Select(p => p >> 16).Distinct());      // one transaction
        Assert.Equal(61L, shell.One<long>("SELECT count(*) FROM log"));
        Assert.True((await store.Views.Verify(life.Id, null, Now)).Intact);
    }

    [Fact]
    public async Task One_record_that_the_server_is_too_slow_for_is_no_culprit_and_is_written_when_it_is_not()
    {
        var store = await Open(o => (o.Lanes, o.Writers, o.StatementWithin) = (Lanes, 1, TimeSpan.FromMilliseconds(300)));
        using var shell = Place.Shell();
        shell.Run(Slow("1"));
        var life = In(0);
        Item[] both = [life.Start(), life.Turn()];
        Assert.Equal("store.timeout", Assert.IsType<CommitAnswer.Failed>(await Send(store, 0, 10, both)).Reason.Code);
        Assert.Equal(0L, shell.One<long>("SELECT count(*) FROM log"));
        shell.Run("DROP TRIGGER slow ON log");
        AllCommitted(await Send(store, 0, 11, both));
    }

    [Fact]
    public async Task The_same_key_in_two_lanes_of_a_group_starts_one()
    {
        var store = await OpenFour();
        Life one = new("k"), two = new("k");
        var answers = await Together(store, null, (1, 2_000, [one.Start()]), (2, 2_000, [two.Start()]));
        AllCommitted(answers[0]);
        Assert.Equal(one.Id, Assert.IsType<ItemAnswer.KeyTaken>(Assert.Single(Items(answers[1]))).Key.Instance);
    }

    [Fact]
    public async Task Two_nodes_that_take_the_same_keys_at_once_start_each_once()
    {
        var first = await Open(o => (o.Lanes, o.Writers) = (2, 2));
        var keys = Enumerable.Range(0, 200).Select(i => $"key-{i}").ToList();
        var answers = await Task.WhenAll(
            Send(first, 0, 1, [.. keys.Select(k => new Life(k).Start())]),
            Send(first, 1, 1, [.. keys.AsEnumerable().Reverse().Select(k => new Life(k).Start())]));
        Assert.Equal(keys.Count, answers.SelectMany(Items).Count(a => a is ItemAnswer.Committed));
        Assert.Equal(keys.Count, answers.SelectMany(Items).Count(a => a is ItemAnswer.KeyTaken));
    }

    [Theory, InlineData("k"), InlineData("another's")]
    public async Task A_request_whose_keys_come_while_they_are_looked_for_is_known_by_both(string request)
    {
        var store = await OpenFour();
        await Must(store, In(0).Start());
        Life once = new(request, "b"), again = new("k", "b");
        using Shell shell = Place.Shell(), watch = Place.Shell();
        // The request key is looked for before the other node's commit, and the business key after it.
        shell.Run("BEGIN; LOCK TABLE business_key IN ACCESS EXCLUSIVE MODE");
        var answer = Send(store, again.Start());
        await UntilHeldUp(store, watch);
        shell.Run(Keys(once.Id, request, "b") + "; COMMIT");
        var taken = Assert.Single(Items(await answer));
        if (request == "k") Assert.Equal(once.Id, Assert.IsType<ItemAnswer.KeyTaken>(taken).Key.Instance);
        else Assert.Equal(new ItemAnswer.BusinessKeyTaken(once.Id), taken);
    }

    /// <summary>What another node's start writes of its keys, in the scope and under the map of the only one until then.</summary>
    internal static string Keys(InstanceId id, string request, string business) => $"""
        INSERT INTO request_key (scope, key, instance, map, payload_hash, created_at) SELECT scope, '{request.Replace("'", "''", StringComparison.Ordinal)}', {id.Value}, map, payload_hash, created_at FROM request_key LIMIT 1;
        INSERT INTO business_key (scope, key, instance) SELECT scope, '{business}', {id.Value} FROM request_key LIMIT 1
        """;

    [Fact]
    public async Task Several_batches_of_a_lane_in_one_group_are_written_in_order()
    {
        var store = await OpenFour();
        var life = In(1);
        var answers = await Together(store, null, (1, 2_000, [life.Start()]), (1, 2_001, [life.Turn(Orders.Locked)]), (1, 2_002, []), (1, 2_003, [life.Turn(tokens: [Life.Token(1, "reserve")])]));
        Assert.All(answers, AllCommitted);
        var stored = (await store.Load(life.Id, Now))!;
        Assert.Equal((Orders.Locked, 1, 1), (stored.Row.State, stored.Tail.Count, stored.Stack.Count));
    }

    [Fact]
    public async Task What_comes_and_goes_within_a_group_leaves_no_trace_and_no_count()
    {
        var store = await OpenFour();
        var (life, other) = (In(1), In(2));
        var timer = new Effect.SetTimer(new(TimerKind.Sleep, 1), Life.Day);
        var answers = await Together(store, null,
            (1, 2_000, [life.Start(tokens: [Life.Token(1, "a"), Life.Token(2, "b")], timers: [timer])]),
            (1, 2_001, [life.Turn(left: [1], cleared: [timer.Timer]), life.Turn(settles: true, tokens: [Life.Token(3, "c")])]),
            (2, 2_000, [other.Start(tokens: [Life.Token(1, "a")]), other.Turn(status: Status.Waiting), other.Turn(status: Status.Running), other.Turn(Orders.Done)]));
        Assert.All(answers, AllCommitted);
        Assert.Equal([3], (await store.Load(life.Id, Now))!.Stack.Select(s => s.Ordinal));
        Assert.Equal("c", Assert.Single(await store.LiveOperations(Now)).Operation);
        Assert.Null(await store.NextTimer(1, DateTimeOffset.MinValue, Now));
        Assert.Equal((1, 2), ((int)(await store.Views.Tallies(Now)).Single(t => t.State == Orders.Done).Count, (int)(await store.Views.Tallies(Now)).Single(t => t.State == Orders.Received).Count));
    }

    [Fact]
    public async Task Each_lane_is_asked_for_what_is_its_own()
    {
        var store = await OpenFour();
        var lives = Enumerable.Range(0, Lanes).Select(In).ToList();
        foreach (var (life, lane) in lives.Select((l, i) => (l, i)))
            AllCommitted(await Send(store, lane, 10, life.Start(timers: [new(new(TimerKind.Sleep, 1), Life.Day)]), life.Turn(outbox: [new(0, life.Id, "m", 1, "s", Payload.Null)])));
        for (var lane = 0; lane < Lanes; lane++)
        {
            Assert.Equal([lives[lane].Id], await store.Active(lane, default, 10, Now));
            Assert.Equal(lives[lane].Id, Assert.Single(await store.Timers(lane, Life.Day, null, 10, Now)).Instance);
            Assert.Equal(lives[lane].Id, Assert.Single(await store.Outbox(lane, 0, 10, Now)).To);
        }
    }
}
