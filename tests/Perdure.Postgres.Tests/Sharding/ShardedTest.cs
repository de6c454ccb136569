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

    internal ShardMap Three => Maps.Of(Lanes, Places, [2, 3]);

    internal async Task<ShardedNode> Node(ShardMap map, Action<PostgresStoreOptions>? configure = null)
    {
        var node = await ShardedNode.Open(map, configure);
        _nodes.Add(node);
        return node;
    }

    internal async Task<long[]> Counts() => await Task.FromResult(Places.Select(place =>
    {
        using var shell = place.Shell();
        return shell.One<bool>($"SELECT to_regclass('{place.Schema}.instance') IS NOT NULL") ? shell.One<long>("SELECT count(*) FROM instance") : 0;
    }).ToArray());

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var node in Enumerable.Reverse(_nodes)) await node.DisposeAsync();
        foreach (var place in Places) await place.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
