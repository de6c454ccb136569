using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Tests;

/// <summary>A store in memory that outlives the nodes that open it. It keeps what the real ones keep, with the constraints that the engine leans on.</summary>
internal sealed class MemoryStore : IStore, IViews, ITransactions
{
    private sealed class Row
    {
        public required Item First;
        public DateTimeOffset Created;
        public string State = "";
        public Status Status;
        public int Visit = 1;
        public List<StoredRecord> Log = [];
        public long Checkpoint = 1;
        public SortedDictionary<int, StackEntry> Stack = [];
        public HashSet<string> Messages = [];
    }

    private readonly Dictionary<InstanceId, Row> _rows = [];
    private readonly Dictionary<(string, string, string), StoredKey> _keys = [];
    private readonly Dictionary<(string, string, string), InstanceId> _businessKeys = [];
    private readonly HashSet<(InstanceId, int, string, int)> _tokens = [];
    private readonly Dictionary<(InstanceId, TimerId), DateTimeOffset> _timers = [];
    private readonly List<OutboxMessage> _outbox = [];
    private readonly List<StoredPage> _pages = [];
    private long _position, _epoch;
    private bool _open;
    private DateTimeOffset? _since;

    public Func<Batch, CommitAnswer?>? Fault { get; set; }
    /// <summary>What a read of an instance gives instead.</summary>
    public Func<InstanceId, Task<StoredInstance?>?>? LoadFault { get; set; }
    /// <summary>As what the records of an instance come that is read, and those of a history.</summary>
    public Func<StoredRecord, StoredRecord> LoadsAs { get; set; } = record => record;
    public Func<StoredRecord, StoredRecord> ReadsAs { get; set; } = record => record;
    /// <summary>What the other reads of recovery fail with.</summary>
    public Exception? ReadFault { get; set; }
    public Exception? CloseFault { get; set; }
    /// <summary>A history that is read has no records.</summary>
    public bool ForgetsIntents { get; set; }
    public int Reads { get; private set; }
    public List<StoredPage> PageRecords => _pages;
    public long Commits { get; private set; }

    /// <summary>Whoever has the business key gives it up.</summary>
    public void FreeBusinessKey(string key)
    {
        foreach (var taken in _businessKeys.Keys.Where(k => k.Item3 == key).ToList()) _businessKeys.Remove(taken);
    }

    /// <summary>The clock by which owners say since when.</summary>
    public TimeProvider? Time { get; set; }

    public TimeProvider Clock => Time ?? TimeProvider.System;

    public Task<Ownership> Open(NodeIdentity node, CancellationToken cancellation)
    {
        var unclean = _open;
        var before = _since;
        _since = Time?.GetUtcNow();
        _open = true;
        return Task.FromResult(new Ownership([new(0, 1, ++_epoch)], unclean, _rows.Count == 0 ? default : _rows.Keys.Max(), before));
    }

    /// <summary>How often from now on it does not answer who opens it.</summary>
    public int Away { get; set; }

    public Task Register(MapDefinition map, CancellationToken cancellation) => Away-- > 0 ? Task.FromException(new StoreException("store.unavailable", "It did not answer in time.")) : Task.CompletedTask;

    public void Commit(Batch batch, Action<CommitAnswer> answered)
    {
        if (batch.Epoch != _epoch) { answered(new CommitAnswer.Fenced(_epoch)); return; }
        if (Fault?.Invoke(batch) is { } fault) { answered(fault); return; }
        Commits++;
        var answers = new List<ItemAnswer>();
        HashSet<InstanceId> failed = [];
        foreach (var item in batch.Items)
        {
            var answer = failed.Contains(item.Instance) ? ItemAnswer.Skipped.Item : Write(item);
            if (answer is not ItemAnswer.Committed) failed.Add(item.Instance);
            answers.Add(answer);
        }
        answered(new CommitAnswer.Committed(answers));
    }

    /// <summary>How the end of an operation in a transaction is answered instead; null as it is written.</summary>
    public Func<Item, Task<TransactionAnswer>?>? EndFault { get; set; }

    /// <summary>How many transactions are open.</summary>
    public int OpenTransactions { get; private set; }

    public ITransactions Transactions => this;

    /// <summary>Whether nothing else is written while a transaction is open.</summary>
    public bool IsExclusive { get; set; }

    public Task<ITransaction> Begin(int lane, TimeSpan within, CancellationToken cancellation)
    {
        OpenTransactions++;
        return Task.FromResult<ITransaction>(new Transaction(this));
    }

    /// <summary>Writes the end of an operation.</summary>
    public TransactionAnswer End(long epoch, Item item)
    {
        if (epoch != _epoch) return new TransactionAnswer.Fenced(_epoch);
        return Write(item) switch
        {
            ItemAnswer.Committed(var position) => new TransactionAnswer.Committed(position),
            var other => new TransactionAnswer.Refused($"{other}"),
        };
    }

