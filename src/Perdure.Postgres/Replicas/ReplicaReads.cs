using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Reading;

namespace Perdure.Postgres.Replicas;

/// <summary>
/// The reads of one answer, from the replica. Once one of them could not be served there, it and all that follow come from the primary, so that no part of an answer is older than what was read before it.
/// </summary>
internal sealed class ReplicaReads : IStoreReads
{
    private readonly Replica _replica;
    private readonly IStoreReads _primary;
    private readonly Age _age;
    private readonly Recovery _recovery;
    private readonly PostgresViews _views;
    private volatile bool _left;

    public ReplicaReads(Replica replica, IStoreReads primary, TimeProvider time, int own)
    {
        (_replica, _primary, _age) = (replica, primary, new(time));
        var readers = replica.Readers(_age);
        (_recovery, _views) = (new(readers), new(readers, own));
    }

    public TimeSpan? Staleness => _age.Now;

    public Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) => Read(() => _recovery.Load(instance, cancellation), () => _primary.Load(instance, cancellation));

    public Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) =>
        Read(() => _recovery.Records(instance, fromVersion, limit, cancellation), () => _primary.Records(instance, fromVersion, limit, cancellation));

    public Task<InstanceRow?> Find(InstanceId instance, CancellationToken cancellation) => Read(() => _views.Find(instance, cancellation), () => _primary.Find(instance, cancellation));

    public Task<InstanceRow?> FindByBusinessKey(string @namespace, string workflow, string businessKey, CancellationToken cancellation) =>
        Read(() => _views.FindByBusinessKey(@namespace, workflow, businessKey, cancellation), () => _primary.FindByBusinessKey(@namespace, workflow, businessKey, cancellation));

    public Task<IReadOnlyList<InstanceRow>> List(InstanceFilter filter, InstanceId? below, int limit, CancellationToken cancellation) =>
        Read(() => _views.List(filter, below, limit, cancellation), () => _primary.List(filter, below, limit, cancellation));

    public Task<IReadOnlyList<OpenGate>> Gates(InstanceId? after, int limit, CancellationToken cancellation) =>
        Read(() => _views.Gates(after, limit, cancellation), () => _primary.Gates(after, limit, cancellation));

    public Task<bool> WasRemoved(InstanceId instance, CancellationToken cancellation) => Read(() => _views.WasRemoved(instance, cancellation), () => _primary.WasRemoved(instance, cancellation));

    private async Task<T> Read<T>(Func<Task<T>> there, Func<Task<T>> here)
    {
        if (_left || !_replica.MayTry())
        {
            _left = true;
            return await here().ConfigureAwait(false);
        }
        try
        {
            var read = await there().ConfigureAwait(false);
            _replica.Served();
            return read;
        }
        // What asks for too much would hold up the primary too; what the store being closed means is the same there.
        catch (StoreException fault) when (fault.Code is not ("store.read-timeout" or "store.closed"))
        {
            _replica.Failed(fault);
            _left = true;
            return await here().ConfigureAwait(false);
        }
    }
}
