using Microsoft.Data.Sqlite;
using Perdure.Ports;
using Perdure.Sqlite.Native;
using Perdure.Sqlite.Writing;

namespace Perdure.Sqlite.Transacting;

/// <summary>Transactions for operations: one at a time, each on a connection of its own in a turn that the writer lends.</summary>
internal sealed class Transactions(SqliteStoreOptions options, Writer writer, Maps maps)
{
    private readonly string _text = new SqliteConnectionStringBuilder
    {
        DataSource = options.Path, Mode = SqliteOpenMode.ReadWrite, Pooling = false, ForeignKeys = true, DefaultTimeout = Math.Max(1, (int)options.LockWithin.TotalSeconds),
    }.ConnectionString;

    /// <inheritdoc cref="ITransactions.Begin" />
    public async Task<ITransaction> Begin(TimeSpan within, CancellationToken cancellation)
    {
        var connection = new SqliteConnection(_text);
        LentTurn? turn = null;
        try
        {
            await connection.OpenAsync(cancellation).ConfigureAwait(false);
            var database = Database.Of(connection);
            database.Execute("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY");
            var end = new EndWriter(database, maps);
            turn = writer.Lend(options.TransactionWithin < within ? options.TransactionWithin : within);
            await using (cancellation.Register(() => turn.GiveUp(cancellation)).ConfigureAwait(false)) await turn.Begun.ConfigureAwait(false);
            return new Transaction(turn, connection, database, end);
        }
        catch (Exception e)
        {
            turn?.Return();
            await connection.DisposeAsync().ConfigureAwait(false);
            if (e is SqliteFault fault) throw fault.Explain(options.Path);
            if (e is SqliteException lite) throw new SqliteFault(lite.SqliteExtendedErrorCode, lite.Message).Explain(options.Path);
            throw;
        }
    }
}
