using Npgsql;
using Perdure.Tests;

namespace Perdure.Bench;

/// <summary>
/// The PostgreSQL of a bench that names none by <c>--Connection</c>: the server that an environment variable names, else one of its own, durable, which ends with the bench. A database in it, too, that is
/// dropped at the end.
/// </summary>
internal sealed class BenchServer : IAsyncDisposable
{
    private static readonly string[] OnPostgres = ["postgres", "raw-postgres", "nodes", "growth", "retention", "recover"];

    private readonly PostgresServer _server;
    private readonly string _database;
    private readonly bool _named;

    private BenchServer(PostgresServer server, string database, bool named) => (_server, _database, _named) = (server, database, named);

    /// <summary>Makes one where the bench needs it, and gives the options its connection.</summary>
    public static async Task<BenchServer?> For(string bench, Options options)
    {
        if (options.Has("Connection") || !(OnPostgres.Contains(bench) || options.Text("Store", "sqlite") == "postgres")) return null;
        var named = Environment.GetEnvironmentVariable(PostgresServer.Variable) is { Length: > 0 };
        var server = named ? await PostgresServer.Shared() : await RunIn();
        var connection = await server.NewDatabase();
        options.Set("Connection", connection);
        return new(server, new NpgsqlConnectionStringBuilder(connection).Database!, named);
    }

    // As one that has run for a while: it writes its log into segments that it has used before. A new server makes each one anew, and every commit waits for that: twice a second here.
    private static async Task<PostgresServer> RunIn()
    {
        // Room for what a bench reads again, and checkpoints that come by time.
        var server = await PostgresServer.Start(new() { Settings = new Dictionary<string, string> { ["shared_buffers"] = "1GB", ["max_wal_size"] = "8GB", ["min_wal_size"] = "5GB" } });
        for (var i = 0; i < 10; i++) await server.Execute("SELECT pg_logical_emit_message(false, '', ''), pg_switch_wal() FROM generate_series(1, 32)");
        await server.Execute("CHECKPOINT");
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        if (_named) await _server.Execute($"DROP DATABASE IF EXISTS {_database} WITH (FORCE)");
        else await _server.DisposeAsync();
    }
}
