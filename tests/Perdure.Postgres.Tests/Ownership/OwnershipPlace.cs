using System.Diagnostics;
using Npgsql;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Owning;
using Perdure.Postgres.Owning;
using Perdure.Tests;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>A database with the tables of ownership alone, in which instance 7 was the newest and is removed, and nodes in it. Its spans of time are short.</summary>
internal sealed class OwnershipPlace : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly List<Keeper> _keepers = [];
    private readonly int _lanes;

    private OwnershipPlace(PostgresServer server, string connectionString, int lanes) => (Server, ConnectionString, _lanes) = (server, connectionString, lanes);

    public PostgresServer Server { get; }

    public string ConnectionString { get; }

    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(1.5);

    public TimeSpan Tick { get; set; } = TimeSpan.FromMilliseconds(50);

    public TimeSpan OpenWithin { get; set; } = TimeSpan.FromSeconds(30);

    public static async Task<OwnershipPlace> Make(int lanes = 12, PostgresServer? server = null)
    {
        server ??= await PostgresServer.Shared();
        var place = new OwnershipPlace(server, await server.NewDatabase(), lanes);
        using var schema = new StreamReader(typeof(Keeper).Assembly.GetManifestResourceStream("0001.sql")!);
        await place.Execute($"CREATE SCHEMA perdure; SET search_path = perdure; {await schema.ReadToEndAsync()}; INSERT INTO store (lanes) VALUES ({lanes}); INSERT INTO lane (id) SELECT generate_series(0, {lanes - 1}); CREATE TABLE removed (instance bigint PRIMARY KEY); INSERT INTO removed VALUES (7)");
        return place;
    }

    public PostgresStoreOptions Options(string? connectionString = null, TimeProvider? time = null) =>
        new() { ConnectionString = connectionString ?? ConnectionString, Lanes = _lanes, Lease = Lease, Tick = Tick, OpenWithin = OpenWithin, Time = time ?? TimeProvider.System };

    /// <summary>A node that has joined; nobody is named to it yet.</summary>
    public async Task<KeptNode> Open(string? via = null, TimeProvider? time = null)
    {
        var keeper = new Keeper(Options(via, time));
        lock (_keepers) _keepers.Add(keeper);
        return new(keeper, await Task.Run(() => keeper.Open(new("here", Environment.ProcessId, "build") { Carries = [new("w", 1)] }, CancellationToken.None)), _lanes);
    }

    /// <summary>A node that has joined and moves lanes.</summary>
    public async Task<KeptNode> Join(string? via = null, TimeProvider? time = null) => (await Open(via, time)).Attach();

    /// <summary>Waits until every lane has one owner among these, and each of them its share.</summary>
    public Task Even(params KeptNode[] nodes) => Eventually(() =>
        nodes.Sum(n => n.Has.Length) == _lanes && nodes.SelectMany(n => n.Has).Distinct().Count() == _lanes
        && nodes.All(n => n.Has.Length >= _lanes / nodes.Length && n.Has.Length <= (_lanes + nodes.Length - 1) / nodes.Length),
        () => "the lanes are even: " + string.Join(" | ", nodes.Select(n => string.Join(",", n.Has))));

    /// <summary>Waits for what nobody tells of.</summary>
    public static async Task Eventually(Func<bool> fits, Func<string> what)
    {
        var since = Stopwatch.GetTimestamp();
        while (!fits())
        {
            if (Stopwatch.GetElapsedTime(since) > Patience) throw new TimeoutException($"Not within {Patience}: {what()}");
            await Task.Delay(2);
        }
    }

    public static async Task Eventually(Func<Task<bool>> fits, string what)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await fits())
        {
            if (Stopwatch.GetElapsedTime(since) > Patience) throw new TimeoutException($"Not within {Patience}: {what}");
            await Task.Delay(5);
        }
    }

    public async Task<NpgsqlConnection> Connect(string? name = null)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false, SearchPath = "perdure", ApplicationName = name ?? "test" }.ToString());
        await connection.OpenAsync();
        return connection;
    }

    public async Task Execute(string sql)
    {
        await using var connection = await Connect();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> Ask<T>(string sql)
    {
        await using var connection = await Connect();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Ends the connection that holds the node's lock; where the node is just connecting again, once it has one.</summary>
    public Task CutKeeper(KeptNode node) => Eventually(
        async () => await Ask<long>($"SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND objid = {node.Number} AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())") > 0,
        "it has a connection that can be cut");

    public async ValueTask DisposeAsync()
    {
        foreach (var keeper in _keepers) await keeper.DisposeAsync();
    }
}
