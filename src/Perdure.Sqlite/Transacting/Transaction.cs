using System.Data;
using Microsoft.Data.Sqlite;
using Perdure.Ports;
using Perdure.Sqlite.Native;
using SQLitePCL;

namespace Perdure.Sqlite.Transacting;

/// <summary>The transaction of one attempt. Only the engine commits on its connection: where anybody else tries, the database rolls back.</summary>
internal sealed class Transaction : ITransaction
{
    private readonly LentTurn _turn;
    private readonly SqliteConnection _connection;
    private readonly SqliteTransaction _transaction;
    private readonly Database _database;
    private readonly EndWriter _end;
    private readonly delegate_commit _commits;
    private bool _allowed, _ended;

    public Transaction(LentTurn turn, SqliteConnection connection, Database database, EndWriter end)
    {
        (_turn, _connection, _database, _end) = (turn, connection, database, end);
        _transaction = connection.BeginTransaction(IsolationLevel.Serializable, deferred: false);
        Store = new(connection, _transaction);
        _commits = _ =>
        {
            _ended |= !_allowed;
            return _allowed ? 0 : 1;
        };
        raw.sqlite3_commit_hook(connection.Handle!, _commits, null!);
        _turn.EndsBy(() =>
        {
            raw.sqlite3_interrupt(connection.Handle!);
            raw.sqlite3_exec(connection.Handle!, "ROLLBACK; PRAGMA query_only = 1");
        });
    }

    /// <inheritdoc />
    public StoreTransaction Store { get; }

    /// <inheritdoc />
    public Task<TransactionAnswer> Commit(int lane, long epoch, Item item) => Task.Run(() => CommitNow(lane, epoch, item));

    private TransactionAnswer CommitNow(int lane, long epoch, Item item)
    {
        if (_connection.State != ConnectionState.Open) return Ended("its connection was closed");
        if (!_turn.Commits())
            return new TransactionAnswer.Failed(new("transaction.too-long", $"The operation's transaction took longer than {_turn.Within}. A file has one writer, and others waited for it: keep it shorter, or raise the store's TransactionWithin.", Transient: true));
        if (_ended || !_database.InTransaction) return Ended("it was committed or rolled back");
        try
        {
            if (_end.Write(lane, epoch, item, _turn.Position, out var position) is { } answer) return answer;
            _allowed = true;
            if (!TryCommit()) return Ended("it was rolled back, and another begun");
            if (_database.HasMoved) return new TransactionAnswer.Unknown(new("store.vanished", $"{_database} was moved or removed while it was open."));
            _turn.Position = position;
            return new TransactionAnswer.Committed(position);
        }
        catch (SqliteFault fault)
        {
            return fault.BlamesRows ? new TransactionAnswer.Refused(fault.Message) : new TransactionAnswer.Failed(new("transaction.failed", fault.Explain(_database.ToString()).Message, Transient: true));
        }
        catch (SqliteException lite)
        {
            var fault = new SqliteFault(lite.SqliteExtendedErrorCode, lite.Message);
            if (fault.BlamesRows) return new TransactionAnswer.Failed(new("transaction.refused", $"The database refuses what the operation wrote: {lite.Message}", Transient: true));
            var reason = fault.Explain(_database.ToString());
            // Frames of a commit that failed may be on the disk without being seen; the next commit takes their place, or, after a crash, they are what is read.
            return fault.IsFull || fault.Primary == raw.SQLITE_BUSY ? new TransactionAnswer.Failed(new("transaction.failed", reason.Message, Transient: true)) : new TransactionAnswer.Unknown(reason);
        }
    }

    private bool TryCommit()
    {
        try
        {
            _transaction.Commit();
            return true;
        }
        catch (InvalidOperationException)      // what is open now is not what it began
        {
            return false;
        }
    }

    private static TransactionAnswer Ended(string how) => new TransactionAnswer.Failed(new("transaction.ended",
        $"The operation has ended the transaction that it was given ({how}). Nothing that it wrote is kept: leave the transaction to the engine."));

    /// <summary>Rolls back what was not committed, closes the connection, and lets the writer go on.</summary>
    public async ValueTask DisposeAsync()
    {
        _turn.EndsBy(null);
        try
        {
            _database.Dispose();
            await _transaction.DisposeAsync().ConfigureAwait(false);
        }
        catch (SqliteException)      // there is nothing to roll back any more
        {
        }
        finally
        {
            await _connection.DisposeAsync().ConfigureAwait(false);
            _turn.Return();
        }
    }
}
