using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Tests;

/// <summary>What several nodes share: rows, the epochs of the lanes, and the inbox.</summary>
internal sealed class SharedDatabase
{
    public const int Lanes = 4;

    private readonly NodeIdentity _inner = new("inner", 1, "inner");

    public SharedDatabase() => InnerEpoch = Rows.Open(_inner, default).Result.Lanes[0].Epoch;

    public MemoryStore Rows { get; } = new();
    public long InnerEpoch { get; }
    public long[] Epochs { get; } = new long[Lanes];
    public List<Kept> Inbox { get; } = [];

    internal sealed class Kept(InboxMessage message)
    {
        public InboxMessage Message => message;
        public TaskCompletionSource<ReadOnlyMemory<byte>?> Answer { get; } = new();
        /// <summary>The same key again is the same command: not answered yet, or for good.</summary>
        public bool Stands { get; set; } = true;
    }
}

/// <summary>The shared database, as one node has it. Who owns which lane is what the test says.</summary>
internal sealed class SharedStore(SharedDatabase database, params int[] lanes) : IStore
{
    public ILaneOwner? Owner { get; private set; }
    public bool Proves { get; set; } = true;

    /// <summary>What is answered instead of writing; null writes.</summary>
    public Func<Batch, CommitAnswer?> Instead { get; set; } = _ => null;

    /// <summary>Whether commits wait until they are let go.</summary>
    public Queue<Action>? Held { get; set; }

    /// <summary>Whether it waits for answers at all.</summary>
    public bool Patience { get; set; } = true;

    /// <summary>Where what has a key of its own is at home; null where that is anywhere.</summary>
    public Func<StartKeys, StartPlace>? Home { get; set; }

    /// <summary>What becomes of a command on its way to another node.</summary>
    public Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> Way { get; set; } = body => body;

    Task<StartPlace>? IStore.Place(StartKeys keys, CancellationToken cancellation) => Home is { } home ? Task.FromResult(home(keys)) : null;

    public List<LaneLease> GivenUp { get; } = [];

    void IStore.GivenUp(LaneLease lane) => GivenUp.Add(lane);

    public bool IsShared => true;
    public TimeProvider Clock => database.Rows.Clock;
    public IViews Views => database.Rows;
    public IRetention? Retention => database.Rows.Retention;

    public Task<Ownership> Open(NodeIdentity node, CancellationToken cancellation) => Task.FromResult(new Ownership([.. lanes.Select(Take)], false));

    private LaneLease Take(int lane) => new(lane, SharedDatabase.Lanes, ++database.Epochs[lane]) { Before = new(false, null) };

    /// <summary>The node gets a lane.</summary>
    public void Gain(int lane, bool unclean = false, DateTimeOffset? since = null) =>
        Owner!.Gained(new([new(lane, SharedDatabase.Lanes, ++database.Epochs[lane])], unclean, Before: since));

    public void Attach(ILaneOwner owner) => Owner = owner;

    public bool Holds(int lane) => Proves;

    public Task Register(MapDefinition map, CancellationToken cancellation) => Task.CompletedTask;

    public void Commit(Batch batch, Action<CommitAnswer> answered)
    {
        if (Held is { } held) held.Enqueue(() => Write(batch, answered));
        else Write(batch, answered);
    }

    private void Write(Batch batch, Action<CommitAnswer> answered)
    {
        if (Instead(batch) is { } answer) answered(answer);
        else if (database.Epochs[batch.Lane] != batch.Epoch) answered(new CommitAnswer.Fenced(database.Epochs[batch.Lane]));
        else database.Rows.Commit(batch with { Epoch = database.InnerEpoch }, answered);
    }

    private static bool Of(int lane, InstanceId instance) => instance.Slot % SharedDatabase.Lanes == lane;

    public Task<ReadOnlyMemory<byte>?> Send(InstanceId to, string key, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        if (database.Inbox.Find(k => k.Message.To == to && k.Message.Key == key && k.Stands) is not { } kept)
            database.Inbox.Add(kept = new(new(database.Inbox.Count + 1, to, key, Way(body))));
        return Patience ? kept.Answer.Task : Task.FromResult<ReadOnlyMemory<byte>?>(null);
    }

    public Task<IReadOnlyList<InboxMessage>> Inbox(int lane, int limit, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<InboxMessage>>(
        [.. database.Inbox.Where(k => Of(lane, k.Message.To) && !k.Answer.Task.IsCompleted).Select(k => k.Message).Take(limit)]);

    public Task Answer(long position, ReadOnlyMemory<byte> answer, bool final, CancellationToken cancellation)
    {
        database.Inbox[(int)position - 1].Stands = final;
        database.Inbox[(int)position - 1].Answer.TrySetResult(answer);
        return Task.CompletedTask;
    }

    public Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) => database.Rows.Load(instance, cancellation);

    public async Task<IReadOnlyList<InstanceId>> Active(int lane, InstanceId after, int limit, CancellationToken cancellation) =>
        [.. (await database.Rows.Active(lane, after, int.MaxValue, cancellation)).Where(id => Of(lane, id)).Take(limit)];

    public async Task<IReadOnlyList<StoredTimer>> Timers(int lane, DateTimeOffset until, StoredTimer? after, int limit, CancellationToken cancellation) =>
        [.. (await database.Rows.Timers(lane, until, after, int.MaxValue, cancellation)).Where(t => Of(lane, t.Instance)).Take(limit)];

    public Task<DateTimeOffset?> NextTimer(int lane, DateTimeOffset after, CancellationToken cancellation) => database.Rows.NextTimer(lane, after, cancellation);

    public async Task<IReadOnlyList<OutboxMessage>> Outbox(int lane, long after, int limit, CancellationToken cancellation) =>
        [.. (await database.Rows.Outbox(lane, after, int.MaxValue, cancellation)).Where(m => Of(lane, m.To)).Take(limit)];

    public Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) => database.Rows.Records(instance, fromVersion, limit, cancellation);
    public Task<StoredKey?> FindKey(string @namespace, string workflow, string requestKey, CancellationToken cancellation) => database.Rows.FindKey(@namespace, workflow, requestKey, cancellation);
    public Task<IReadOnlyList<(string Workflow, int Version, string Operation)>> LiveOperations(CancellationToken cancellation) => database.Rows.LiveOperations(cancellation);
    public Task<IReadOnlyList<StoredPage>> PagesOwed(int skip, int limit, CancellationToken cancellation) => database.Rows.PagesOwed(skip, limit, cancellation);
    public Task Forget(int lane, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellation) => database.Rows.Forget(lane, messages, cancellation);
    public Task PageTried(string key, bool delivered, string? error, DateTimeOffset at, CancellationToken cancellation) => database.Rows.PageTried(key, delivered, error, at, cancellation);

    /// <summary>Lanes that have passed on since the node said that it leaves.</summary>
    public List<int> PassedOn { get; } = [];

    /// <summary>What comes about as the node says that it leaves.</summary>
    public Action? Leaving { get; set; }

    public void Leave()
    {
        Leaving?.Invoke();
        foreach (var lane in lanes) Owner!.HandOver(lane).ContinueWith(_ => PassedOn.Add(lane), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public Task Close(CancellationToken cancellation) => Task.CompletedTask;
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
