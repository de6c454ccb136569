using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>A store that is gone from one moment on, as by a power cut: what was written before stays, nothing that comes later is answered, and nobody is told.</summary>
/// <param name="store">The store.</param>
/// <param name="meets">Told of each write, and whether it has been carried out: true where that was the moment.</param>
/// <param name="dies">Whether it is gone then; else the moment is told, and all goes on.</param>
internal sealed class MortalStore(ShardedStore store, Func<string, bool, bool> meets, bool dies = true) : IStore
{
    private readonly TaskCompletionSource _met = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The moment has come.</summary>
    public Task Met => _met.Task;

    private bool Gone => dies && _met.Task.IsCompleted;

    private bool IsDead(string what, bool done)
    {
        if (!_met.Task.IsCompleted && meets(what, done)) _met.TrySetResult();
        return Gone;
    }

    private static Task<T> Never<T>() => new TaskCompletionSource<T>().Task;

    private async Task<T> Written<T>(string what, Func<Task<T>> write)
    {
        if (IsDead(what, false)) return await Never<T>();
        var answer = await write();
        return IsDead(what, true) ? await Never<T>() : answer;
    }

    private async Task Written(string what, Func<Task> write) => await Written(what, async () =>
    {
        await write();
        return true;
    });

    private Task<T> Asked<T>(Func<Task<T>> read) => Gone ? Never<T>() : read();

    public void Commit(Batch batch, Action<CommitAnswer> answered)
    {
        // Turns of no family are not what this is about.
        var what = string.Join(' ', batch.Items.Select(i => $"{i.Workflow}{(i.Start is null ? "" : " starts")}{(i.StatusAfter == Status.Ended ? " ends" : "")}"));
        if (IsDead(what, false)) return;
        store.Commit(batch, answer =>
        {
            if (!IsDead(what, true)) answered(answer);
        });
    }

    public Task<ReadOnlyMemory<byte>?> Send(InstanceId to, string key, ReadOnlyMemory<byte> body, CancellationToken cancellation) => Written("send", () => store.Send(to, key, body, cancellation));
    public Task Answer(long position, ReadOnlyMemory<byte> answer, bool final, CancellationToken cancellation) => Written("answer", () => store.Answer(position, answer, final, cancellation));
    public Task Forget(int lane, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellation) => Written("forget", () => store.Forget(lane, messages, cancellation));

    public Task<Ports.Ownership> Open(NodeIdentity node, CancellationToken cancellation) => store.Open(node, cancellation);
    public Task Register(MapDefinition map, CancellationToken cancellation) => store.Register(map, cancellation);
    public void Attach(ILaneOwner owner) => store.Attach(owner);
    public void GivenUp(LaneLease lane) => store.GivenUp(lane);
    public bool Holds(int lane) => !Gone && store.Holds(lane);
    public bool IsShared => true;
    public bool IsDivided => true;
    public Task<StartPlace>? Place(StartKeys keys, CancellationToken cancellation) => Asked(() => store.Place(keys, cancellation));
    public TimeProvider Clock => store.Clock;
    public TimeProvider ClockOf(int lane) => store.ClockOf(lane);
    public IViews Views => store.Views;
    public Task<IReadOnlyList<InboxMessage>> Inbox(int lane, int limit, CancellationToken cancellation) => Asked(() => store.Inbox(lane, limit, cancellation));
    public Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) => Asked(() => store.Load(instance, cancellation));
    public Task<IReadOnlyList<InstanceId>> Active(int lane, InstanceId after, int limit, CancellationToken cancellation) => Asked(() => store.Active(lane, after, limit, cancellation));
    public Task<IReadOnlyList<StoredTimer>> Timers(int lane, DateTimeOffset until, StoredTimer? after, int limit, CancellationToken cancellation) => Asked(() => store.Timers(lane, until, after, limit, cancellation));
    public Task<DateTimeOffset?> NextTimer(int lane, DateTimeOffset after, CancellationToken cancellation) => Asked(() => store.NextTimer(lane, after, cancellation));
    public Task<IReadOnlyList<OutboxMessage>> Outbox(int lane, long after, int limit, CancellationToken cancellation) => Asked(() => store.Outbox(lane, after, limit, cancellation));
    public Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) => Asked(() => store.Records(instance, fromVersion, limit, cancellation));
    public Task<StoredKey?> FindKey(string @namespace, string workflow, string requestKey, CancellationToken cancellation) => Asked(() => store.FindKey(@namespace, workflow, requestKey, cancellation));
    public Task<IReadOnlyList<(string Workflow, int Version, string Operation)>> LiveOperations(CancellationToken cancellation) => Asked(() => store.LiveOperations(cancellation));
    public Task<IReadOnlyList<StoredPage>> PagesOwed(int skip, int limit, CancellationToken cancellation) => Asked(() => store.PagesOwed(skip, limit, cancellation));
    public Task PageTried(string key, bool delivered, string? error, DateTimeOffset at, CancellationToken cancellation) => Written("page", () => store.PageTried(key, delivered, error, at, cancellation));
    public Task Close(CancellationToken cancellation) => Gone ? Task.CompletedTask : store.Close(cancellation);
    public ValueTask DisposeAsync() => store.DisposeAsync();
}
