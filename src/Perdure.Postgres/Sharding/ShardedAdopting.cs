using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Perdure.Ports;
using Perdure.Postgres.Sharding;

namespace Perdure.Postgres;

/// <summary>How a node takes a newer version of the map while it runs. Its lanes go on; starts wait for the moment in which databases learn of it.</summary>
public sealed partial class ShardedStore
{
    // One at a time: adopting, and opening what was away.
    private readonly SemaphoreSlim _changing = new(1);
    private volatile TaskCompletionSource? _switching;
    private IDisposable? _listens;
    private Task _following = Task.CompletedTask;
    private ShardMap? _wanted;
    // Why what the configuration says is not adopted yet.
    private volatile string? _unadopted;

    /// <summary>
    /// Takes a newer map: databases appended, versions appended, nothing else changed. The databases that are new are held against it and opened, the version is made known in all that are open, and from then on
    /// starts go by it. Lanes, instances and commands go on meanwhile. The same map again changes nothing; where it fails, it can be called again. From any thread, once the store is open.
    /// </summary>
    /// <param name="map">The whole map. It is copied.</param>
    /// <param name="cancellation">Ends it between two databases; what was made known stays known.</param>
    /// <exception cref="StoreException">
    /// <c>shard.map</c>: it does not fit, and nothing was changed. <c>store.unavailable</c>, <c>store.busy</c>: one of the databases is away, so that it cannot learn of the version now. <c>shard.map-older</c>: a
    /// database knows a newer one. <c>shard.waits</c>: the first database worked alone before, and nodes are there still that know no map. <c>store.closed</c>: the store is not open.
    /// </exception>
    public async Task Adopt(ShardMap map, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(map);
        var newer = map.Copy();
        if (_views is null) throw NotOpen();
        await _changing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (Misfits(_map, newer, _shards) is { Count: > 0 } misfits) throw Wrong(misfits);
            if (newer.Databases.Count == _map.Databases.Count && newer.AllVersions().Count == _homes.Version) return;
            await AdoptNow(newer, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _changing.Release();
        }
    }

    private async Task AdoptNow(ShardMap newer, CancellationToken cancellation)
    {
        Homes homes = new(newer, _since);
        var before = _shards;
        Shard[] added = [.. newer.Databases.Select((d, i) => (d, i)).Skip(before.Length).Select(d => new Shard(d.i, d.d.Name, _options(newer, homes.Version, d.i)))];
        foreach (var shard in added) Locate(shard, homes);
        Shard[] open = [.. before.Where(s => s.Store is not null)];
        List<string> problems = [];
        StoreException? waits = null;
        foreach (var shard in (Shard[])[.. open, .. added])
        {
            var found = await Apart(EnrolmentOf(shard, newer).Look, cancellation).ConfigureAwait(false);
            problems.AddRange(found.Problems);
            if (found.Enrolled is { } known && known.Family != _family) problems.Add($"{shard.Name} is of the family {known.Family}, the others of {_family}.");
            if (_since is not null && found.Alone.Count > 0 && newer.Databases.Count > 1) waits ??= Enrolment.WaitsFor(shard.Name, string.Join(", ", found.Alone));
        }
        if (problems.Count > 0) throw Wrong(problems);
        if (waits is not null) throw waits;
        // Those that are new take their place first: whatever comes of the rest, what lives there is reached.
        foreach (var shard in added) await Apart(() => EnrolmentOf(shard, newer).Enrol(_family, _since), cancellation).ConfigureAwait(false);
        (_shards, _views, _retention) = ([.. before, .. added], new([.. before, .. added], homes, this), new([.. before, .. added]));
        try
        {
            foreach (var shard in added) await Come(shard).ConfigureAwait(false);
        }
        catch
        {
            (_shards, _views, _retention) = (before, new(before, _homes, this), new(before));
            foreach (var shard in added)
                if (shard.Store is { } store) await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
        var switched = _switching = new(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            foreach (var shard in open) await Apart(() => EnrolmentOf(shard, newer).Enrol(_family, _since), cancellation).ConfigureAwait(false);
            // A start that was placed by the version before is refused by the writer, and placed anew.
            foreach (var shard in _shards) shard.Options.Map = homes.Version;
            (_map, _homes, _older) = (newer, homes, null);
        }
        finally
        {
            _switching = null;
            switched.SetResult();
        }
        _log.LogInformation("Version {Version} of the shard map is adopted: {Databases}", homes.Version, string.Join(", ", newer.AllVersions()[^1]));
    }

    private static List<string> Misfits(ShardMap own, ShardMap newer, Shard[] shards)
    {
        List<string> problems = [.. newer.Problems()];
        if (newer.Lanes != own.Lanes || newer.Capacity != own.Capacity) problems.Add($"Lanes and Capacity are {own.Lanes} and {own.Capacity}, for ever; the newer map says {newer.Lanes} and {newer.Capacity}.");
        // Those that are open: one may be, of a map that was not adopted to its end.
        for (var i = 0; i < shards.Length; i++)
            if (i >= newer.Databases.Count || newer.Databases[i].Name != shards[i].Name) problems.Add($"{shards[i].Name} stands at place {i}; the newer map has {(i < newer.Databases.Count ? newer.Databases[i].Name : "nothing")} there. Databases are only appended.");
        var (versions, others) = (own.AllVersions(), newer.AllVersions());
        for (var v = 0; v < versions.Count; v++)
            if (v >= others.Count || !versions[v].SequenceEqual(others[v])) problems.Add($"Version {v + 1} is {string.Join(", ", versions[v])}; the newer map {(v < others.Count ? $"says {string.Join(", ", others[v])}" : "ends before it")}. Versions are only added.");
        return problems;
    }

    /// <summary>Adopts what the configuration says from now on. What does not fit is told, and waits for the next change; a database that is away is asked again every second.</summary>
    internal ShardedStore Follows(IOptionsMonitor<ShardMap> monitor)
    {
        _listens = monitor.OnChange((map, name) =>
        {
            if (!string.IsNullOrEmpty(name)) return;
            lock (_gate)
            {
                _wanted = map.Copy();
                if (_following.IsCompleted && !_ends.IsCancellationRequested) _following = Task.Run(Follow, CancellationToken.None);
            }
        });
        return this;
    }

    private async Task Follow()
    {
        var told = "";
        while (true)
        {
            ShardMap? map;
            lock (_gate)
            {
                map = _wanted;
                if (map is null || _ends.IsCancellationRequested) return;
            }
            var again = false;
            try
            {
                await Adopt(map, _ends.Token).ConfigureAwait(false);
                _unadopted = null;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (StoreException wrong) when (wrong.Code is "shard.map" or "shard.map-older")
            {
                _log.LogError(wrong, "The changed shard map is not adopted");
                _unadopted = wrong.Message;
            }
            catch (Exception fault)
            {
                again = true;
                _unadopted = fault.Message;
                if (told != fault.Message) _log.LogWarning(fault, "The changed shard map cannot be adopted now, and is tried again");
                told = fault.Message;
                await Task.Delay(AskAgain, _time, _ends.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            lock (_gate)
                if (!again && ReferenceEquals(_wanted, map))
                {
                    _wanted = null;
                    return;
                }
        }
    }
}
