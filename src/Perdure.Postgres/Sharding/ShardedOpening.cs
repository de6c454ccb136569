using Microsoft.Extensions.Logging;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Sharding;

namespace Perdure.Postgres;

/// <summary>How a store of several databases is opened, all that are there together and the others when they come, and closed.</summary>
public sealed partial class ShardedStore
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _ends = new();
    private readonly List<MapDefinition> _registered = [];
    private ILaneOwner? _owner;
    private NodeIdentity _node = null!;
    private Guid _family;
    private long? _since;
    private Task _coming = Task.CompletedTask;

    /// <inheritdoc />
    public async Task<Ports.Ownership> Open(NodeIdentity node, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (_shards.Length > 0) throw new InvalidOperationException("The store is open already.");
        if (_map.Problems() is { Count: > 0 } problems) throw Wrong(problems);
        _node = node;
        _shards = ShardsOf(_map);
        try
        {
            await Enrol(cancellation).ConfigureAwait(false);
            _homes = new(_map, _since);
            var shards = _shards;
            foreach (var shard in shards) Locate(shard, _homes);
            var opened = await Task.WhenAll(shards.Where(s => !s.IsMissing).Select(s => OpenOne(s, cancellation))).ConfigureAwait(false);
            var owned = opened.OfType<Ports.Ownership>().ToList();
            if (owned.Count == 0) throw Missing(shards[0]);
            (_views, _retention) = (new(shards, _homes, this), new(shards));
            if (Array.Exists(shards, s => s.Store is null)) _coming = Task.Run(OpenWhenThere, CancellationToken.None);
            lock (_gate)
                if (_wanted is not null && _following.IsCompleted) _following = Task.Run(Follow, CancellationToken.None);
            return new([.. owned.SelectMany(o => o.Lanes)], owned.Any(o => o.Unclean), owned.MaxBy(o => o.Newest.Value)!.Newest, owned.Max(o => o.Before));
        }
        catch
        {
            await Release().ConfigureAwait(false);
            throw;
        }
    }

    private static StoreException Wrong(IEnumerable<string> problems) => new("shard.map", "The shard map does not fit:\n" + string.Join('\n', problems.Select(p => "- " + p)));

    private Enrolment EnrolmentOf(Shard shard, ShardMap? map = null) => new(map ?? _map, shard.Number, shard.Options, _node.Build);

    private Shard[] ShardsOf(ShardMap map) => [.. map.Databases.Select((d, i) => new Shard(i, d.Name, _options(map, map.AllVersions().Count, i)))];

    private void Locate(Shard shard, Homes homes) => (shard.Lanes, shard.Options.Since) = (homes.Lanes(shard.Number), _since);

    /// <summary>Holds every database that is there against the map, tells all that is wrong, and makes the map known in each. Says then which family it is, and where its ids begin that the map divides.</summary>
    private async Task Enrol(CancellationToken cancellation)
    {
        var found = await Task.WhenAll(_shards.Select(shard => Apart<Found?>(() =>
        {
            try
            {
                return EnrolmentOf(shard).Look();
            }
            catch (StoreException away) when (away.Code is "store.unavailable" or "store.busy")
            {
                shard.Missing(away);
                _log.LogWarning("{Database} is away and will be opened when it is there: {Why}", shard.Name, away.Message);
                return null;
            }
        }, cancellation))).ConfigureAwait(false);
        var problems = found.SelectMany(f => f?.Problems ?? []).ToList();
        var families = found.Select(f => f?.Enrolled?.Family).OfType<Guid>().Distinct().ToList();
        if (families.Count > 1)
            problems.Add("The databases are of different families: " + string.Join(", ", found.Select((f, i) => (f?.Enrolled, _shards[i].Name)).Where(f => f.Enrolled is not null).Select(f => $"{f.Name} of {f.Enrolled!.Family}")) + ".");
        if (problems.Count > 0) throw Wrong(problems);
        if (found[0] is { Alone.Count: > 0 } first && IsAlone(first)) Wait(first);
        var there = _shards.Where(s => !s.IsMissing).ToList();
        if (there.Count == 0 || (families.Count == 0 && _shards[0].IsMissing)) throw Missing(_shards[0]);
        // The first database says what the family is, and where its ids begin; of two nodes that begin it together, one.
        var any = found.Select(f => f?.Enrolled).FirstOrDefault(e => e is not null) ?? await Apart(() => EnrolmentOf(_shards[0]).Enrol(Guid.NewGuid(), Enrolment.BySelf), cancellation).ConfigureAwait(false);
        (_family, _since) = (any.Family, any.Since);
        foreach (var shard in there) await Enrol(shard, found[shard.Number]?.Enrolled, cancellation).ConfigureAwait(false);
    }

    // It works alone at this moment, or did and is not done with it.
    private bool IsAlone(Found first) => first.Enrolled is { } enrolled ? enrolled.Since is not null && enrolled.Version <= _map.Alone().Versions.Count : _map.Alone().Versions.Count > 0;

    /// <summary>While nodes are there that know no map, this one goes by those versions that send new keys to the first database alone. The others are adopted when it may be.</summary>
    private void Wait(Found first)
    {
        var alone = _map.Alone();
        if (alone.AllVersions().Count == _map.AllVersions().Count) return;
        _unadopted = Enrolment.WaitsFor(_shards[0].Name, string.Join(", ", first.Alone)).Message;
        _log.LogWarning("{Why}", _unadopted);
        // What the configuration says meanwhile is newer.
        lock (_gate) _wanted ??= _map;
        (_map, _shards) = (alone, ShardsOf(alone));
    }

    // One that knows the map already is not asked for the lock that all starts share.
    private async Task Enrol(Shard shard, Enrolled? known, CancellationToken cancellation)
    {
        var enrolled = known?.Version == _map.AllVersions().Count ? known : await Apart(() => EnrolmentOf(shard).Enrol(_family, _since), cancellation).ConfigureAwait(false);
        if (enrolled.Family != _family) throw Wrong([$"{shard.Name} is of the family {enrolled.Family}, the others of {_family}."]);
        if (enrolled.Since != _since) throw Wrong([$"{shard.Name} says that ids of the map begin at {enrolled.Since}, the others at {_since}."]);
    }

    private async Task<Ports.Ownership?> OpenOne(Shard shard, CancellationToken cancellation)
    {
        var store = new PostgresStore(shard.Options, _logs.CreateLogger<PostgresStore>());
        try
        {
            var owned = ShardOwner.Whole(await store.Open(_node, cancellation).ConfigureAwait(false), shard.Lanes);
            shard.Store = store;
            return owned;
        }
        catch (StoreException away) when (away.Code is "store.unavailable" or "store.busy")
        {
            shard.Missing(away);
            await store.DisposeAsync().ConfigureAwait(false);
            return null;
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Databases that were away at the start are opened when they are there: held against the map first, as the others were.</summary>
    private async Task OpenWhenThere()
    {
        while (!_ends.IsCancellationRequested && Array.Find(_shards, s => s.Store is null) is not null)
        {
            foreach (var shard in _shards.Where(s => s.Store is null))
            {
                try
                {
                    await _changing.WaitAsync(_ends.Token).ConfigureAwait(false);
                    try
                    {
                        await ComeByMap(shard).ConfigureAwait(false);
                    }
                    finally
                    {
                        _changing.Release();
                    }
                }
                catch (Exception fault) when (fault is StoreException or PerdureException)
                {
                    shard.Missing(fault as StoreException ?? new("store.unavailable", fault.Message, fault));
                    if (fault is not StoreException { Code: "store.unavailable" or "store.busy" }) _log.LogError(fault, "{Database} cannot be opened", shard.Name);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
            await Task.Delay(AskAgain, _shards[0].Options.Time, _ends.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ComeByMap(Shard shard)
    {
        var found = await Apart(EnrolmentOf(shard).Look, _ends.Token).ConfigureAwait(false);
        if (found.Problems.Count > 0) throw Wrong(found.Problems);
        await Enrol(shard, found.Enrolled, _ends.Token).ConfigureAwait(false);
        await Come(shard).ConfigureAwait(false);
    }

    /// <summary>Opens one that knows the map, and gives its lanes to the node.</summary>
    private async Task Come(Shard shard)
    {
        var store = new PostgresStore(shard.Options, _logs.CreateLogger<PostgresStore>());
        try
        {
            var owned = ShardOwner.Whole(await store.Open(_node, _ends.Token).ConfigureAwait(false), shard.Lanes);
            for (var registered = 0; ; registered++)
            {
                MapDefinition? map;
                lock (_gate)
                {
                    map = registered < _registered.Count ? _registered[registered] : null;
                    if (map is null)
                    {
                        shard.Untold = owned;
                        shard.Store = store;
                        if (_owner is { } owner) Tell(shard, owner);
                        break;
                    }
                }
                await store.Register(map, _ends.Token).ConfigureAwait(false);
            }
            _log.LogInformation("{Database} is there and open", shard.Name);
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc />
    public async Task Register(MapDefinition map, CancellationToken cancellation)
    {
        List<PostgresStore> open;
        lock (_gate)
        {
            _registered.Add(map);
            open = [.. OpenStores()];
        }
        if (open.Count == 0) throw NotOpen();
        await Task.WhenAll(open.Select(store => store.Register(map, cancellation))).ConfigureAwait(false);
    }

    /// <inheritdoc />
    public void Attach(ILaneOwner owner)
    {
        lock (_gate)
        {
            _owner = owner;
            foreach (var shard in _shards)
                if (shard.Store is not null) Tell(shard, owner);
        }
    }

    private void Tell(Shard shard, ILaneOwner owner)
    {
        if (shard.Untold is { } owned) owner.Gained(owned);
        shard.Untold = null;
        shard.Opened.Attach(new ShardOwner(owner, shard.Number, shard.Lanes, live =>
        {
            List<NodeIdentity> all;
            lock (_gate)
            {
                shard.Peers = live;
                all = [.. _shards.SelectMany(s => s.Peers).DistinctBy(p => (p.Host, p.ProcessId))];
            }
            owner.Peers(all);
        }));
    }

    /// <inheritdoc />
    public void Leave()
    {
        foreach (var store in OpenStores()) store.Leave();
    }

    /// <inheritdoc />
    public async Task Close(CancellationToken cancellation)
    {
        _listens?.Dispose();
        await _ends.CancelAsync().ConfigureAwait(false);
        await _coming.ConfigureAwait(false);
        await _following.ConfigureAwait(false);
        await Task.WhenAll(OpenStores().Select(store => store.Close(cancellation))).ConfigureAwait(false);
    }

    /// <summary>Finishes what was given, and lets go of all databases.</summary>
    public async ValueTask DisposeAsync() => await Release().ConfigureAwait(false);

    private async Task Release()
    {
        _listens?.Dispose();
        await _ends.CancelAsync().ConfigureAwait(false);
        await _coming.ConfigureAwait(false);
        await _following.ConfigureAwait(false);
        await Task.WhenAll(OpenStores().Select(store => store.DisposeAsync().AsTask())).ConfigureAwait(false);
        foreach (var shard in _shards) shard.Store = null;
    }

    private static Task<T> Apart<T>(Func<T> work, CancellationToken cancellation) => Task.Factory.StartNew(work, cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