    private sealed class Transaction(MemoryStore store) : ITransaction
    {
        public StoreTransaction Store { get; } = new(null!, null!);
        public Task<TransactionAnswer> Commit(int lane, long epoch, Item item) => store.EndFault?.Invoke(item) ?? Task.FromResult(store.End(epoch, item));
        public ValueTask DisposeAsync()
        {
            store.OpenTransactions--;
            return default;
        }
    }

    private ItemAnswer Write(Item item)
    {
        if (item.Start is { } start)
        {
            if (_keys.TryGetValue((start.Namespace, item.Workflow, start.RequestKey), out var taken)) return new ItemAnswer.KeyTaken(taken);
            if (start.BusinessKey is { } key && _businessKeys.TryGetValue((start.Namespace, item.Workflow, key), out var other)) return new ItemAnswer.BusinessKeyTaken(other);
        }
        else if (!_rows.TryGetValue(item.Instance, out var existing) || existing.Log.Count + 1 != item.Version) return new ItemAnswer.Refused($"Record {item.Version} is not the next one.");
        if (item.Tokens.Any(t => _tokens.Contains((item.Instance, t.Visit, t.Name, t.Generation)))) return new ItemAnswer.Duplicate("token");
        if (item.Messages.Any(m => _rows[item.Instance].Messages.Contains(m))) return new ItemAnswer.Duplicate("message");

        if (item.Start is { } made)
        {
            _rows.Add(item.Instance, new() { First = item, Created = item.At });
            _keys.Add((made.Namespace, item.Workflow, made.RequestKey), new(item.Instance, item.WorkflowVersion, made.PayloadHash, item.At));
            if (made.BusinessKey is { } key) _businessKeys.Add((made.Namespace, item.Workflow, key), item.Instance);
        }
        var row = _rows[item.Instance];
        row.Log.Add(new(++_position, item.Instance, item.Version, item.At, item.Body, item.Hash));
        if (item.Transitions.Count > 0) (row.Checkpoint, row.Visit) = (item.Version, item.Transitions[^1].Visit);
        (row.State, row.Status) = (item.StateAfter, item.StatusAfter);
        if (item.SettlesStack) row.Stack.Clear();
        foreach (var t in item.Tokens)
        {
            _tokens.Add((item.Instance, t.Visit, t.Name, t.Generation));
            if (t.OnStack) row.Stack[t.Ordinal] = new(t.Ordinal, t.Visit, t.Name, t.Generation, t.Operation, t.IntendedAt);
        }
        foreach (var left in item.LeftStack) row.Stack.Remove(left);
        foreach (var cleared in item.TimersCleared) _timers.Remove((item.Instance, cleared));
        foreach (var set in item.TimersSet) _timers[(item.Instance, set.Timer)] = set.Due;
        foreach (var message in item.Messages) row.Messages.Add(message);
        foreach (var message in item.Outbox) _outbox.Add(message with { Position = ++_position });
        if (item.OutboxDone is { } done) _outbox.RemoveAll(m => m.To == item.OutboxDoneOf && m.MessageId == done);
        foreach (var page in item.Pages)
            if (_pages.All(p => p.Page.Key != page.Key)) _pages.Add(new(page, item.Instance, item.Workflow, item.StateAfter, item.At, null, 0, null));
        return new ItemAnswer.Committed(_position);
    }

