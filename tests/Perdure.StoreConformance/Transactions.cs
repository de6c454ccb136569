using System.Data.Common;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.StoreConformance;

public abstract partial class StoreConformance
{
    /// <summary>Whether a transaction of this store has a connection on which a test can have tables of its own.</summary>
    protected virtual bool SharesTables => true;

    private readonly string _table = $"account_{Guid.NewGuid():n}"[..20];

    [Fact]
    public async Task What_an_operation_writes_is_committed_with_its_record()
    {
        var life = await WithTable();
        await using (var transaction = await Begin())
        {
            await Pay(transaction, 1);
            var committed = Assert.IsType<TransactionAnswer.Committed>(await transaction.Commit(Lease.Lane, Lease.Epoch, life.Turn(Orders.Locked, tokens: [Life.Token(1, "reserve", visit: 2)])));
            Assert.Equal(committed.Position, (await Store.Records(life.Id, 1, 10, Now))[^1].Position);
        }
        await Restart(clean: false);
        Assert.Equal(1, await Paid());
        var stored = await Loaded(life.Id);
        Assert.Equal((Orders.Locked, 2), (stored.Row.State, stored.Row.Visit));
        Assert.Equal("reserve", Assert.Single(stored.Stack).Name);
        await Must(life.Turn(), life.Turn(Orders.Charged));
    }

    [Fact]
    public async Task What_is_not_committed_is_undone()
    {
        var life = await WithTable();
        await using (var transaction = await Begin()) await Pay(transaction, 1);
        Assert.Equal(0, await Paid());
        await Must(life.Turn());
    }

    [Fact]
    public async Task An_end_under_an_older_epoch_is_fenced_and_nothing_of_it_is_kept()
    {
        var life = await WithTable();
        var old = Lease.Epoch;
        await Restart(clean: false);
        await using (var transaction = await Begin())
        {
            await Pay(transaction, 1);
            Assert.Equal(Lease.Epoch, Assert.IsType<TransactionAnswer.Fenced>(await transaction.Commit(Lease.Lane, old, life.Copy().Turn())).Epoch);
        }
        Assert.Equal(0, await Paid());
        await Must(life.Turn());
    }

    [Fact]
    public async Task A_turn_that_the_map_does_not_declare_is_refused_with_all_that_the_operation_wrote()
    {
        var life = await WithTable();
        await using (var transaction = await Begin())
        {
            await Pay(transaction, 1);
            Assert.IsType<TransactionAnswer.Refused>(await transaction.Commit(Lease.Lane, Lease.Epoch, life.Copy().Turn(Orders.Charged)));
        }
        Assert.Equal(0, await Paid());
        await Must(life.Turn(Orders.Locked));
    }

    [Fact]
    public async Task A_record_that_is_there_already_undoes_what_the_operation_wrote()
    {
        var life = await WithTable();
        var other = life.Copy();
        await Must(other.Turn());
        await using (var transaction = await Begin())
        {
            await Pay(transaction, 1);
            Assert.IsNotType<TransactionAnswer.Committed>(await transaction.Commit(Lease.Lane, Lease.Epoch, life.Turn(settles: true)));
        }
        Assert.Equal(0, await Paid());
    }

    [Fact]
    public async Task A_constraint_that_waits_for_the_commit_is_a_failure_of_the_attempt()
    {
        var life = await WithTable();
        await using (var transaction = await Begin())
        {
            await Run(transaction, $"INSERT INTO {_table} (id, parent) VALUES (1, 4711)");
            var failed = Assert.IsType<TransactionAnswer.Failed>(await transaction.Commit(Lease.Lane, Lease.Epoch, life.Copy().Turn()));
            Assert.Equal(("transaction.refused", true, false), (failed.Failure.Code, failed.Failure.Transient, failed.Failure.Unknown));
        }
        Assert.Equal(0, await Paid());
        await Must(life.Turn());
    }

    [Fact]
    public async Task An_operation_that_ends_the_transaction_itself_has_failed_and_has_no_record()
    {
        var life = await WithTable();
        foreach (var (i, end) in new[] { "COMMIT", "ROLLBACK", "ROLLBACK; BEGIN" }.Index())
        {
            await using var transaction = await Begin();
            await Pay(transaction, i);
            try
            {
                await Run(transaction, end);
            }
            catch (DbException)      // a store may refuse it at once
            {
            }
            var failed = Assert.IsType<TransactionAnswer.Failed>(await transaction.Commit(Lease.Lane, Lease.Epoch, life.Copy().Turn()));
            Assert.Equal(("transaction.ended", false), (failed.Failure.Code, failed.Failure.Transient));
        }
        Assert.Single(await Store.Records(life.Id, 2, 10, Now));      // the one that made the table
    }

