using Microsoft.Data.Sqlite;

namespace Perdure.Sqlite.Tests;

/// <summary>A plain connection as a person's shell has it: foreign keys off.</summary>
internal sealed class Shell : IDisposable
{
    private readonly SqliteConnection _connection;

    private Shell(SqliteConnection connection) => _connection = connection;

    public static Shell Open(string file)
    {
        var connection = new SqliteConnection($"Data Source={file};Pooling=False;Foreign Keys=False;Default Timeout=5");
        connection.Open();
        return new(connection);
    }

    public void Run(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public T One<T>(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        return (T)command.ExecuteScalar()!;
    }

    /// <summary>What the database says to a statement that it refuses.</summary>
    public string Refused(string sql) => Record.Exception(() => Run(sql)) is SqliteException refused ? refused.Message : throw new InvalidOperationException($"It was not refused: {sql}");

    public void Dispose() => _connection.Dispose();
}
