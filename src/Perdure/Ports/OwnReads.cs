using Perdure.Kernel;

namespace Perdure.Ports;

/// <summary>The reads of the store itself: of now.</summary>
/// <param name="store">The store.</param>
public sealed class OwnReads(IStore store) : IStoreReads
{
    /// <inheritdoc />
    public TimeSpan? Staleness => TimeSpan.Zero;

    /// <inheritdoc />
    public Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) => store.Load(instance, cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) => store.Records(instance, fromVersion, limit, cancellation);

    /// <inheritdoc />
    public Task<InstanceRow?> Find(InstanceId instance, CancellationToken cancellation) => store.Views.Find(instance, cancellation);

    /// <inheritdoc />
    public Task<InstanceRow?> FindByBusinessKey(string @namespace, string workflow, string businessKey, CancellationToken cancellation) =>
        store.Views.FindByBusinessKey(@namespace, workflow, businessKey, cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<InstanceRow>> List(InstanceFilter filter, InstanceId? below, int limit, CancellationToken cancellation) => store.Views.List(filter, below, limit, cancellation);

    /// <inheritdoc />
    public Task<IReadOnlyList<OpenGate>> Gates(InstanceId? after, int limit, CancellationToken cancellation) => store.Views.Gates(after, limit, cancellation);

    /// <inheritdoc />
    public Task<bool> WasRemoved(InstanceId instance, CancellationToken cancellation) => store.Views.WasRemoved(instance, cancellation);
}