    [Fact]
    public async Task The_feed_shows_a_record_whose_transaction_began_long_before()
    {
        var life = await WithTable();
        var others = new Life[] { new(), new(), new() };
        await using var transaction = await Begin();
        // A store with one writer is the operation's alone by now; with many, others write meanwhile.
        if (Store.IsShared) await Pay(transaction, 1);
        var meanwhile = Store.IsShared ? await Commit(others[0].Start(), others[1].Start()) : [];
        var behind = await Log.FeedEnd(Now);
        if (!Store.IsShared) await Pay(transaction, 1);
        var position = Assert.IsType<TransactionAnswer.Committed>(await transaction.Commit(Lease.Lane, Lease.Epoch, life.Turn())).Position;
        await transaction.DisposeAsync();
        Assert.All(meanwhile, m => Assert.True(position > Assert.IsType<ItemAnswer.Committed>(m).Position));
        Assert.Equal([life.Id], (await Log.Feed(behind, 10, Now)).Select(r => r.Record.Instance));
        var next = Assert.IsType<ItemAnswer.Committed>(Assert.Single(await Commit(life.Turn())));
        Assert.True(next.Position > position);
    }

    [Fact]
    public async Task Many_operations_end_beside_batches_and_each_is_there_once()
    {
        const int each = 20;
        var life = await WithTable();
        Life[] lives = [.. Enumerable.Range(0, 4).Select(_ => new Life())];
        await Must([.. lives.Select(l => l.Start())]);
        await Task.WhenAll(lives.Select((l, n) => Task.Run(async () =>
        {
            for (var i = 0; i < each; i++)
            {
                await using var transaction = await Begin();
                await Pay(transaction, 100 + n * each + i);
                Assert.IsType<TransactionAnswer.Committed>(await transaction.Commit(Lease.Lane, Lease.Epoch, l.Turn(tokens: [Life.Token(i + 1, $"step-{i}")])));
            }
        }, Now)).Append(Task.Run(async () =>
        {
            for (var i = 0; i < each; i++) await Must(life.Turn());
        }, Now)));
        Assert.Equal(lives.Length * each, await Paid());
        foreach (var one in lives) Assert.Equal(each, (await Loaded(one.Id)).Stack.Count);
        var feed = (await Log.Feed(0, 1_000, Now)).Select(r => (r.Record.Position, r.Record.Instance, r.Record.Version)).ToList();
        Assert.Equal(feed.Count, feed.Select(f => f.Position).Distinct().Count());
        foreach (var one in lives) Assert.Equal(Enumerable.Range(1, each + 1).Select(v => (long)v), feed.Where(f => f.Instance == one.Id).Select(f => f.Version));
    }

    /// <summary>An instance, and a table of one's own that was made in an operation's transaction.</summary>
    private async Task<Life> WithTable()
    {
        Assert.SkipUnless(SharesTables, "This store's transactions have no tables.");
        var life = new Life();
        await Must(life.Start());
        await using var transaction = await Begin();
        await Run(transaction, $"CREATE TABLE {_table} (id int PRIMARY KEY, parent int REFERENCES {_table} (id) DEFERRABLE INITIALLY DEFERRED)");
        Assert.IsType<TransactionAnswer.Committed>(await transaction.Commit(Lease.Lane, Lease.Epoch, life.Turn()));
        return life;
    }

    private Task<ITransaction> Begin() => Store.Transactions!.Begin(Lease.Lane, TimeSpan.FromSeconds(30), Now);

    private Task Pay(ITransaction transaction, int id) => Run(transaction, $"INSERT INTO {_table} (id) VALUES ({id})");

    private static async Task Run(ITransaction transaction, string sql)
    {
        await using var command = transaction.Store.Connection.CreateCommand();
        (command.Transaction, command.CommandText) = (transaction.Store.Transaction, sql);
        await command.ExecuteNonQueryAsync(Now);
    }

    private async Task<long> Paid()
    {
        await using var transaction = await Begin();
        await using var command = transaction.Store.Connection.CreateCommand();
        (command.Transaction, command.CommandText) = (transaction.Store.Transaction, $"SELECT count(*) FROM {_table}");
        return Convert.ToInt64(await command.ExecuteScalarAsync(Now), System.Globalization.CultureInfo.InvariantCulture);
    }
}
