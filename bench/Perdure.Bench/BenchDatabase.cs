using Npgsql;

namespace Perdure.Bench;

/// <summary>A database that a bench makes on the server of <c>--Connection</c>, and drops again.</summary>
internal sealed class BenchDatabase
{
    private readonly string _server, _name;

    private BenchDatabase(string server, string name)
    {
        (_server, _name) = (new NpgsqlConnectionStringBuilder(server) { Pooling = false }.ToString(), name);
        Connection = new NpgsqlConnectionStringBuilder(server) { Database = name, Pooling = false }.ToString();
    }

    /// <summary>How to connect to it.</summary>
    public string Connection { get; }

    /// <summary>A new, empty one; one of that name is dropped first.</summary>
    public static async Task<BenchDatabase> Create(Options options, string name)
    {
        var database = new BenchDatabase(options.Text("Connection"), name);
        await database.Drop();
        await Execute(database._server, $"CREATE DATABASE {name}");
        return database;
    }

    /// <summary>One that is there already and holds what <see cref="Mark"/> said of it, or null.</summary>
    public static async Task<BenchDatabase?> Find(Options options, string name, string holds)
    {
        var database = new BenchDatabase(options.Text("Connection"), name);
        await using var connection = new NpgsqlConnection(database._server);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"SELECT EXISTS (SELECT FROM pg_database WHERE datname = '{name}' AND shobj_description(oid, 'pg_database') = '{holds}')", connection);
        return (bool)(await command.ExecuteScalarAsync())! ? database : null;
    }

    /// <summary>Says what it holds, once that is complete.</summary>
    public Task Mark(string holds) => Execute(_server, $"COMMENT ON DATABASE {_name} IS '{holds}'");

    public Task Drop() => Execute(_server, $"DROP DATABASE IF EXISTS {_name} WITH (FORCE)");

    public Task Execute(string sql) => Execute(Connection, sql);

    public async Task<T> Ask<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(Connection);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private static async Task Execute(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }
}