    public Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation)
    {
        if (LoadFault?.Invoke(instance) is { } fault) return fault;
        if (!_rows.TryGetValue(instance, out var row)) return Task.FromResult<StoredInstance?>(null);
        return Task.FromResult<StoredInstance?>(new(RowOf(instance, row), LoadsAs(row.Log[0]), LoadsAs(row.Log[(int)row.Checkpoint - 1]),
            [.. row.Log.Skip((int)row.Checkpoint).Select(LoadsAs)], [.. row.Stack.Values], [.. row.Messages]));
    }

    private static InstanceRow RowOf(InstanceId id, Row row) => new(id, row.First.Start!.Namespace, row.First.Workflow, row.First.WorkflowVersion,
        row.First.Start.RequestKey, row.First.Start.BusinessKey, row.State, row.Status, row.Visit, row.Created, row.Log[^1].At, row.First.Start.Salt, row.First.Start.Priority);

    private Task<IReadOnlyList<T>> Try<T>(Func<Task<IReadOnlyList<T>>> read)
    {
        if (++Reads > 10_000) throw new InvalidOperationException("It is read again and again without a pause.");
        return ReadFault is { } fault ? Task.FromException<IReadOnlyList<T>>(fault) : read();
    }

    public Task<IReadOnlyList<InstanceId>> Active(int lane, InstanceId after, int limit, CancellationToken cancellation) => Try(() => Some(
        _rows.Where(r => r.Value.Status is Status.Running or Status.Compensating && r.Key.CompareTo(after) > 0).Select(r => r.Key).Order().Take(limit)));

    public Task<IReadOnlyList<StoredTimer>> Timers(int lane, DateTimeOffset until, StoredTimer? after, int limit, CancellationToken cancellation) => Some(
        _timers.Select(t => new StoredTimer(t.Key.Item1, t.Key.Item2, t.Value)).Where(t => t.Due <= until)
            .OrderBy(t => t.Due).ThenBy(t => t.Instance).Where(t => after is null || (t.Due, t.Instance).CompareTo((after.Due, after.Instance)) > 0).Take(limit));

    public Task<DateTimeOffset?> NextTimer(int lane, DateTimeOffset after, CancellationToken cancellation) =>
        Task.FromResult<DateTimeOffset?>(_timers.Values.Where(d => d > after).Select(d => (DateTimeOffset?)d).Min());

    public Task<IReadOnlyList<OutboxMessage>> Outbox(int lane, long after, int limit, CancellationToken cancellation) =>
        Try(() => Some(_outbox.Where(m => m.Position > after).Take(limit)));

    public Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) =>
        Some(!ForgetsIntents && _rows.TryGetValue(instance, out var row) ? row.Log.Where(r => r.Version >= fromVersion).Take(limit).Select(ReadsAs) : []);

    public Task<StoredKey?> FindKey(string @namespace, string workflow, string requestKey, CancellationToken cancellation) =>
        Task.FromResult(_keys.GetValueOrDefault((@namespace, workflow, requestKey)));

    public Task<IReadOnlyList<(string Workflow, int Version, string Operation)>> LiveOperations(CancellationToken cancellation) => Some(
        _rows.Values.Where(r => r.Status != Status.Ended).SelectMany(r => r.Stack.Values.Select(s => (r.First.Workflow, r.First.WorkflowVersion, s.Operation))).Distinct());

    public Task<IReadOnlyList<StoredPage>> PagesOwed(int skip, int limit, CancellationToken cancellation) => Some(_pages.AsEnumerable().Reverse().Where(p => p.DeliveredAt is null).Skip(skip).Take(limit));
    public Task Forget(int lane, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellation)
    {
        foreach (var message in messages) _outbox.RemoveAll(m => m.To == message.To && m.MessageId == message.MessageId);
        return Task.CompletedTask;
    }

    public Task PageTried(string key, bool delivered, string? error, DateTimeOffset at, CancellationToken cancellation) => Task.CompletedTask;

    public Task Close(CancellationToken cancellation)
    {
        if (CloseFault is { } fault) return Task.FromException(fault);
        _open = false;
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public IViews Views => this;
    /// <summary>How it lets go of what has ended.</summary>
    public IRetention? Retention { get; set; }
    /// <summary>Which instances it says were removed.</summary>
    public HashSet<InstanceId> RemovedOnes { get; } = [];
    /// <summary>How many instances it says have ended.</summary>
    public long Finished { get; set; }

    private static Task<IReadOnlyList<T>> Some<T>(IEnumerable<T> items) => Task.FromResult<IReadOnlyList<T>>([.. items]);

    public Task<InstanceRow?> Find(InstanceId instance, CancellationToken cancellation) => Task.FromResult(_rows.TryGetValue(instance, out var row) ? RowOf(instance, row) : null);
    public Task<bool> WasRemoved(InstanceId instance, CancellationToken cancellation) => ReadFault is { } fault ? Task.FromException<bool>(fault) : Task.FromResult(RemovedOnes.Contains(instance));
    public Task<InstanceRow?> FindByBusinessKey(string @namespace, string workflow, string businessKey, CancellationToken cancellation) =>
        Task.FromResult(_businessKeys.TryGetValue((@namespace, workflow, businessKey), out var id) ? RowOf(id, _rows[id]) : null);
    public Task<IReadOnlyList<InstanceRow>> List(InstanceFilter filter, InstanceId? below, int limit, CancellationToken cancellation) => Some(_rows.Select(r => RowOf(r.Key, r.Value)).Take(limit));
    public Task<IReadOnlyList<FeedRecord>> Feed(long after, int limit, CancellationToken cancellation) => Some<FeedRecord>([]);
    public Task<long> FeedEnd(CancellationToken cancellation) => Task.FromResult(_position);
    public Task<IReadOnlyList<OpenGate>> Gates(InstanceId? after, int limit, CancellationToken cancellation) => Some<OpenGate>([]);
    public Task<IReadOnlyList<StoredPage>> Pages(InstanceId? instance, int limit, CancellationToken cancellation) => Some(_pages);
    public Task<IReadOnlyList<Tally>> Tallies(CancellationToken cancellation) => Some<Tally>([new("any", 1, "END", Status.Ended, Finished), new("any", 1, "BEGIN", Status.Running, 1_000)]);
    public Task<Verification> Verify(InstanceId instance, (long Version, ReadOnlyMemory<byte> Hash)? knownHead, CancellationToken cancellation) =>
        Task.FromResult(new Verification(true, _rows[instance].Log.Count, null, null, _rows[instance].Log[^1].Hash));
}
