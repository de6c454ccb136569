using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Simulation.Stressing;

/// <summary>A store, and who is told of each item once it is durable, before the runtime is.</summary>
internal sealed class ObservedStore(IStore store, Action<Item> durable) : IStore, ITransactions
{
    public ITransactions? Transactions => store.Transactions is null ? null : this;

    public bool IsExclusive => store.Transactions!.IsExclusive;

    public async Task<ITransaction> Begin(int lane, TimeSpan within, CancellationToken cancellation) => new Observed(await store.Transactions!.Begin(lane, within, cancellation).ConfigureAwait(false), durable);

    private sealed class Observed(ITransaction transaction, Action<Item> durable) : ITransaction
    {
        public StoreTransaction Store => transaction.Store;

        public async Task<TransactionAnswer> Commit(int lane, long epoch, Item item)
        {
            var answer = await transaction.Commit(lane, epoch, item).ConfigureAwait(false);
            if (answer is TransactionAnswer.Committed) durable(item);
            return answer;
        }

        public ValueTask DisposeAsync() => transaction.DisposeAsync();
    }

    public void Commit(Batch batch, Action<CommitAnswer> answered) => store.Commit(batch, answer =>
    {
        if (answer is CommitAnswer.Committed committed)
            for (var i = 0; i < committed.Items.Count; i++)
                if (committed.Items[i] is ItemAnswer.Committed) durable(batch.Items[i]);
        answered(answer);
    });

    public TimeProvider Clock => store.Clock;
    public IViews Views => store.Views;
    /// <summary>A stage measures what it is asked to, and removes nothing beside it.</summary>
    public IRetention? Retention => null;
    public Task<Ownership> Open(NodeIdentity node, CancellationToken cancellation) => store.Open(node, cancellation);
    public Task Register(MapDefinition map, CancellationToken cancellation) => store.Register(map, cancellation);
    public Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) => store.Load(instance, cancellation);
    public Task<IReadOnlyList<InstanceId>> Active(int lane, InstanceId after, int limit, CancellationToken cancellation) => store.Active(lane, after, limit, cancellation);
    public Task<IReadOnlyList<StoredTimer>> Timers(int lane, DateTimeOffset until, StoredTimer? after, int limit, CancellationToken cancellation) => store.Timers(lane, until, after, limit, cancellation);
    public Task<DateTimeOffset?> NextTimer(int lane, DateTimeOffset after, CancellationToken cancellation) => store.NextTimer(lane, after, cancellation);
    public Task<IReadOnlyList<OutboxMessage>> Outbox(int lane, long after, int limit, CancellationToken cancellation) => store.Outbox(lane, after, limit, cancellation);
    public Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) => store.Records(instance, fromVersion, limit, cancellation);
    public Task<StoredKey?> FindKey(string @namespace, string workflow, string requestKey, CancellationToken cancellation) => store.FindKey(@namespace, workflow, requestKey, cancellation);
    public Task<IReadOnlyList<(string Workflow, int Version, string Operation)>> LiveOperations(CancellationToken cancellation) => store.LiveOperations(cancellation);
    public Task<IReadOnlyList<StoredPage>> PagesOwed(int skip, int limit, CancellationToken cancellation) => store.PagesOwed(skip, limit, cancellation);
    public Task Forget(int lane, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellation) => store.Forget(lane, messages, cancellation);
    public bool IsDivided => store.IsDivided;
    public Task PageTried(string key, bool delivered, string? error, DateTimeOffset at, CancellationToken cancellation) => store.PageTried(key, delivered, error, at, cancellation);
    public bool IsShared => store.IsShared;
    public void Attach(ILaneOwner owner) => store.Attach(owner);
    public bool Holds(int lane) => store.Holds(lane);
    public void GivenUp(LaneLease lane) => store.GivenUp(lane);
    public void Leave() => store.Leave();
    public Task<StartPlace>? Place(StartKeys keys, CancellationToken cancellation) => store.Place(keys, cancellation);
    public TimeProvider ClockOf(int lane) => store.ClockOf(lane);
    public IStoreReads? Stale() => store.Stale();

    public IReadOnlyList<string> Problems => store.Problems;
    public Task<ReadOnlyMemory<byte>?> Send(InstanceId to, string key, ReadOnlyMemory<byte> body, CancellationToken cancellation) => store.Send(to, key, body, cancellation);
    public Task<IReadOnlyList<InboxMessage>> Inbox(int lane, int limit, CancellationToken cancellation) => store.Inbox(lane, limit, cancellation);
    public Task Answer(long position, ReadOnlyMemory<byte> answer, bool final, CancellationToken cancellation) => store.Answer(position, answer, final, cancellation);
    public Task Close(CancellationToken cancellation) => store.Close(cancellation);
    public ValueTask DisposeAsync() => store.DisposeAsync();
}
