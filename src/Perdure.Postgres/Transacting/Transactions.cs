using System.Collections.Concurrent;
using System.Data;
using System.Globalization;
using Npgsql;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Transacting;

/// <summary>Transactions for operations, each on a connection of its own out of a bounded pool.</summary>
internal sealed class Transactions(Connections connections, Func<EndCall> call, Action<int, long> fenced, Action<long> wrote) : IDisposable
{
    private readonly NpgsqlDataSource _source = connections.Transactions();
    private readonly ConcurrentBag<EndCall> _calls = [];
    // Waits in line for the pool's connections: Npgsql's own wait has one time for all, and tells with the same words that no connection is free and that none can be made.
    private readonly SemaphoreSlim _free = new(connections.TransactionsMax);
    private readonly CancellationTokenSource _closing = new();

    /// <summary>How connections are made.</summary>
    public Connections Connections => connections;

    /// <summary>Cancelled when the store is let go of.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <inheritdoc cref="ITransactions.Begin" />
    public async Task<ITransaction> Begin(TimeSpan within, CancellationToken cancellation)
    {
        var most = (int)Math.Clamp(within.TotalMilliseconds, 1, int.MaxValue);
        if (!await _free.WaitAsync(most, cancellation).ConfigureAwait(false))
            throw new StoreException("store.busy", $"Every connection for transactions at {connections.Where} was in use for {within}. Let operations keep theirs for less time, or raise the store's Transactions.");
        NpgsqlConnection? connection = null;
        try
        {
            connection = await _source.OpenConnectionAsync(cancellation).ConfigureAwait(false);
            var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation).ConfigureAwait(false);
            var mark = Guid.NewGuid().ToString("N");
            await using var begin = StoreSchema.Command(connection, SqlText.Statement("begin-attempt"), mark, most.ToString(CultureInfo.InvariantCulture),
                Math.Min(most, (int)connections.IdleWithin.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
            begin.Transaction = transaction;
            await begin.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
            return new Transaction(this, connection, transaction, mark);
        }
        catch (Exception fault)
        {
            if (connection is not null) await connection.DisposeAsync().ConfigureAwait(false);
            GiveBack();
            if (fault is NpgsqlException or IOException or TimeoutException) throw PostgresFault.Explain(fault, connections.Where);
            throw;
        }
    }

    /// <summary>A connection is back in the pool.</summary>
    public void GiveBack() => _free.Release();

    /// <summary>A call that nobody uses now.</summary>
    public EndCall Take() => _calls.TryTake(out var free) ? free : call();

    /// <summary>It is free again.</summary>
    public void Free(EndCall used) => _calls.Add(used);

    /// <summary>Another epoch owns the lane.</summary>
    public void Fenced(int lane, long epoch) => fenced(lane, epoch);

    /// <summary>A record is durable.</summary>
    public void Wrote(long position) => wrote(position);

    /// <inheritdoc />
    public void Dispose()
    {
        _closing.Cancel();
        _source.Dispose();
    }
}
