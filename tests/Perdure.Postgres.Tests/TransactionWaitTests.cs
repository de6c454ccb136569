using Perdure.Ports;
using Perdure.StoreConformance;

namespace Perdure.Postgres.Tests;

/// <summary>An operation that finds all connections for transactions in use waits for one within its own time, however long the connection string lets a connection be waited for.</summary>
public sealed class TransactionWaitTests : PostgresTest
{
    [Fact]
    public async Task An_operation_waits_for_a_connection_within_its_own_time_and_is_told_what_there_are_too_few_of()
    {
        var store = await Open(o => (o.Transactions, o.ConnectionString) = (1, o.ConnectionString + ";Timeout=2"));
        ITransactions transactions = store;
        var first = await transactions.Begin(0, TimeSpan.FromMinutes(1), Now);
        var patient = transactions.Begin(0, TimeSpan.FromMinutes(1), Now);
        // By the time this one has given up the connection string's would be over.
        var refused = await Assert.ThrowsAsync<StoreException>(() => transactions.Begin(0, TimeSpan.FromSeconds(3), Now));
        Assert.Equal("store.busy", refused.Code);
        Assert.Contains("Transactions", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Readers", refused.Message, StringComparison.Ordinal);
        Assert.False(patient.IsCompleted);
        using var given = new CancellationTokenSource();
        var cancelled = transactions.Begin(0, TimeSpan.FromMinutes(1), given.Token);
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        await first.DisposeAsync();
        await (await patient).DisposeAsync();
        await (await transactions.Begin(0, TimeSpan.FromMinutes(1), Now)).DisposeAsync();
    }

    [Fact]
    public async Task An_operation_that_says_nothing_in_its_transaction_loses_it_before_the_lease_could_pass_however_long_it_may_take_itself()
    {
        var lease = TimeSpan.FromSeconds(2);
        var store = await Open(o => o.Lease = lease);
        ITransactions transactions = store;
        using var shell = Place.Shell();
        shell.Run("CREATE TABLE mine (id int PRIMARY KEY, n int); INSERT INTO mine VALUES (1, 0)");
        Life life = new(), other = new();
        await Must(store, life.Start(), other.Start());

        await using (var quick = await transactions.Begin(0, TimeSpan.FromSeconds(1), Now)) Assert.Equal("1s", await Says(quick, "SHOW idle_in_transaction_session_timeout"));
        await using var silent = await transactions.Begin(0, TimeSpan.FromMinutes(1), Now);
        Assert.Equal("1750ms", await Says(silent, "SHOW idle_in_transaction_session_timeout"));
        Assert.Equal("1min", await Says(silent, "SHOW statement_timeout"));
        await Says(silent, $"UPDATE {Place.Schema}.mine SET n = n + 1 RETURNING n");
        // Waits for the row, which the silent one has; the server ends that one.
        shell.Run("UPDATE mine SET n = n + 10");
        Assert.Equal(10, shell.One<int>("SELECT n FROM mine"));
        Assert.Equal(("transaction.lost", true), Assert.IsType<TransactionAnswer.Failed>(await silent.Commit(0, Epoch, life.Turn())).Failure is var failure ? (failure.Code, failure.Transient) : default);
        await Must(store, other.Turn());
    }

    private static async Task<object?> Says(ITransaction transaction, string sql)
    {
        await using var command = transaction.Store.Connection.CreateCommand();
        (command.Transaction, command.CommandText) = (transaction.Store.Transaction, sql);
        return await command.ExecuteScalarAsync(Now);
    }
}
