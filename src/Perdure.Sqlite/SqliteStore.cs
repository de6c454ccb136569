using Microsoft.Extensions.Logging;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Sqlite.Files;
using Perdure.Sqlite.Native;
using Perdure.Sqlite.Reading;
using Perdure.Sqlite.Transacting;
using Perdure.Sqlite.Writing;

namespace Perdure.Sqlite;

/// <summary>The embedded store: one SQLite file, owned by one process at a time.</summary>
public sealed class SqliteStore(SqliteStoreOptions options, ILogger<SqliteStore> log) : IStore, ITransactions
{
    private readonly Maps _maps = new();
    private readonly Lock _releasing = new();
    private FileLock? _lock;
    private Database? _database;
    private Writer? _writer;
    private Checkpointer? _checkpointer;
    private Readers? _recovery, _people;
    private IViews? _views;
    private Remover? _remover;
    private Transactions? _transactions;
    private long _epoch;

    /// <inheritdoc />
    public TimeProvider Clock => options.Time;

    /// <inheritdoc />
    public IViews Views => _views ?? throw NotOpen();

    /// <inheritdoc />
    public IReadOnlyList<string> Problems => _checkpointer?.Problem is { } problem ? [problem] : [];

    /// <inheritdoc />
    public IRetention Retention => _remover ?? throw NotOpen();

    // Asked before the store is open too: whether it has any.
    /// <inheritdoc />
    ITransactions IStore.Transactions => this;

    bool ITransactions.IsExclusive => true;

    Task<ITransaction> ITransactions.Begin(int lane, TimeSpan within, CancellationToken cancellation) => (_transactions ?? throw NotOpen()).Begin(within, cancellation);

