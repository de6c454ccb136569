using Npgsql;
using Perdure.Kernel;
using Perdure.Transactions.Node;

namespace Perdure.Transactions.Tests;

/// <summary>What an operation writes, the record of it and the intents that follow are there together, once, or not at all.</summary>
public sealed class AnOperationInATransaction : IDisposable
{
    private readonly CancellationTokenSource _patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public AnOperationInATransaction() => _patience.CancelAfter(TimeSpan.FromMinutes(1));

    private CancellationToken Now => _patience.Token;

    public void Dispose() => _patience.Dispose();

    [Theory]
    [InlineData("sqlite", "ado"), InlineData("sqlite", "dapper"), InlineData("sqlite", "ef")]
    [InlineData("postgres", "ado"), InlineData("postgres", "dapper"), InlineData("postgres", "ef")]
    public async Task Writes_once_and_is_recorded_with_it(string kind, string how)
    {
        await using var own = await OwnHome.Make(kind);
        await using var node = new PayingNode(own.Home);
        await node.Start(own.Home);
        var ids = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => node.Start(new Bill($"a{i}", 3, how, AtOnce: i % 2 == 1))));
        foreach (var id in ids) Assert.Equal("SETTLED", await node.Ends(id, Now));
        await Once(own, accounts: 5, parts: 3);
    }

    [Theory, InlineData("sqlite"), InlineData("postgres")]
    public async Task That_fails_has_written_nothing_and_is_tried_again_under_no_unknown_outcome(string kind)
    {
        await using var own = await OwnHome.Make(kind);
        await using var node = new PayingNode(own.Home);
        await node.Start(own.Home);
        node.Meanwhile.Do = (_, _, attempt) => attempt.Number % 3 != 0 ? throw new InvalidOperationException("The way back is lost.") : Task.CompletedTask;
        var id = await node.Start(new Bill("a", 4, "ado"));
        Assert.Equal("SETTLED", await node.Ends(id, Now));
        await Once(own, accounts: 1, parts: 4);
        var events = (await node.Perdure.History(id, 1, 100, Now)).SelectMany(r => r.Events).ToList();
        Assert.Equal(8, events.OfType<StepRetryScheduled>().Count());
        Assert.All(events.OfType<StepRetryScheduled>(), e => Assert.False(e.Failure.Unknown));
    }

    [Theory, InlineData("sqlite"), InlineData("postgres")]
    public async Task That_fails_for_good_tells_the_body_and_has_written_nothing(string kind)
    {
        await using var own = await OwnHome.Make(kind);
        await using var node = new PayingNode(own.Home);
        await node.Start(own.Home);
        node.Meanwhile.Do = (payment, _, _) => payment.Number == 2 ? throw new PermanentFailure("account.closed", "No more.") : Task.CompletedTask;
        Assert.Equal("REFUSED", await node.Ends(await node.Start(new Bill("a", 4, "dapper")), Now));
        Assert.Equal(("a", 1), Assert.Single(await own.Home.Paid()).Key);
    }

    [Theory, InlineData("sqlite"), InlineData("postgres")]
    public async Task Is_taken_back_once_in_a_transaction_of_its_own(string kind)
    {
        await using var own = await OwnHome.Make(kind);
        await using var node = new PayingNode(own.Home);
        await node.Start(own.Home);
        Assert.Equal("TAKEN_BACK", await node.Ends(await node.Start(new Bill("a", 3, "ef", CalledOff: true)), Now));
        Assert.All((await own.Home.Paid()).Values, p => Assert.Equal((1, 1), p));
    }

    [Theory, InlineData("sqlite"), InlineData("postgres")]
    public async Task Whose_rows_the_database_refuses_at_the_commit_has_failed_and_the_others_go_on(string kind)
    {
        await using var own = await OwnHome.Make(kind);
        await using var node = new PayingNode(own.Home);
        await node.Start(own.Home);
        await own.Home.Run("CREATE TABLE customer (id int PRIMARY KEY); ");
        await own.Home.Run("CREATE TABLE visit (customer int REFERENCES customer (id) DEFERRABLE INITIALLY DEFERRED)");
        node.Meanwhile.Do = async (payment, store, attempt) =>
        {
            if (payment.Account != "bad" || payment.Number != 2 || attempt.Number > 2) return;
            await using var command = store.Connection.CreateCommand();
            (command.Transaction, command.CommandText) = (store.Transaction, "INSERT INTO visit (customer) VALUES (4711)");
            await command.ExecuteNonQueryAsync(attempt.Cancelled);
        };
        var ids = await Task.WhenAll(node.Start(new Bill("bad", 5, "ado", AtOnce: true)), node.Start(new Bill("good", 5, "ado", AtOnce: true)));
        foreach (var id in ids) Assert.Equal("SETTLED", await node.Ends(id, Now));
        await Once(own, accounts: 2, parts: 5);
        var refused = (await node.Perdure.History(ids[0], 1, 100, Now)).SelectMany(r => r.Events).OfType<StepRetryScheduled>().ToList();
        Assert.Equal(["transaction.refused", "transaction.refused"], refused.Select(r => r.Failure.Code));
    }

    [Fact]
    public async Task That_is_slow_holds_up_no_other_instance()
    {
        await using var own = await OwnHome.Make("postgres");
        await using var node = new PayingNode(own.Home);
        await node.Start(own.Home);
        var (isIn, goesOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        node.Meanwhile.Do = async (payment, _, attempt) =>
        {
            if (payment.Account != "slow") return;
            isIn.TrySetResult();      // its row is written and locked
            await goesOn.Task.WaitAsync(attempt.Cancelled);
        };
        var slow = await node.Start(new Bill("slow", 1, "ado"));
        await isIn.Task.WaitAsync(Now);
        var ids = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => node.Start(new Bill($"a{i}", 2, "dapper"))));
        foreach (var id in ids) Assert.Equal("SETTLED", await node.Ends(id, Now));
        Assert.DoesNotContain("slow", (await own.Home.Paid()).Keys.Select(k => k.Account));
        goesOn.SetResult();
        Assert.Equal("SETTLED", await node.Ends(slow, Now));
        await Once(own, accounts: 41, parts: null);
    }

    [Fact]
    public async Task That_keeps_the_only_writer_too_long_is_rolled_back_and_the_others_go_on()
    {
        await using var own = await OwnHome.Make("sqlite");
        await using var node = new PayingNode(own.Home);
        await node.Start(own.Home);
        var othersEnded = new TaskCompletionSource();
        node.Meanwhile.Do = (payment, _, attempt) => payment.Account == "slow" && attempt.Number == 1 ? othersEnded.Task : Task.CompletedTask;
        var slow = await node.Start(new Bill("slow", 1, "ado"));
        var ids = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => node.Start(new Bill($"a{i}", 1, "dapper"))));
        foreach (var id in ids) Assert.Equal("SETTLED", await node.Ends(id, Now));
        othersEnded.SetResult();
        Assert.Equal("SETTLED", await node.Ends(slow, Now));
        await Once(own, accounts: 6, parts: 1);
        var retried = Assert.Single((await node.Perdure.History(slow, 1, 100, Now)).SelectMany(r => r.Events).OfType<StepRetryScheduled>());
        Assert.Equal("transaction.too-long", retried.Failure.Code);
    }

    [Fact]
    public async Task Whose_session_is_ended_at_any_moment_is_there_once_all_the_same()
    {
        await using var own = await OwnHome.Make("postgres");
        await using var node = new PayingNode(own.Home);
        await node.Start(own.Home);
        var ended = 0;
        // Sessions are ended from outside while others write and commit in theirs.
        node.Meanwhile.Do = async (payment, store, _) =>
        {
            if (payment.Number % 4 != 0) return;
            await using var other = new NpgsqlConnection(own.Home.Target);
            await other.OpenAsync(Now);
            await using var end = new NpgsqlCommand("""
                SELECT count(pg_terminate_backend(a.pid)) FROM (SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND pid <> $1
                  AND (query LIKE '%transact_1%' OR query LIKE 'COMMIT%' OR query LIKE 'INSERT INTO payment%') AND application_name LIKE 'perdure node%' ORDER BY random() LIMIT 1) a
                """, other);
            end.Parameters.Add(new() { Value = ((NpgsqlConnection)store.Connection).ProcessID });
            Interlocked.Add(ref ended, (int)(long)(await end.ExecuteScalarAsync(Now))!);
        };
        var ids = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => node.Start(new Bill($"a{i}", 8, "ado", AtOnce: i % 2 == 1))));
        foreach (var id in ids) Assert.Equal("SETTLED", await node.Ends(id, Now));
        await Once(own, accounts: 30, parts: 8);
        Assert.True(ended > 0, "No session was ended.");
    }

    private static async Task Once(OwnHome own, int accounts, int? parts)
    {
        var paid = await own.Home.Paid();
        Assert.Equal(accounts, paid.Keys.Select(k => k.Account).Distinct().Count());
        if (parts is { } each) Assert.Equal(accounts * each, paid.Count);
        Assert.All(paid, p => Assert.Equal((p.Key, (1, 0)), (p.Key, p.Value)));
    }
}
