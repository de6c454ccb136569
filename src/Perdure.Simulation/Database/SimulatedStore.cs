using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Simulation.Time;

namespace Perdure.Simulation.Database;

/// <summary>
/// A node's connection to the simulated database. It writes a lane's batches one after the other, each in one transaction under the lane's fence, and resolves a commit of
/// which it does not know by a write under the same fence.
/// </summary>
/// <param name="database">The server.</param>
/// <param name="link">The way there.</param>
/// <param name="lane">Which of the lanes this node owns, where it owns one for ever.</param>
/// <param name="lanes">How many lanes there are.</param>
internal sealed partial class SimulatedStore(SimulatedDatabase database, Link link, int lane, int lanes) : IStore, IRetention
{
    private const int Resolves = 20;

    private readonly Queue<(Batch Batch, Action<CommitAnswer> Answered)> _commits = new();
    private readonly HashSet<(int Lane, long Epoch)> _fenced = [], _wrote = [];
    private long _epoch, _sent;
    private bool _closed, _writing;

    /// <summary>Whether the epoch of a lease is still the one that holds its lane.</summary>
    public bool Owns(LaneLease lease) => database.Tables.FenceOf(lease.Lane) is { } fence && fence.Epoch == lease.Epoch;

    /// <summary>Whether a batch of a lane under that epoch waits for its answer.</summary>
    public bool IsUnderWay(int of, long epoch) => _ends.Contains((of, epoch)) || _commits.Any(c => c.Batch.Lane == of && c.Batch.Epoch == epoch);

    /// <summary>Whether this life has sent a batch of a lane under that epoch.</summary>
    public bool Wrote(int of, long epoch) => _wrote.Contains((of, epoch));

    /// <inheritdoc />
    public TimeProvider Clock => link.Clock;

    /// <inheritdoc />
    public IViews Views => new SimulatedViews(this);

    /// <inheritdoc />
    public IRetention Retention => this;

    Task<Removal> IRetention.Remove(DateTimeOffset endedBefore, InstanceId after, int limit, CancellationToken cancellation) =>
        Write("remove", tables => tables.Remove(endedBefore, after, limit));

    Task<int> IRetention.RemoveKeys(DateTimeOffset madeBefore, int limit, CancellationToken cancellation) => Write("remove-keys", tables => tables.RemoveKeys(madeBefore, limit));

    /// <inheritdoc />
    public Task<Ownership> Open(NodeIdentity node, CancellationToken cancellation) => IsShared ? Join(node) : Open(node, database.Now);

    private Task<Ownership> Open(NodeIdentity node, DateTimeOffset at) => Write("open", tables =>
    {
        var before = tables.FenceOf(lane);
        var fence = tables.Take(lane, node, at);
        _epoch = fence.Epoch;
        var newest = tables.Instances.Keys.Where(id => Mine(id, lane)).Append(tables.NewestRemoved).Max();
        return new Ownership([new(lane, lanes, fence.Epoch)], before is { Clean: false }, newest, before?.Since);
    }, taken => database.Opened?.Invoke(lane, taken.Lanes[0].Epoch));

