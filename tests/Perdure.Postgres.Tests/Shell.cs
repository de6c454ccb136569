using Npgsql;

namespace Perdure.Postgres.Tests;

/// <summary>A plain connection as psql has it.</summary>
internal sealed class Shell : IDisposable
{
    private readonly NpgsqlConnection _connection;

    public Shell(string connectionString, string schema)
    {
        _connection = new(new NpgsqlConnectionStringBuilder(connectionString) { SearchPath = schema, Pooling = false, ApplicationName = "psql" }.ConnectionString);
        _connection.Open();
    }

    public void Run(string sql)
    {
        using var command = new NpgsqlCommand(sql, _connection);
        command.ExecuteNonQuery();
    }

    public T One<T>(string sql)
    {
        using var command = new NpgsqlCommand(sql, _connection);
        return (T)command.ExecuteScalar()!;
    }

    /// <summary>What the database says to a statement that it refuses.</summary>
    public string Refused(string sql) => Record.Exception(() => Run(sql)) is PostgresException refused ? $"{refused.SqlState} {refused.MessageText}" : throw new InvalidOperationException($"It was not refused: {sql}");

    public void Dispose() => _connection.Dispose();
}
