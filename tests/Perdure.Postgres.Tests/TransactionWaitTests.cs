using Perdure.Ports;

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
}
