using System.Data;
using Npgsql;
using NpgsqlTypes;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Reading;

/// <summary>Reads on the bounded pool, each limited in time. None holds up a writer.</summary>
/// <param name="source">The pool.</param>
/// <param name="where">Where it leads to, for people.</param>
/// <param name="admit">Looks at a connection before each use of it, and throws where it is not to be used; null where it may be used as it is.</param>
internal sealed class Readers(NpgsqlDataSource source, string where, Func<NpgsqlConnection, CancellationToken, Task>? admit = null)
{
    /// <summary>Runs what needs a connection of the pool; what goes wrong has a stable code.</summary>
    public async Task<T> With<T>(Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync(cancellation).ConfigureAwait(false);
            if (admit is not null) await admit(connection, cancellation).ConfigureAwait(false);
            return await work(connection).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (PostgresException timeout) when (timeout.SqlState == PostgresErrorCodes.QueryCanceled)
        {
            throw new StoreException("store.read-timeout", "A read took longer than it may and was ended. Ask for fewer rows, or narrow the filter.", timeout);
        }
        catch (Exception fault) when (fault is NpgsqlException or IOException or TimeoutException)
        {
            throw PostgresFault.Explain(fault, where);
        }
        catch (ObjectDisposedException)
        {
            throw new StoreException("store.closed", "The store is closed.");
        }
    }

    /// <summary>Every row of a statement.</summary>
    public Task<List<T>> All<T>(string statement, Func<NpgsqlDataReader, T> row, CancellationToken cancellation, params object?[] values) => With(
        async connection =>
        {
            await using var command = new NpgsqlCommand(SqlText.Statement(statement), connection);
            foreach (var value in values) command.Parameters.Add(Value(value));
            await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            return await All(reader, row, cancellation).ConfigureAwait(false);
        },
        cancellation);

    /// <summary>The one row of a statement; the default where there is none.</summary>
    public async Task<T?> One<T>(string statement, Func<NpgsqlDataReader, T> row, CancellationToken cancellation, params object?[] values) =>
        await All(statement, row, cancellation, values).ConfigureAwait(false) is [var first, ..] ? first : default;

    /// <summary>The rows that are left in the present result.</summary>
    public static async Task<List<T>> All<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> row, CancellationToken cancellation)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false)) rows.Add(row(reader));
        return rows;
    }

    /// <summary>A parameter; of a missing value the type must be told.</summary>
    public static NpgsqlParameter Value(object? value) => value switch
    {
        NpgsqlParameter ready => ready,
        string text => new() { Value = StoredText.Of(text) },
        _ => new() { Value = value ?? DBNull.Value },
    };

    /// <summary>A text that may be missing.</summary>
    public static NpgsqlParameter Text(string? text) => new() { Value = (object?)StoredText.OrNull(text) ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    /// <summary>A small number that may be missing.</summary>
    public static NpgsqlParameter Short(short? number) => new() { Value = (object?)number ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Smallint };
}