    /// <inheritdoc />
    public Task<Ownership> Open(NodeIdentity node, CancellationToken cancellation) => Task.Factory.StartNew(
        () =>
        {
            if (_lock is not null) throw new InvalidOperationException("The store is open already.");
            try
            {
                return OpenNow(node);
            }
            catch (SqliteFault fault)
            {
                Release();
                throw fault.Explain(options.Path);
            }
            catch
            {
                Release();
                throw;
            }
        },
        cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private Ownership OpenNow(NodeIdentity node)
    {
        _lock = StoreFile.TakeLock(options.Path) ?? throw Held();
        StoreFile.Inspect(options.Path);
        _database = Database.Open(options.Path, readOnly: false, options.LockWithin);
        if (_database.IsReadOnly)
            throw new StoreException("store.read-only", $"{options.Path} cannot be written. Give this process permission to write the file and its folder, or mount the volume for writing.");
        StoreFile.Prepare(_database, options, node);

        var before = Lease(_database);
        _database["take-lane"].Set(1, node.Host).Set(2, (long)node.ProcessId).Set(3, node.Build).Set(4, options.Time.GetUtcNow().ToUnixTimeMilliseconds()).Run();
        _epoch = Lease(_database)!.Epoch;
        _maps.Load(_database);

        var second = Database.Open(options.Path, readOnly: false, TimeSpan.FromMilliseconds(100));
        StoreFile.Configure(second, options);
        _checkpointer = new(second, options, log);
        _writer = new(_database, _maps, _checkpointer, options.Path, log);
        _remover = new(_writer);
        _transactions = new(options, _writer, _maps);
        _recovery = new(options, "recovery");
        _people = new(options, "views");
        _views = new SqliteViews(_people);
        log.LogInformation("Opened {Path} with epoch {Epoch}", options.Path, _epoch);
        return new([new(0, 1, _epoch)], before is { Clean: false }, new(Rows.One(_database["newest-instance"], s => s.Long(0))), before?.Since);
    }

    private sealed record LaneRow(long Epoch, bool Clean, string Host, int Pid, DateTimeOffset Since);

    private static LaneRow? Lease(Database database) =>
        Rows.One(database["lane"], s => new LaneRow(s.Long(0), s.Int(1) != 0, s.Text(2), s.Int(3), s.Time(5)));

    private StoreException Held()
    {
        try
        {
            using var database = Database.Open(options.Path, readOnly: true, TimeSpan.FromMilliseconds(200));
            if (Lease(database) is { } holder)
                return new("store.held", $"{options.Path} is held by process {holder.Pid} on {holder.Host} since {holder.Since:yyyy-MM-dd'T'HH:mm:ss'Z'}. Stop that process, or give this one a file of its own.");
        }
        catch (SqliteFault)
        {
            // It is being made at this moment; who holds it cannot be said.
        }
        return new("store.held", $"{options.Path} is held by another process. Stop that process, or give this one a file of its own.");
    }

    /// <inheritdoc />
    public Task Register(MapDefinition map, CancellationToken cancellation) => Write(d =>
    {
        _maps.Register(d, map);
        return true;
    });

    /// <inheritdoc />
    public void Commit(Batch batch, Action<CommitAnswer> answered) => (_writer ?? throw NotOpen()).Write(batch, answered);

    /// <inheritdoc />
    public Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) => Read(d => Recovery.Load(d, instance), cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<InstanceId>> Active(int lane, InstanceId after, int limit, CancellationToken cancellation) =>
        Read(d => Recovery.Active(d, after, limit), cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<StoredTimer>> Timers(int lane, DateTimeOffset until, StoredTimer? after, int limit, CancellationToken cancellation) =>
        Read(d => Recovery.Timers(d, until, after, limit), cancellation);

    /// <inheritdoc />
    public Task<DateTimeOffset?> NextTimer(int lane, DateTimeOffset after, CancellationToken cancellation) => Read(d => Recovery.NextTimer(d, after), cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<OutboxMessage>> Outbox(int lane, long after, int limit, CancellationToken cancellation) =>
        Read(d => Recovery.Outbox(d, after, limit), cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) =>
        Read<IReadOnlyList<StoredRecord>>(d => Rows.Records(d["read-records"].Set(1, instance.Value).Set(2, fromVersion).Set(3, (long)limit)), cancellation);

    /// <inheritdoc />
    public Task<StoredKey?> FindKey(string @namespace, string workflow, string requestKey, CancellationToken cancellation) =>
        Read(d => Recovery.FindKey(d, @namespace, workflow, requestKey), cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<(string Workflow, int Version, string Operation)>> LiveOperations(CancellationToken cancellation) =>
        Read(Recovery.LiveOperations, cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<StoredPage>> PagesOwed(int skip, int limit, CancellationToken cancellation) =>
        Read<IReadOnlyList<StoredPage>>(d => Rows.All(d["pages-owed"].Set(1, (long)limit).Set(2, (long)skip), Rows.Page), cancellation);

    /// <inheritdoc />
    public Task Forget(int lane, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellation) => Write(d =>
    {
        foreach (var message in messages) d["outbox-done"].Set(1, message.To.Value).Set(2, message.MessageId).Run();
        return true;
    });

    /// <inheritdoc />
    public Task PageTried(string key, bool delivered, string? error, DateTimeOffset at, CancellationToken cancellation) => Write(d =>
    {
        d["page-tried"].Set(1, key).Set(2, error).Set(3, delivered ? 1L : 0L).Set(4, at.ToUnixTimeMilliseconds()).Run();
        return true;
    });

    /// <summary>
    /// Erases the payloads of an instance that has ended: the bodies of its records, its salt and its search attributes. What stays are the digests, so that its history still
    /// verifies. Doing it twice changes nothing.
    /// </summary>
    /// <exception cref="StoreException"><c>store.not-ended</c>: it has not ended, or is not there.</exception>
    public Task Erase(InstanceId instance, CancellationToken cancellation = default) => Write(d =>
    {
        Eraser.Erase(d, instance);
        return true;
    });

    /// <inheritdoc />
    public Task Close(CancellationToken cancellation) => Write(d =>
    {
        d["close-lane"].Set(1, _epoch).Run();
        return true;
    });

    /// <summary>Finishes what was given, and lets go of the file. Without <see cref="Close"/> the next opening takes it for an unclean death.</summary>
    public ValueTask DisposeAsync() =>
        // On a thread of its own: the caller may stand in a callback on the writer's thread, which has to end first.
        new(Task.Factory.StartNew(Release, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));

    private void Release()
    {
        using var only = _releasing.EnterScope();
        _writer?.Dispose();
        _recovery?.Dispose();
        _people?.Dispose();
        if (_checkpointer?.Problem is not null) _database?.KeepLog();        // the last one to be closed
        _checkpointer?.Dispose();
        _database?.Dispose();
        _lock?.Dispose();
        (_writer, _recovery, _people, _checkpointer, _database, _lock, _views, _remover, _transactions) = (null, null, null, null, null, null, null, null, null);
    }

    private Task<T> Read<T>(Func<Database, T> read, CancellationToken cancellation) => _recovery?.Read(read, cancellation) ?? Task.FromException<T>(NotOpen());

    private Task<T> Write<T>(Func<Database, T> errand) => _writer?.Do(errand) ?? Task.FromException<T>(NotOpen());

    /// <summary>Asks the writer's connection, for tests.</summary>
    internal Task<T> Ask<T>(Func<Database, T> question) => Write(question);

    /// <summary>Asks a reader's connection, for tests.</summary>
    internal Task<T> AskReader<T>(Func<Database, T> question, CancellationToken cancellation = default) => Read(question, cancellation);

    /// <summary>The connection that moves the write-ahead log, for tests.</summary>
    internal Database Mover => (_checkpointer ?? throw NotOpen()).Database;

    private static StoreException NotOpen() => new("store.closed", "The store is not open.");
}
