using Npgsql;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Transacting;

/// <summary>The transaction of one attempt.</summary>
internal sealed class Transaction(Transactions all, NpgsqlConnection connection, NpgsqlTransaction transaction, string mark) : ITransaction
{
    private readonly int _backend = connection.ProcessID;
    private int _given;

    /// <inheritdoc />
    public StoreTransaction Store { get; } = new(connection, transaction);

    /// <inheritdoc />
    public async Task<TransactionAnswer> Commit(int lane, long epoch, Item item)
    {
        var call = all.Take();
        try
        {
            return Told(lane, await Write(call, lane, epoch, item).ConfigureAwait(false));
        }
        finally
        {
            all.Free(call);
        }
    }

    private TransactionAnswer Told(int lane, TransactionAnswer answer)
    {
        if (answer is TransactionAnswer.Committed(var position)) all.Wrote(position);
        else if (answer is TransactionAnswer.Fenced(var epoch)) all.Fenced(lane, epoch);
        return answer;
    }

    private async Task<TransactionAnswer> Write(EndCall call, int lane, long epoch, Item item)
    {
        if (call.Fill(lane, epoch, mark, item) is { } refused) return new TransactionAnswer.Refused(refused);
        try
        {
            return new TransactionAnswer.Committed(await call.Run(connection).ConfigureAwait(false));
        }
        catch (PostgresException fault) when (PostgresFault.IsCertain(fault))
        {
            if (fault.SqlState == PostgresFault.Fenced) return await Resolve(lane, epoch, item, PostgresFault.Explain(fault, all.Connections.Where)).ConfigureAwait(false);
            return Answer(fault, call.BlamesRecord(fault));
        }
        catch (Exception fault) when (fault is InvalidOperationException or ObjectDisposedException && connection.FullState == System.Data.ConnectionState.Closed)
        {
            return new TransactionAnswer.Failed(Ended("its connection was closed"));
        }
        catch (Exception fault)
        {
            return await Resolve(lane, epoch, item, PostgresFault.Explain(fault, all.Connections.Where)).ConfigureAwait(false);
        }
    }

    private TransactionAnswer Answer(PostgresException fault, bool blamesRecord) => fault.SqlState switch
    {
        PostgresFault.NotTheAttempts or PostgresErrorCodes.NoActiveSqlTransaction => new TransactionAnswer.Failed(Ended("it was committed or rolled back")),
        PostgresErrorCodes.InFailedSqlTransaction => new TransactionAnswer.Failed(new("transaction.aborted",
            "A statement in the operation's transaction had failed, and the operation returned as if it had not: nothing of it was written.", Transient: true)),
        // The record is there already: what was lost on an earlier way has come after all.
        _ when blamesRecord && PostgresFault.IsDuplicate(fault) => new TransactionAnswer.Unknown(PostgresFault.Explain(fault, all.Connections.Where)),
        _ when blamesRecord && PostgresFault.BlamesRows(fault) => new TransactionAnswer.Refused(fault.MessageText),
        _ when PostgresFault.BlamesRows(fault) => new TransactionAnswer.Failed(new("transaction.refused", $"The database refuses what the operation wrote: {fault.MessageText}", Transient: true)),
        _ => new TransactionAnswer.Failed(new("transaction.failed", PostgresFault.Explain(fault, all.Connections.Where).Message, Transient: true)),
    };

    private static Failure Ended(string how) => new("transaction.ended",
        $"The operation has ended the transaction that it was given ({how}). What it wrote before is not undone and not recorded: leave the transaction to the engine.");

    // Nobody knows whether it was committed. Its session is ended first; then a write under the same fence waits for whatever it still held, and what is in the log now stays so.
    private Task<TransactionAnswer> Resolve(int lane, long epoch, Item item, StoreException reason) => Task.Factory.StartNew(
        () =>
        {
            for (var pause = TimeSpan.FromMilliseconds(100); ; pause = TimeSpan.FromMilliseconds(Math.Min(2_000, pause.TotalMilliseconds * 2)))
            {
                try
                {
                    using var other = all.Connections.OpenWriter();
                    return Lost.Find(other, all.Connections.Name, _backend, lane, epoch, item, reason);
                }
                catch (Exception fault) when (fault is NpgsqlException or IOException or TimeoutException or StoreException)
                {
                    if (all.Closing.WaitHandle.WaitOne(pause)) return new TransactionAnswer.Unknown(reason);
                }
            }
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Rolls back what was not committed, and gives the connection back.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await transaction.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            try
            {
                await connection.DisposeAsync().ConfigureAwait(false);
            }
            finally
            {
                if (Interlocked.Exchange(ref _given, 1) == 0) all.GiveBack();
            }
        }
    }
}
