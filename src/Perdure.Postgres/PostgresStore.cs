using Microsoft.Extensions.Logging;
using Npgsql;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Database;
using Perdure.Postgres.Owning;
using Perdure.Postgres.Reading;
using Perdure.Postgres.Replicas;
using Perdure.Postgres.Sending;
using Perdure.Postgres.Transacting;
using Perdure.Postgres.Writing;
using Perdure.Runtime;

namespace Perdure.Postgres;

/// <summary>The shared store: one schema in a PostgreSQL database, on which many nodes work, each with some of the lanes.</summary>
public sealed class PostgresStore(PostgresStoreOptions options, ILogger<PostgresStore> log) : IStore, ITransactions
{
    private readonly Connections _connections = new(options);
    private readonly Maps _maps = new();
    private readonly Scopes _scopes = new();
    private readonly Lock _releasing = new();
    private NpgsqlDataSource? _source, _replicaSource;
    private Replica? _replica;
    private int _own;
    private Readers? _readers;
    private Recovery? _recovery;
    private IViews? _views;
    private Remover? _remover;
    private Writer[]? _writers;
    private Keeper? _keeper;
    private Inbox? _inbox;
    private FeedWatch? _feed;
    private Transactions? _transactions;
    private volatile string? _older;

    /// <inheritdoc />
    public TimeProvider Clock => _keeper?.Clock ?? options.Time;

    /// <inheritdoc />
    public IViews Views => _views ?? throw NotOpen();

    /// <inheritdoc />
    public IRetention Retention => _remover ?? throw NotOpen();

    /// <inheritdoc />
    public IStoreReads? Stale() => _replica is { } replica ? new ReplicaReads(replica, new OwnReads(this), options.Time, _own) : null;

    /// <inheritdoc />
    public Task<Ownership> Open(NodeIdentity node, CancellationToken cancellation) => Apart(
        () =>
        {
            if (_keeper is not null) throw new InvalidOperationException("The store is open already.");
            try
            {
                return OpenNow(node, cancellation);
            }
            catch
            {
                Release();
                throw;
            }
        },
        cancellation);

    private Ownership OpenNow(NodeIdentity node, CancellationToken cancellation)
    {
        using var connection = _connections.OpenFirst(cancellation);
        var (lanes, oid) = StoreSchema.Prepare(connection, _connections, options, node.Build);
        if (options.Map is null) RefuseShard(connection);
        // As the server shows the number of an advisory lock: without a sign.
        var own = unchecked((int)(uint)oid);
        _maps.Load(connection);
        _keeper = new(options, fault => log.LogError(fault, "The node failed when it was told of its lanes"));
        var owned = _keeper.Open(node, cancellation);
        _connections.Name = _keeper.ApplicationName;
        _source = _connections.Readers(options.StatementWithin);
        _readers = new(_source, _connections.Where);
        _recovery = new(_readers);
        _views = new PostgresViews(_readers, own);
        _remover = new(_readers);
        _own = own;
        _replicaSource = _connections.ReplicaReaders(options.StatementWithin);
        if (_replicaSource is not null) _replica = new(ReplicaIdentity.Of(connection, options.Schema), _replicaSource, _readers, options, _connections.WhereReplica, _keeper.Clock, log);
        _inbox = new(_source, options, _keeper.Wakes, lanes);
        _feed = new(_views.FeedEnd, _keeper.Wakes, options.Time);
        _transactions = new(_connections, () => new(new(_maps, _scopes), _connections, own, _connections.CommitWithin), _keeper.Fenced, _feed.Wrote);
        _writers = [.. Enumerable.Range(0, Math.Max(1, options.Writers)).Select(i => new Writer(i, _connections, new(_maps, _scopes), _scopes, own, log))];
        log.LogInformation("Node {Node} has opened {Where} with {Owned} of {Lanes} lanes", _keeper.NodeNumber, _connections.Where, owned.Count, lanes);
        return Together(owned, Newest(connection));
    }

    private void RefuseShard(NpgsqlConnection connection)
    {
        using var ask = new NpgsqlCommand(SqlText.Statement("is-shard"), connection);
        if ((bool)ask.ExecuteScalar()!) throw new StoreException("store.sharded", $"{_connections.Where} is one of several databases under a shard map. Open all of them together, with UseShardedPostgres and the whole map.");
    }

    /// <summary>Lanes had owners of their own before; what is told of all of them together is the worst.</summary>
    private static Ownership Together(IReadOnlyList<Ownership> owned, InstanceId newest) =>
        new([.. owned.SelectMany(o => o.Lanes.Select(lease => lease with { Before = new(o.Unclean, o.Before) }))], owned.Any(o => o.Unclean), newest, owned.Max(o => o.Before));

