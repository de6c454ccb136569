using Npgsql;
using Perdure.Ports;
using Perdure.Tests;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>Nodes over some databases of the test's own.</summary>
public abstract class ShardedTest : IAsyncLifetime
{
    protected const int Lanes = 2;
    private readonly List<ShardedNode> _nodes = [];

    internal Place[] Places { get; private set; } = [];

    protected static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => Places = await Task.WhenAll(Place.Make(), Place.Make(), Place.Make());

    internal ShardMap Two => Maps.Of(Lanes, Places[..2], [2]);

    private FaultProxy? _proxy;

    /// <summary>The way to the second database, where it is to be cut.</summary>
    internal FaultProxy Proxy => _proxy!;

    /// <summary>The two, with a way to the second that can be cut.</summary>
    internal ShardMap Cuttable()
    {
        var map = Two;
        var to = new NpgsqlConnectionStringBuilder(map.Databases[1].ConnectionString);
        _proxy ??= new(to.Host!, to.Port);
        map.Databases[1].ConnectionString = new NpgsqlConnectionStringBuilder(to.ConnectionString) { Host = "127.0.0.1", Port = _proxy.Port }.ToString();
        return map;
    }

    /// <summary>Limits of time that a test can wait for.</summary>
    internal static void Quick(PostgresStoreOptions options) => (options.Lease, options.StatementWithin, options.AnswerWithin) = (TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

    internal ShardMap Three => Maps.Of(Lanes, Places, [2, 3]);

    internal async Task<ShardedNode> Node(ShardMap map, Action<PostgresStoreOptions>? configure = null, Func<ShardedStore, IStore>? around = null)
    {
        var node = await ShardedNode.Open(map, configure, around);
        _nodes.Add(node);
        return node;
    }

    /// <summary>So many numbers whose home is that database: those of the workflow's own keys, or of the request keys that a test's starts have.</summary>
    internal List<string> Homed(int database, string workflow, string prefix, int count, Func<string, string>? key = null)
    {
        var homes = new Perdure.Postgres.Sharding.Homes(Two);
        return [.. Enumerable.Range(0, 10_000).Select(i => $"{prefix}{i}")
            .Where(n => homes.Home(Perdure.Postgres.Sharding.Homes.SlotOf("default", workflow, key is null ? "key-" + n : key(n), isBusiness: key is not null)) == database).Take(count)];
    }

    /// <summary>Looks until that holds: what rows and other nodes have come to tells nobody here.</summary>
    internal static async Task Until(Func<Task<bool>> holds)
    {
        var patience = LetterNode.Patience();
        while (!await holds()) await Task.Delay(10, patience);
    }

    internal Task NothingIsOwed() => Until(async () => await Letters() == 0);

    internal static Task Until(Func<bool> holds) => Until(() => Task.FromResult(holds()));

    /// <summary>How many messages stand in the outboxes of the two.</summary>
    internal async Task<long> Letters()
    {
        long letters = 0;
        foreach (var place in Places[..2])
        {
            using var shell = place.Shell();
            letters += shell.One<long>("SELECT count(*) FROM outbox");
        }
        return await Task.FromResult(letters);
    }

    internal async Task<long[]> Counts() => await Task.FromResult(Places.Select(place =>
    {
        using var shell = place.Shell();
        return shell.One<bool>($"SELECT to_regclass('{place.Schema}.instance') IS NOT NULL") ? shell.One<long>("SELECT count(*) FROM instance") : 0;
    }).ToArray());

    public virtual async ValueTask DisposeAsync()
    {
        _proxy?.Heal();
        foreach (var node in Enumerable.Reverse(_nodes)) await node.DisposeAsync();
        if (_proxy is not null) await _proxy.DisposeAsync();
        foreach (var place in Places) await place.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
