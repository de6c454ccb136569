using Microsoft.Extensions.Logging;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Sharding;
using Perdure.Runtime;

namespace Perdure.Postgres;

/// <summary>
/// A store of several PostgreSQL databases, each an ordinary store with lanes, keepers, writers and a log of its own. An instance lives wholly in the database that the map gives its key;
/// ids say which one it is. One that is away stops its own lanes alone.
/// </summary>
public sealed partial class ShardedStore : IStore, ITransactions
{
    private volatile ShardMap _map;
    private readonly ILoggerFactory _logs;
    private readonly ILogger _log;
    private readonly Func<ShardMap, int, int, PostgresStoreOptions> _options;
    private readonly TimeProvider _time;
    private volatile Homes _homes = null!;
    private volatile Shard[] _shards = [];
    private volatile StoreException? _older;

    /// <param name="map">The databases, and how keys are divided among them. What is wrong with it is told by <see cref="Open"/>.</param>
    /// <param name="configure">Writers, readers, and limits of time for each database; where it and its replica are and how many lanes it has, the map says.</param>
    /// <param name="logs">For people.</param>
    /// <param name="time">The process's own clock.</param>
    public ShardedStore(ShardMap map, Action<PostgresStoreOptions>? configure, ILoggerFactory logs, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(logs);
        (_map, _logs, _log, _time) = (map.Copy(), logs, logs.CreateLogger<ShardedStore>(), time);
        _options = (map, version, number) =>
        {
            var database = map.Databases[number];
            var options = new PostgresStoreOptions { ConnectionString = database.ConnectionString, Time = time };
            configure?.Invoke(options);
            (options.ConnectionString, options.ReplicaConnectionString, options.Schema, options.Lanes, options.Map) = (database.ConnectionString, database.ReplicaConnectionString, database.Schema, map.Lanes, version);
            return options;
        };
    }

    /// <inheritdoc />
    public bool IsShared => true;

    /// <inheritdoc />
    public bool IsDivided => true;

    /// <inheritdoc />
    public TimeProvider Clock => (Array.Find(_shards, s => s.Store is not null) ?? throw NotOpen()).Opened.Clock;

    /// <inheritdoc />
    public TimeProvider ClockOf(int lane) => OfLane(lane).Opened.Clock;

    /// <inheritdoc />
    public IViews Views => _views ?? throw NotOpen();

    /// <inheritdoc />
    public IRetention Retention => _retention ?? throw NotOpen();

    /// <inheritdoc />
    public IStoreReads? Stale()
    {
        // In this order: a map that is adopted meanwhile has its databases before its homes.
        var (homes, shards) = (_homes, _shards);
        return Array.Exists(shards, s => s.Options.ReplicaConnectionString is not null) ? new ShardedReads(shards, homes, store => store.Stale() ?? new OwnReads(store)) : null;
    }

    /// <inheritdoc />
    public IReadOnlyList<string> Problems
    {
        get
        {
            List<string> problems = [.. _shards.Where(s => s.IsMissing).Select(s => s.Why.Message)];
            if (_older is { } older) problems.Add(older.Message);
            if (_unadopted is { } why) problems.Add($"The newer shard map is not adopted yet: {why}");
            return problems;
        }
    }

    private volatile ShardedViews? _views;
    private volatile ShardedRetention? _retention;

    /// <summary>
    /// Where an instance with those keys is to be: in the home that the newest map gives its slot, once none of the homes that older maps gave it has one of the keys. All of those know this node's map
    /// before it asks them, so that nobody claims a key there behind its look.
    /// </summary>
    public Task<StartPlace> Place(StartKeys keys, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(keys);
        if (_switching is { } switching) return Placed(switching.Task, keys, cancellation);
        if (_older is { } older) return Task.FromException<StartPlace>(older);
        var slot = Homes.SlotOf(keys);
        var homes = _homes;
        var home = _shards[homes.Home(slot)];
        if (home.Store is null) return Task.FromException<StartPlace>(Missing(home));
        return homes.Older(slot) is { Count: > 0 } before ? Look(before, homes.Place(home.Number), keys, cancellation) : homes.Place(home.Number);
    }

    private async Task<StartPlace> Placed(Task switching, StartKeys keys, CancellationToken cancellation)
    {
        await switching.WaitAsync(cancellation).ConfigureAwait(false);
        return await Place(keys, cancellation).ConfigureAwait(false);
    }