    /// <inheritdoc />
    public Task Register(MapDefinition map, CancellationToken cancellation) => Write("register", tables =>
    {
        try
        {
            tables.Register(map);
            return null;
        }
        catch (MapChangedException e)
        {
            return e;
        }
    }).ContinueWith(t => t.Result is { } changed ? Task.FromException(changed) : Task.CompletedTask,
        CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Unwrap();

    /// <inheritdoc />
    public void Commit(Batch batch, Action<CommitAnswer> answered)
    {
        if (_fenced.Contains((batch.Lane, batch.Epoch))) database.WentOn?.Invoke(batch.Lane, batch.Epoch);
        database.Given?.Invoke(batch.Lane, batch.Epoch);
        _wrote.Add((batch.Lane, batch.Epoch));
        _commits.Enqueue((batch, answered));
        Next();
    }

    private void Next()
    {
        while (!_writing && _commits.TryPeek(out var commit))
        {
            _writing = true;
            if (_closed) Answer(new CommitAnswer.Failed(Closed()));
            else Send(commit.Batch);
        }
    }

    private void Send(Batch batch)
    {
        var marker = ++_sent;
        link.Send<CommitAnswer>(
            $"commit {batch.Lane}/{batch.Epoch}/{marker}", writes: true,
            (durable, lost) => database.Write(tables => Transaction(tables, batch, marker), durable, lost, batch),
            Answer,
            (failure, reason) =>
            {
                if (failure == LinkFailure.NotDone) Answer(new CommitAnswer.Failed(reason));
                else Resolve(batch, marker, reason, 1);
            });
    }

    private static CommitAnswer Transaction(Tables tables, Batch batch, long marker)
    {
        // One that was resolved meanwhile has come too late: it must not be written any more.
        if (tables.FenceOf(batch.Lane) is { } fence && fence.Epoch == batch.Epoch && fence.Closed >= marker) return new CommitAnswer.Failed(new("store.late", "The batch came too late."));
        if (!tables.Mark(batch.Lane, batch.Epoch, marker)) return new CommitAnswer.Fenced(tables.FenceOf(batch.Lane)?.Epoch ?? 0);
        var answers = new ItemAnswer[batch.Items.Count];
        HashSet<InstanceId> left = [];
        for (var i = 0; i < answers.Length; i++)
        {
            var item = batch.Items[i];
            answers[i] = left.Contains(item.Instance) ? ItemAnswer.Skipped.Item : tables.Write(item);
            if (answers[i] is not ItemAnswer.Committed) left.Add(item.Instance);
        }
        return new CommitAnswer.Committed(answers);
    }

    // A look would not do: the lost transaction may still be on its way. A write under the same fence comes after it, or before it and makes its marker old.
    private void Resolve(Batch batch, long marker, StoreException reason, int tries) => link.Send<CommitAnswer>(
        $"resolve {batch.Lane}/{batch.Epoch}/{marker}", writes: true,
        (durable, lost) => database.Write(tables => Resolution(tables, batch, marker, reason), durable, lost),
        Answer,
        (_, again) =>
        {
            if (tries < Resolves && !_closed) Resolve(batch, marker, again, tries + 1);
            else Answer(new CommitAnswer.Unknown(again));
        });

    private static CommitAnswer Resolution(Tables tables, Batch batch, long marker, StoreException reason)
    {
        if (tables.FenceOf(batch.Lane) is not { } fence || fence.Epoch != batch.Epoch) return new CommitAnswer.Fenced(tables.FenceOf(batch.Lane)?.Epoch ?? 0);
        // Beside the marker of what was written: the answer of this may be lost too, and the next must not take it for the batch.
        tables.Close(batch.Lane, fence, marker);
        if (fence.Marker < marker) return new CommitAnswer.Failed(reason);
        HashSet<InstanceId> left = [];
        return new CommitAnswer.Committed([.. batch.Items.Select(item =>
        {
            if (left.Contains(item.Instance)) return ItemAnswer.Skipped.Item;
            if (tables.Find(item.Instance) is { } record && record.Log.Count >= item.Version && record.Log[(int)item.Version - 1] is var stored && stored.Hash.Span.SequenceEqual(item.Hash.Span))
                return new ItemAnswer.Committed(stored.Position);
            left.Add(item.Instance);
            return tables.Against(item) ?? new ItemAnswer.Refused("It was refused when it was written.");
        })]);
    }

    private void Answer(CommitAnswer answer)
    {
        var (batch, answered) = _commits.Dequeue();
        if (answer is CommitAnswer.Fenced fenced)
        {
            _fenced.Add((batch.Lane, batch.Epoch));
            Keeper?.Fenced(batch.Lane, fenced.Epoch);
        }
        _writing = false;
        try
        {
            answered(answer);
        }
        catch (Exception e)
        {
            // The receiver's own fault must not end the writer; a real store logs it.
            ReceiverFailed?.Invoke(e);
        }
        Next();
    }

    /// <summary>Told when a receiver of an answer throws.</summary>
    public Action<Exception>? ReceiverFailed { get; set; }

    /// <inheritdoc />
    public Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) => Read("load", tables =>
    {
        if (tables.Find(instance) is not { } record) return null;
        return new StoredInstance(record.Row(instance), record.Log[0], record.Log[record.Checkpoint], [.. record.Log.Skip(record.Checkpoint + 1)],
            [.. record.Stack.Values], [.. record.Messages.Order(StringComparer.Ordinal)]);
    });

    /// <inheritdoc />
    public Task<IReadOnlyList<InstanceId>> Active(int of, InstanceId after, int limit, CancellationToken cancellation) => Read<IReadOnlyList<InstanceId>>("active", tables =>
        [.. tables.Instances.Where(i => i.Key.CompareTo(after) > 0 && Mine(i.Key, of) && i.Value.Status is Status.Running or Status.Compensating).Select(i => i.Key).Take(limit)]);