    private static InstanceId Newest(NpgsqlConnection connection)
    {
        using var newest = new NpgsqlCommand(SqlText.Statement("newest-instance"), connection);
        return new((long)newest.ExecuteScalar()!);
    }

    // Asked before the store is open too: whether it has any.
    /// <inheritdoc />
    ITransactions IStore.Transactions => this;

    Task<ITransaction> ITransactions.Begin(int lane, TimeSpan within, CancellationToken cancellation) => (_transactions ?? throw NotOpen()).Begin(within, cancellation);

    /// <inheritdoc />
    public bool IsShared => true;

    /// <inheritdoc />
    public void Attach(ILaneOwner owner) => (_keeper ?? throw NotOpen()).Attach(owner);

    /// <inheritdoc />
    public bool Holds(int lane) => _keeper?.Holds(lane) ?? false;

    /// <inheritdoc />
    public void GivenUp(LaneLease lane) => _keeper?.GivenUp(lane.Lane, lane.Epoch);

    /// <inheritdoc />
    public Task<ReadOnlyMemory<byte>?> Send(InstanceId to, string key, ReadOnlyMemory<byte> body, CancellationToken cancellation) =>
        _inbox?.Send(to, key, body, cancellation) ?? Task.FromException<ReadOnlyMemory<byte>?>(NotOpen());

    /// <inheritdoc />
    public Task<IReadOnlyList<InboxMessage>> Inbox(int lane, int limit, CancellationToken cancellation) =>
        _inbox?.Open(lane, limit, cancellation) ?? Task.FromException<IReadOnlyList<InboxMessage>>(NotOpen());

    /// <inheritdoc />
    public Task Answer(long position, ReadOnlyMemory<byte> answer, bool final, CancellationToken cancellation) => _inbox?.Answer(position, answer, final, cancellation) ?? Task.FromException(NotOpen());