    private async Task<StartPlace> Look(IReadOnlyList<byte> before, Task<StartPlace> home, StartKeys keys, CancellationToken cancellation)
    {
        Task<StoredKey?> Key(PostgresStore store) => store.FindKey(keys.Namespace, keys.Workflow, keys.RequestKey, cancellation);
        foreach (var number in before)
            if (await Key(_shards[number].Opened).ConfigureAwait(false) is { } key) return new StartPlace.KeyTaken(key);
        if (keys.BusinessKey is not { } business) return await home.ConfigureAwait(false);
        foreach (var number in before)
        {
            var store = _shards[number].Opened;
            if (await store.FindBusinessKey(keys.Namespace, keys.Workflow, business, cancellation).ConfigureAwait(false) is not { } holder) continue;
            // The same request may have come there since that was asked for its key: both keys of a start are there at once.
            return await Key(store).ConfigureAwait(false) is { } key ? new StartPlace.KeyTaken(key) : new StartPlace.BusinessKeyTaken(holder);
        }
        return await home.ConfigureAwait(false);
    }

    /// <inheritdoc />
    public void Commit(Batch batch, Action<CommitAnswer> answered)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var shard = OfLane(batch.Lane);
        shard.Opened.Commit(batch with { Lane = _homes.Inner(batch.Lane) }, answer =>
        {
            if (answer is CommitAnswer.Committed(var items) && _older is null && items.Any(i => i is ItemAnswer.Refused(var reason) && KnownBy(reason) > _homes.Version))
            {
                _older = new(ChildLetter.MapOlder, $"{shard.Name} knows a newer shard map than this node, which takes no starts until it has that too. Give it the newer map.");
                _log.LogError("{Why}", _older.Message);
            }
            answered(answer);
        });
    }

    // The version that the database's refusal of a start names; 0 where it is none of those.
    private static int KnownBy(string reason)
    {
        const string start = ChildLetter.MapOlder + ": version ";
        if (!reason.StartsWith(start, StringComparison.Ordinal)) return 0;
        var digits = reason.AsSpan(start.Length);
        var end = digits.IndexOf(' ');
        return int.TryParse(end < 0 ? digits : digits[..end], System.Globalization.CultureInfo.InvariantCulture, out var known) ? known : 0;
    }

    // Asked before the store is open too: whether it has any.
    /// <inheritdoc />
    ITransactions IStore.Transactions => this;

    // In the instance's own database, which must have the operation's tables.
    async Task<ITransaction> ITransactions.Begin(int lane, TimeSpan within, CancellationToken cancellation) =>
        new Inside(await ((ITransactions)OfLane(lane).Opened).Begin(_homes.Inner(lane), within, cancellation).ConfigureAwait(false), _homes);

    private sealed class Inside(ITransaction transaction, Homes homes) : ITransaction
    {
        public StoreTransaction Store => transaction.Store;

        public Task<TransactionAnswer> Commit(int lane, long epoch, Item item) => transaction.Commit(homes.Inner(lane), epoch, item);

        public ValueTask DisposeAsync() => transaction.DisposeAsync();
    }

    /// <inheritdoc />
    public void GivenUp(LaneLease lane)
    {
        ArgumentNullException.ThrowIfNull(lane);
        OfLane(lane.Lane).Store?.GivenUp(lane with { Lane = _homes.Inner(lane.Lane) });
    }

    /// <inheritdoc />
    public bool Holds(int lane) => OfLane(lane).Store?.Holds(_homes.Inner(lane)) ?? false;

    /// <inheritdoc />
    public Task<ReadOnlyMemory<byte>?> Send(InstanceId to, string key, ReadOnlyMemory<byte> body, CancellationToken cancellation) => Of(to, store => store.Send(to, key, body, cancellation));

    /// <inheritdoc />
    public async Task<IReadOnlyList<InboxMessage>> Inbox(int lane, int limit, CancellationToken cancellation)
    {
        var shard = OfLane(lane);
        var page = await shard.Opened.Inbox(_homes.Inner(lane), limit, cancellation).ConfigureAwait(false);
        return [.. page.Select(m => m with { Position = m.Position * _map.Capacity + shard.Number })];
    }

    /// <inheritdoc />
    public Task Answer(long position, ReadOnlyMemory<byte> answer, bool final, CancellationToken cancellation) =>
        _shards[position % _map.Capacity].Opened.Answer(position / _map.Capacity, answer, final, cancellation);

    /// <inheritdoc />
    public Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) => Of(instance, store => store.Load(instance, cancellation));

    /// <inheritdoc />
    public async Task<IReadOnlyList<StoredInstance>> LoadTogether(IReadOnlyList<InstanceId> instances, CancellationToken cancellation) =>
        [.. (await Task.WhenAll(instances.GroupBy(_homes.Of).Select(g => Numbered(g.Key).Opened.LoadTogether([.. g], cancellation))).ConfigureAwait(false)).SelectMany(found => found)];

    /// <inheritdoc />
    public Task<IReadOnlyList<InstanceId>> Active(int lane, InstanceId after, int limit, CancellationToken cancellation) => OfLane(lane).Opened.Active(_homes.Inner(lane), after, limit, cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<StoredTimer>> Timers(int lane, DateTimeOffset until, StoredTimer? after, int limit, CancellationToken cancellation) =>
        OfLane(lane).Opened.Timers(_homes.Inner(lane), until, after, limit, cancellation);

    /// <inheritdoc />
    public Task<DateTimeOffset?> NextTimer(int lane, DateTimeOffset after, CancellationToken cancellation) => OfLane(lane).Opened.NextTimer(_homes.Inner(lane), after, cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<OutboxMessage>> Outbox(int lane, long after, int limit, CancellationToken cancellation) => OfLane(lane).Opened.Outbox(_homes.Inner(lane), after, limit, cancellation);

    /// <inheritdoc />
    public Task Forget(int lane, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellation) => OfLane(lane).Opened.Forget(_homes.Inner(lane), messages, cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) =>
        Of(instance, store => store.Records(instance, fromVersion, limit, cancellation));

    /// <inheritdoc />
    public Task<StoredKey?> FindKey(string @namespace, string workflow, string requestKey, CancellationToken cancellation)
    {
        var parent = Homes.ParentIn(requestKey);
        var likely = parent is { } of && _homes.Of(of) < _shards.Length ? _homes.Of(of) : _homes.Home(Homes.SlotOf(@namespace, workflow, requestKey, isBusiness: false));
        return First(_shards, likely, shard => shard.Opened.FindKey(@namespace, workflow, requestKey, cancellation));
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<(string Workflow, int Version, string Operation)>> LiveOperations(CancellationToken cancellation) =>
        [.. (await Task.WhenAll(OpenStores().Select(s => s.LiveOperations(cancellation))).ConfigureAwait(false)).SelectMany(all => all).Distinct()];

    /// <summary>Erases the payloads of an instance that has ended; see <see cref="PostgresStore.Erase"/>.</summary>
    /// <exception cref="StoreException"><c>store.not-ended</c>: it has not ended, or is not there.</exception>
    public Task Erase(InstanceId instance, CancellationToken cancellation = default) => Numbered(_homes.Of(instance)).Opened.Erase(instance, cancellation);

    private Shard OfLane(int lane) => Numbered(_homes.Of(lane));

    private Shard Numbered(int number) => Numbered(_shards, number);

    internal static Shard Numbered(Shard[] shards, int number) => (uint)number < (uint)shards.Length ? shards[number]
        : throw new StoreException("shard.unknown", $"Database {number} is not in this node's shard map, which has {shards.Length}. Give this node the newer map.");

    // What goes wrong before the read begins is told as the read tells it.
    internal async Task<T> Of<T>(InstanceId instance, Func<PostgresStore, Task<T>> read) => await read(Numbered(_homes.Of(instance)).Opened).ConfigureAwait(false);

    private IEnumerable<PostgresStore> OpenStores() => _shards.Select(s => s.Store).OfType<PostgresStore>();

    /// <summary>What any of the databases has, the likeliest asked first. That none has it is said only where all were asked.</summary>
    internal static async Task<T?> First<T>(Shard[] shards, int likely, Func<Shard, Task<T?>> read) where T : class
    {
        StoreException? away = null;
        foreach (var shard in shards.OrderBy(s => s.Number != likely))
        {
            try
            {
                if (await read(shard).ConfigureAwait(false) is { } found) return found;
            }
            catch (StoreException e)
            {
                away ??= e;
            }
        }
        return away is null ? null : throw away;
    }

    private static StoreException Missing(Shard shard) => shard.Why;

    private static StoreException NotOpen() => new("store.closed", "The store is not open.");
}
