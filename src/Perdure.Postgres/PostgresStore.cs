using Microsoft.Extensions.Logging;
using Npgsql;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Database;
using Perdure.Postgres.Reading;
using Perdure.Postgres.Writing;

namespace Perdure.Postgres;

/// <summary>The shared store: one schema in a PostgreSQL database.</summary>
public sealed class PostgresStore(PostgresStoreOptions options, ILogger<PostgresStore> log) : IStore
{
    private readonly Connections _connections = new(options);
    private readonly Maps _maps = new();
    private readonly Scopes _scopes = new();
    private readonly Lock _releasing = new();
    private NpgsqlDataSource? _source;
    private Readers? _readers;
    private Recovery? _recovery;
    private IViews? _views;
    private Writer[]? _writers;
    private Ownership? _owned;

    /// <inheritdoc />
    public TimeProvider Clock => options.Time;

    /// <inheritdoc />
    public IViews Views => _views ?? throw NotOpen();

    /// <inheritdoc />
    public Task<Ownership> Open(NodeIdentity node, CancellationToken cancellation) => Apart(
        () =>
        {
            if (_owned is not null) throw new InvalidOperationException("The store is open already.");
            try
            {
                return OpenNow(node);
            }
            catch
            {
                Release();
                throw;
            }
        },
        cancellation);

    private Ownership OpenNow(NodeIdentity node)
    {
        using var connection = _connections.OpenWriter();
        var (lanes, oid) = StoreSchema.Prepare(connection, _connections, options, node.Build);
        // As the server shows the number of an advisory lock: without a sign.
        var own = unchecked((int)(uint)oid);
        _maps.Load(connection);
        var owned = Fences.TakeAll(connection, lanes, options.Time.GetUtcNow().ToUnixTimeMilliseconds());
        _source = _connections.Readers(options.StatementWithin);
        _readers = new(_source, _connections.Where);
        _recovery = new(_readers);
        _views = new PostgresViews(_readers, own);
        _writers = [.. Enumerable.Range(0, Math.Max(1, options.Writers)).Select(i => new Writer(i, _connections, new(_maps, _scopes, lanes), _scopes, own, log))];
        log.LogInformation("Opened {Where} with {Lanes} lanes", _connections.Where, owned.Lanes.Count);
        return _owned = owned;
    }

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
        if (_owned is null) throw NotOpen();
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
        var writers = _writers ?? throw NotOpen();
        writers[batch.Lane % writers.Length].Write(batch, answered);
    }

    /// <inheritdoc />
    public Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) => Recover().Load(instance, cancellation);

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

    /// <inheritdoc />
    public Task<IReadOnlyList<(string Workflow, int Version, string Operation)>> LiveOperations(CancellationToken cancellation) => Recover().LiveOperations(cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<StoredPage>> PagesOwed(int limit, CancellationToken cancellation) => Recover().PagesOwed(limit, cancellation);

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
    public async Task Close(CancellationToken cancellation)
    {
        if (_owned is not { } owned) throw NotOpen();
        await Task.WhenAll(_writers!.Select(w => w.Settled())).WaitAsync(cancellation).ConfigureAwait(false);
        await Apart(
            () =>
            {
                using var connection = _connections.OpenWriter();
                Fences.Close(connection, owned.Lanes);
                return true;
            },
            cancellation).ConfigureAwait(false);
    }

    /// <summary>Finishes what was given, and lets go of the database. Without <see cref="Close"/> the next opening takes it for an unclean death.</summary>
    public ValueTask DisposeAsync() =>
        // On a thread of its own: the caller may stand in a callback on a writer's thread, which has to end first.
        new(Task.Factory.StartNew(Release, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));

    private void Release()
    {
        using var only = _releasing.EnterScope();
        foreach (var writer in _writers ?? []) writer.Dispose();
        _source?.Dispose();
        (_writers, _source, _readers, _recovery, _views, _owned) = (null, null, null, null, null, null);
    }

    /// <summary>The backends that write now, for tests.</summary>
    internal IReadOnlyList<int> Backends => [.. (_writers ?? []).Select(w => w.Backend)];

    private Recovery Recover() => _recovery ?? throw NotOpen();

    private static StoreException NotOpen() => new("store.closed", "The store is not open.");
}