    // On a thread of its own, with what goes wrong in words.
    private Task<T> Apart<T>(Func<T> work, CancellationToken cancellation) => Task.Factory.StartNew(
        () =>
        {
            try
            {
                return work();
            }
            catch (Exception fault) when (fault is NpgsqlException or IOException or TimeoutException)
            {
                throw PostgresFault.Explain(fault, _connections.Where);
            }
        },
        cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <inheritdoc />
    public Task Register(MapDefinition map, CancellationToken cancellation)
    {
        if (_keeper is null) throw NotOpen();
        return Apart(
            () =>
            {
                using var connection = _connections.OpenWriter();
                _maps.Register(connection, options.Schema, map);
                return true;
            },
            cancellation);
    }

    /// <inheritdoc />
    public void Commit(Batch batch, Action<CommitAnswer> answered)
    {
        var (writers, keeper, feed) = (_writers ?? throw NotOpen(), _keeper!, _feed!);
        writers[batch.Lane % writers.Length].Write(batch, answer =>
        {
            if (answer is CommitAnswer.Fenced(var epoch))
            {
                log.LogWarning("A batch of {Items} turns of lane {Lane} under epoch {Epoch} was refused by the fence, which has epoch {Present}", batch.Items.Count, batch.Lane, batch.Epoch, epoch);
                keeper.Fenced(batch.Lane, epoch);
            }
            else if (answer is CommitAnswer.Committed(var items))
                for (var i = items.Count - 1; i >= 0; i--)
                    if (items[i] is ItemAnswer.Committed(var position))
                    {
                        feed.Wrote(position);
                        break;
                    }
            answered(options.Map is null ? WorksAlone(answer) : answer);
        });
    }

    /// <summary>The database may become one of several while this node works on it alone: then it takes no new keys by it, and its callers are told what is to be done.</summary>
    private CommitAnswer WorksAlone(CommitAnswer answer)
    {
        if (answer is not CommitAnswer.Committed(var items) || !items.Any(IsByOlderMap)) return answer;
        if (_older is null)
        {
            _older = $"{_connections.Where} is the first of several databases by now, under a shard map that this node does not know. What is under way goes on; new keys are taken by nodes that have the map, and go to this database alone until this node has left. Start it again with the map.";
            log.LogError("{Why}", _older);
        }
        return new CommitAnswer.Committed([.. items.Select(item => item is ItemAnswer.Refused(var reason) && IsByOlderMap(item) ? new ItemAnswer.Refused($"{reason}. {_older}") : item)]);
    }

    private static bool IsByOlderMap(ItemAnswer item) => item is ItemAnswer.Refused(var reason) && reason.StartsWith(ChildLetter.MapOlder, StringComparison.Ordinal);

    /// <inheritdoc />
    public IReadOnlyList<string> Problems => _older is { } older ? [older] : [];

    /// <inheritdoc />
    public Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) => Recover().Load(instance, cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<StoredInstance>> LoadTogether(IReadOnlyList<InstanceId> instances, CancellationToken cancellation) => Recover().Load(instances, cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<InstanceId>> Active(int lane, InstanceId after, int limit, CancellationToken cancellation) => Recover().Active(lane, after, limit, cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<StoredTimer>> Timers(int lane, DateTimeOffset until, StoredTimer? after, int limit, CancellationToken cancellation) =>
        Recover().Timers(lane, until, after, limit, cancellation);

    /// <inheritdoc />
    public Task<DateTimeOffset?> NextTimer(int lane, DateTimeOffset after, CancellationToken cancellation) => Recover().NextTimer(lane, after, cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<OutboxMessage>> Outbox(int lane, long after, int limit, CancellationToken cancellation) => Recover().Outbox(lane, after, limit, cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) =>
        Recover().Records(instance, fromVersion, limit, cancellation);

    /// <inheritdoc />
    public Task<StoredKey?> FindKey(string @namespace, string workflow, string requestKey, CancellationToken cancellation) =>
        Recover().FindKey(@namespace, workflow, requestKey, cancellation);

    /// <summary>Which instance a business key belongs to, also one that was removed; null where it is free.</summary>
    internal Task<InstanceId?> FindBusinessKey(string @namespace, string workflow, string key, CancellationToken cancellation) =>
        (_readers ?? throw NotOpen()).One("find-business-holder", r => (InstanceId?)new InstanceId(r.GetInt64(0)), cancellation, @namespace, workflow, key);

    /// <inheritdoc />
    public Task<IReadOnlyList<(string Workflow, int Version, string Operation)>> LiveOperations(CancellationToken cancellation) => Recover().LiveOperations(cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<StoredPage>> PagesOwed(int skip, int limit, CancellationToken cancellation) => Recover().PagesOwed(skip, limit, cancellation);

    /// <inheritdoc />
    public Task Forget(int lane, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellation) => (_readers ?? throw NotOpen()).All(
        "forget", _ => true, cancellation, messages.Select(m => m.To.Value).ToArray(), messages.Select(m => StoredText.Of(m.MessageId)).ToArray());

    /// <inheritdoc />
    public Task PageTried(string key, bool delivered, string? error, DateTimeOffset at, CancellationToken cancellation) => (_readers ?? throw NotOpen()).All(
        "page-tried", _ => true, cancellation, key, Reading.Readers.Text(error), delivered, at.ToUnixTimeMilliseconds());

    /// <summary>
    /// Erases the payloads of an instance that has ended: the bodies of its records, its salt and its search attributes. What stays are the digests, so that its history still
    /// verifies. Doing it twice changes nothing. The rows as they were go when the server vacuums its tables; archives of its write-ahead log keep them as long as you keep those.
    /// </summary>
    /// <exception cref="StoreException"><c>store.not-ended</c>: it has not ended, or is not there.</exception>
    public Task Erase(InstanceId instance, CancellationToken cancellation = default) => (_readers ?? throw NotOpen()).With(
        async connection =>
        {
            await Eraser.Erase(connection, instance, cancellation).ConfigureAwait(false);
            return true;
        },
        cancellation);

    /// <inheritdoc />
    public void Leave() => _keeper?.Leave();

    /// <inheritdoc />
    public async Task Close(CancellationToken cancellation)
    {
        if (_keeper is not { } keeper) throw NotOpen();
        await Task.WhenAll(_writers!.Select(w => w.Settled())).WaitAsync(cancellation).ConfigureAwait(false);
        await keeper.Close(cancellation).ConfigureAwait(false);
    }

    /// <summary>Finishes what was given, and lets go of the database. Without <see cref="Close"/> the next opening takes it for an unclean death.</summary>
    public ValueTask DisposeAsync() =>
        // On a thread of its own: the caller may stand in a callback on a writer's thread, which has to end first.
        new(Task.Factory.StartNew(Release, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));

    private void Release()
    {
        using var only = _releasing.EnterScope();
        // The lock goes first: others take the lanes while this node ends.
        _keeper?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _feed?.Dispose();
        foreach (var writer in _writers ?? []) writer.Dispose();
        _transactions?.Dispose();
        _source?.Dispose();
        (_keeper, _feed, _inbox, _writers, _transactions, _source, _readers, _recovery, _views, _remover) = (null, null, null, null, null, null, null, null, null, null);
        _replicaSource?.Dispose();
        (_replicaSource, _replica) = (null, null);
    }

    /// <summary>The backends that write now, for tests.</summary>
    internal IReadOnlyList<int> Backends => [.. (_writers ?? []).Select(w => w.Backend)];

    private Recovery Recover() => _recovery ?? throw NotOpen();

    private static StoreException NotOpen() => new("store.closed", "The store is not open.");
}
