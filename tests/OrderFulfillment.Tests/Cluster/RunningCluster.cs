using Npgsql;
using Perdure.Tests;
using Shop.Tests.Processes;

namespace Shop.Tests.Cluster;

/// <summary>
/// Several processes of the shop over one PostgreSQL, and one more that plays the inventory, the merchant and the carrier: those are other companies' and do not die with a node. Customers
/// come to any node that answers.
/// </summary>
internal sealed class RunningCluster : ShopFromOutside
{
    private readonly TemporaryFolder _folder = new();
    private readonly NodeLog _log;
    private readonly List<string> _databases;
    private readonly List<ClusterNode> _nodes = [];
    private ShopProcess? _downstream;
    private string[] _settings = [];
    private int _next;

    private RunningCluster(IEnumerable<string> databases, CancellationToken cancellation) : base(TimeSpan.FromSeconds(10), cancellation) => (_databases, _log) = ([.. databases], new(_folder));

    public IReadOnlyList<ClusterNode> Nodes => _nodes;

    public NodeLog Log => _log;

    public override string Said => string.Join('\n', _nodes.Select(node => $"--- {node.Name}:\n{node.Process?.Said}"));

    // One after the other, as a load balancer does it.
    protected override Uri Address => _nodes.Where(node => node.Answers).ToList() is { Count: > 0 } answering
        ? answering[(int)((uint)Interlocked.Increment(ref _next) % answering.Count)].Process!.Address
        : throw new HttpRequestException("No node answers.");

    /// <summary>How its databases are reached.</summary>
    public IReadOnlyList<string> Databases => _databases;

    /// <summary>Starts it over one database.</summary>
    public static Task<RunningCluster> Open(string database, int nodes, bool cuttable, CancellationToken cancellation, params string[] settings) => Open([database], nodes, cuttable, cancellation, settings);

    /// <summary>Starts it: first the process that the nodes call, then the nodes together.</summary>
    public static async Task<RunningCluster> Open(IReadOnlyList<string> databases, int nodes, bool cuttable, CancellationToken cancellation, params string[] settings)
    {
        var cluster = new RunningCluster(databases, cancellation);
        try
        {
            cluster._downstream = await ShopProcess.Start(cluster._folder.File("downstream"), settings, cancellation);
            cluster._settings = ["--downstream", cluster._downstream.Address.ToString(), .. settings];
            for (var n = 1; n <= nodes; n++) cluster._nodes.Add(new($"node-{n}", cluster._folder.File($"node-{n}"), databases, cuttable, cluster._log, cluster._settings));
            await Task.WhenAll(cluster._nodes.Select(node => node.Start(cancellation)));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks the database itself; <paramref name="elsewhere"/>, one by name. Each time anew: a server may have been restarted since.</summary>
    public async Task<List<T>> Rows<T>(string sql, Func<NpgsqlDataReader, T> read, string? elsewhere = null)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(elsewhere ?? _databases[0]) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(Cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        List<T> rows = [];
        while (await reader.ReadAsync(Cancellation)) rows.Add(read(reader));
        return rows;
    }

    /// <summary>The lanes as they are stored in the first database.</summary>
    public Task<List<StoredLane>> Lanes() => Lanes(_databases[0]);

    private async Task<List<List<StoredLane>>> AllLanes() => [.. await Task.WhenAll(_databases.Select(Lanes))];

    private Task<List<StoredLane>> Lanes(string database) => Rows("SELECT l.id::int, l.epoch, l.marker, n.pid FROM perdure.lane l LEFT JOIN perdure.node n ON n.id = l.owner ORDER BY l.id",
        row => new StoredLane(row.GetInt32(0), row.GetInt64(1), row.GetInt64(2), row.IsDBNull(3) ? null : row.GetInt32(3)), database);

    /// <summary>The instances of so many events of a type, from the beginning on; read by two streams, the second from the place where the first left off.</summary>
    public async Task<List<string>> Told(string type, int count, int databases)
    {
        List<string> instances = [];
        var place = "0";
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        foreach (var most in new[] { count / 2, count })
        {
            await using var stream = await http.GetStreamAsync(new Uri(Address, $"/api/events?type={type}&after={place}"), Cancellation);
            using var lines = new StreamReader(stream);
            while (instances.Count < most && await lines.ReadLineAsync(Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancellation) is { } line)
            {
                if (line.StartsWith("id: ", StringComparison.Ordinal)) place = line["id: ".Length..];
                if (line.StartsWith("data: ", StringComparison.Ordinal)) instances.Add(System.Text.Json.JsonElement.Parse(line["data: ".Length..]).GetProperty("instance").GetString()!);
            }
            Assert.Equal(databases, place.Split(',').Length);
        }
        return instances;
    }

    /// <summary>One database more: each node has it, and the map that divides new keys among all of them, from its next start on.</summary>
    public void Add(string database, int version, string names)
    {
        _databases.Add(database);
        foreach (var node in _nodes)
        {
            node.Add(database);
            node.Divide(version, names);
        }
    }

    /// <summary>Waits until every lane has an owner that is one of the processes, and they are spread evenly.</summary>
    public Task Balanced() => Eventually.Holds(AllLanes, lanes =>
    {
        var living = _nodes.Where(node => node.Answers).Select(node => node.Process!.Id).ToList();
        return lanes.TrueForAll(ofOne =>
        {
            var counts = living.Select(process => ofOne.Count(lane => lane.Process == process)).ToList();
            return counts.Sum() == ofOne.Count && counts.Max() - counts.Min() <= 1;
        });
    }, Cancellation, TimeSpan.FromSeconds(30));

    /// <summary>Waits until each of the orders has ended, waits for a person, or says what is wrong with it.</summary>
    public Task AllSettled(IReadOnlyList<TestOrder> orders, TimeSpan within)
    {
        var left = orders.ToList();
        return Eventually.Holds(async () =>
        {
            List<string> still = [];
            foreach (var order in left.ToList())
            {
                var instance = await Instance(order);
                if (HasSettled(instance)) left.Remove(order);
                else still.Add($"{order.Id} {order.Instance} in {instance.State} ({instance.Status})");
            }
            return $"{still.Count} {string.Join("; ", still.Take(20))}";
        }, still => still.StartsWith("0 ", StringComparison.Ordinal), Cancellation, within);
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) await node.DisposeAsync();
        if (_downstream is not null) await _downstream.DisposeAsync();
        await base.DisposeAsync();
        _log.Dispose();
        _folder.Dispose();
    }
}

/// <summary>A lane as it is stored.</summary>
/// <param name="Process">The process of the node that owns it; null where none does.</param>
internal sealed record StoredLane(int Lane, long Epoch, long Marker, int? Process);
