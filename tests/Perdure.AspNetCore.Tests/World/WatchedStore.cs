using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.AspNetCore.Tests;

/// <summary>A store that can go away, and that says when a page was delivered or was not.</summary>
internal sealed class WatchedStore(IStore inner) : IStore, IViews
{
    public bool Away { get; set; }

    /// <summary>Why it refuses every batch with a start; null where it takes them.</summary>
    public string? RefusesStarts { get; set; }

    public IReadOnlyList<string> Problems { get; set; } = [];

    /// <summary>What every read of the feed waits for; null where none has to.</summary>
    public TaskCompletionSource? FeedHeld { get; set; }
    public TaskCompletionSource PageDelivered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    public TaskCompletionSource PageNotDelivered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private IViews Inner => Away ? throw new StoreException("store.unavailable", "The store is away.") : inner.Views;

    public IViews Views => this;

    /// <summary>What a replica gives; null where there is none.</summary>
    public IStoreReads? Replica { get; set; }

    public IStoreReads? Stale() => Replica;

    public IRetention? Retention => inner.Retention;

    public TimeProvider Clock => inner.Clock;

    public async Task PageTried(string key, bool delivered, string? error, DateTimeOffset at, CancellationToken cancellation)
    {
        await inner.PageTried(key, delivered, error, at, cancellation);
        (delivered ? PageDelivered : PageNotDelivered).TrySetResult();
    }

    public Task<Ownership> Open(NodeIdentity node, CancellationToken cancellation) => inner.Open(node, cancellation);
    public Task Register(MapDefinition map, CancellationToken cancellation) => inner.Register(map, cancellation);
    public void Commit(Batch batch, Action<CommitAnswer> answered)
    {
        if (RefusesStarts is { } why && batch.Items.Any(item => item.Start is not null)) answered(new CommitAnswer.Committed([.. batch.Items.Select(_ => new ItemAnswer.Refused(why))]));
        else inner.Commit(batch, answered);
    }

    /// <summary>Whether what is read of instances was written by a newer build.</summary>
    public bool IsNewer { get; set; }

    public async Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) =>
        await inner.Load(instance, cancellation) is { } stored ? IsNewer ? stored with { First = stored.First with { Body = """[{"type":"what.only-a-later-build-knows"}]"""u8.ToArray() } } : stored : null;
    public Task<IReadOnlyList<InstanceId>> Active(int lane, InstanceId after, int limit, CancellationToken cancellation) => inner.Active(lane, after, limit, cancellation);
    public Task<IReadOnlyList<StoredTimer>> Timers(int lane, DateTimeOffset until, StoredTimer? after, int limit, CancellationToken cancellation) => inner.Timers(lane, until, after, limit, cancellation);
    public Task<DateTimeOffset?> NextTimer(int lane, DateTimeOffset after, CancellationToken cancellation) => inner.NextTimer(lane, after, cancellation);
    public Task Forget(int lane, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellation) => inner.Forget(lane, messages, cancellation);
    public Task<IReadOnlyList<OutboxMessage>> Outbox(int lane, long after, int limit, CancellationToken cancellation) => inner.Outbox(lane, after, limit, cancellation);
    public Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) => inner.Records(instance, fromVersion, limit, cancellation);
    public Task<StoredKey?> FindKey(string @namespace, string workflow, string requestKey, CancellationToken cancellation) => inner.FindKey(@namespace, workflow, requestKey, cancellation);
    public Task<IReadOnlyList<(string Workflow, int Version, string Operation)>> LiveOperations(CancellationToken cancellation) => inner.LiveOperations(cancellation);
    public Task<IReadOnlyList<StoredPage>> PagesOwed(int skip, int limit, CancellationToken cancellation) => inner.PagesOwed(skip, limit, cancellation);
    public Task Erase(InstanceId instance) => ((Sqlite.SqliteStore)inner).Erase(instance);
    public Task Close(CancellationToken cancellation) => inner.Close(cancellation);
    public ValueTask DisposeAsync() => inner.DisposeAsync();

    public Task<InstanceRow?> Find(InstanceId instance, CancellationToken cancellation) => Inner.Find(instance, cancellation);
    public Task<InstanceRow?> FindByBusinessKey(string @namespace, string workflow, string businessKey, CancellationToken cancellation) => Inner.FindByBusinessKey(@namespace, workflow, businessKey, cancellation);
    public Task<IReadOnlyList<InstanceRow>> List(InstanceFilter filter, InstanceId? below, int limit, CancellationToken cancellation) => Inner.List(filter, below, limit, cancellation);
    public async Task<IReadOnlyList<FeedRecord>> Feed(long after, int limit, CancellationToken cancellation)
    {
        if (FeedHeld is { } held) await held.Task.WaitAsync(cancellation);
        return await Inner.Feed(after, limit, cancellation);
    }

    public Task<long> FeedEnd(CancellationToken cancellation) => Inner.FeedEnd(cancellation);
    public Task<long> FeedBegin(CancellationToken cancellation) => Inner.FeedBegin(cancellation);
    public Task<bool> WasRemoved(InstanceId instance, CancellationToken cancellation) => Inner.WasRemoved(instance, cancellation);
    public Task<IReadOnlyList<OpenGate>> Gates(InstanceId? after, int limit, CancellationToken cancellation) => Inner.Gates(after, limit, cancellation);
    public Task<IReadOnlyList<StoredPage>> Pages(InstanceId? instance, int limit, CancellationToken cancellation) => Inner.Pages(instance, limit, cancellation);
    public Task<IReadOnlyList<Tally>> Tallies(CancellationToken cancellation) => Inner.Tallies(cancellation);
    public Task<Verification> Verify(InstanceId instance, (long Version, ReadOnlyMemory<byte> Hash)? knownHead, CancellationToken cancellation) => Inner.Verify(instance, knownHead, cancellation);
}