    /// <inheritdoc />
    public Task<IReadOnlyList<StoredTimer>> Timers(int of, DateTimeOffset until, StoredTimer? after, int limit, CancellationToken cancellation) =>
        Read<IReadOnlyList<StoredTimer>>("timers", tables =>
            [.. tables.TimersBehind(after).TakeWhile(t => t.Due <= until).Where(t => Mine(t.Instance, of)).Take(limit)]);

    /// <inheritdoc />
    public Task<DateTimeOffset?> NextTimer(int of, DateTimeOffset after, CancellationToken cancellation) => Read("next-timer", tables =>
        tables.TimersBehind(null).Where(t => t.Due > after && Mine(t.Instance, of)).Select(t => (DateTimeOffset?)t.Due).FirstOrDefault());

    /// <inheritdoc />
    public Task<IReadOnlyList<OutboxMessage>> Outbox(int of, long after, int limit, CancellationToken cancellation) => Read<IReadOnlyList<OutboxMessage>>("outbox", tables =>
        [.. tables.Outbox.Where(m => m.Position > after && Mine(m.To, of)).Take(limit)]);

    /// <inheritdoc />
    public Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) => Read<IReadOnlyList<StoredRecord>>("records", tables =>
        tables.Find(instance) is { } record ? [.. record.Log.Skip((int)Math.Max(0, fromVersion - 1)).Take(limit)] : []);

    /// <inheritdoc />
    public Task<StoredKey?> FindKey(string @namespace, string workflow, string requestKey, CancellationToken cancellation) => Read("find-key", tables => tables.FindKey(@namespace, workflow, requestKey));

    /// <inheritdoc />
    public Task<IReadOnlyList<(string Workflow, int Version, string Operation)>> LiveOperations(CancellationToken cancellation) =>
        Read<IReadOnlyList<(string, int, string)>>("live-operations", tables =>
            [.. tables.Instances.Values.Where(r => r.Stack.Count > 0).SelectMany(r => r.Stack.Values.Select(s => (r.First.Workflow, r.First.WorkflowVersion, s.Operation))).Distinct().Order()]);

    /// <inheritdoc />
    public Task<IReadOnlyList<StoredPage>> PagesOwed(int skip, int limit, CancellationToken cancellation) => Read<IReadOnlyList<StoredPage>>("pages-owed", tables =>
        [.. tables.Pages.Reverse().Where(p => p.DeliveredAt is null).Skip(skip).Take(limit)]);

    /// <inheritdoc />
    public Task Forget(int of, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellation) => Write("forget", tables =>
    {
        foreach (var message in messages) tables.Arrived(message.To, message.MessageId);
        return true;
    });

    /// <inheritdoc />
    public Task PageTried(string key, bool delivered, string? error, DateTimeOffset at, CancellationToken cancellation) => Write("page-tried", tables =>
    {
        tables.PageTried(key, delivered, error, at);
        return true;
    });

    /// <inheritdoc />
    public Task Close(CancellationToken cancellation)
    {
        if (Keeper is not null) return CloseShared();
        var epoch = _epoch;
        return Write("close", tables =>
        {
            tables.GiveBack(lane, epoch);
            return true;
        });
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        _closed = true;
        return ValueTask.CompletedTask;
    }

    /// <summary>Reads what is durable.</summary>
    internal Task<T> Read<T>(string what, Func<Tables, T> read)
    {
        var done = new TaskCompletionSource<T>();
        if (_closed) done.SetException(Closed());
        else link.Send<T>(what, writes: false, (durable, lost) => database.Read(read, durable, lost), done.SetResult, (_, reason) => done.SetException(reason));
        return done.Task;
    }

    private Task<T> Write<T>(string what, Func<Tables, T> transaction, Action<T>? written = null)
    {
        var done = new TaskCompletionSource<T>();
        if (_closed) done.SetException(Closed());
        else link.Send<T>(what, writes: true, (durable, lost) => database.Write(transaction, written + durable, lost), done.SetResult, (_, reason) => done.SetException(reason));
        return done.Task;
    }

    private bool Mine(InstanceId id, int of) => id.Slot % lanes == of;

    private static StoreException Closed() => new("store.closed", "The store is closed.");
}
