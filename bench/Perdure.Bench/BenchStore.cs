using Microsoft.Data.Sqlite;
using Npgsql;
using Perdure.Postgres;
using Perdure.Sqlite;

namespace Perdure.Bench;

/// <summary>The store that is measured: a new SQLite file (<c>--Store=sqlite</c>), or the PostgreSQL database that <c>--Connection</c> names (<c>--Store=postgres</c>).</summary>
internal sealed class BenchStore : IDisposable
{
    private readonly Options _options;
    private readonly string? _path, _connection;

    private BenchStore(Options options, string? path, string? connection) => (_options, _path, _connection) = (options, path, connection);

    public static BenchStore From(Options options, string file = "bench.db") => options.Text("Store", "sqlite") switch
    {
        "sqlite" => new(options, options.File(file), null),
        "postgres" => new(options, null, options.Text("Connection")),
        var other => throw new ArgumentException($"--Store is sqlite or postgres, not {other}."),
    };

    /// <summary>A SQLite file that is there already, and stays.</summary>
    public static BenchStore Existing(Options options, string path) => new(options, path, null);

    /// <summary>A PostgreSQL database that is there already.</summary>
    public static BenchStore Of(Options options, string connection) => new(options, null, connection);

    /// <summary>What the store is called in a result.</summary>
    public string Name => _path is not null ? "SQLite" : "PostgreSQL";

    /// <summary>The file of SQLite's store.</summary>
    public string Path => _path ?? throw new NotSupportedException($"This bench measures the SQLite store: leave --Store={_options.Text("Store")} out.");

    public PerdureBuilder Use(PerdureBuilder builder) => _path is not null ? builder.UseSqlite(_path)
        : builder.UsePostgres(_connection!, store =>
        {
            store.Lanes = _options.Int("Lanes", store.Lanes);
            store.Writers = _options.Int("Writers", store.Writers);
        });

    /// <summary>Runs a statement beside the store.</summary>
    public async Task Execute(string sql)
    {
        await using System.Data.Common.DbConnection connection = _path is not null ? new SqliteConnection($"Data Source={_path}") : new NpgsqlConnection(_connection);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>What it takes on disk.</summary>
    public long Bytes
    {
        get
        {
            if (_path is not null) return new FileInfo(_path).Length;
            using var connection = new NpgsqlConnection(_connection);
            connection.Open();
            using var command = new NpgsqlCommand("SELECT pg_database_size(current_database())", connection);
            return (long)command.ExecuteScalar()!;
        }
    }

    /// <summary>Removes what was made for this run.</summary>
    public void Dispose()
    {
        if (_path is not null && _options.Made(_path)) _options.Remove(_path);
    }
}
