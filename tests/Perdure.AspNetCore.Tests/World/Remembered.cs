using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.AspNetCore.Tests;

/// <summary>A replica that has got no further than a moment: what was there of one instance.</summary>
internal sealed class Remembered : IStoreReads
{
    private StoredInstance _stored = null!;
    private IReadOnlyList<StoredRecord> _records = [];
    private IReadOnlyList<OpenGate> _gates = [];

    public TimeSpan? Staleness { get; set; }

    public static async Task<Remembered> Take(WatchedStore store, InstanceId instance) => new()
    {
        _stored = (await store.Load(instance, default))!, _records = await store.Records(instance, 1, 100, default), _gates = await store.Gates(null, 10, default),
    };

    private InstanceRow? Row(bool itIs) => itIs ? _stored.Row : null;

    public Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) => Task.FromResult(instance == _stored.Row.Id ? _stored : null);
    public Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<StoredRecord>>([.. _records.Where(r => r.Instance == instance && r.Version >= fromVersion).Take(limit)]);
    public Task<InstanceRow?> Find(InstanceId instance, CancellationToken cancellation) => Task.FromResult(Row(instance == _stored.Row.Id));
    public Task<InstanceRow?> FindByBusinessKey(string @namespace, string workflow, string businessKey, CancellationToken cancellation) => Task.FromResult(Row(businessKey == _stored.Row.BusinessKey));
    public Task<IReadOnlyList<InstanceRow>> List(InstanceFilter filter, InstanceId? below, int limit, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<InstanceRow>>([_stored.Row]);
    public Task<IReadOnlyList<OpenGate>> Gates(InstanceId? after, int limit, CancellationToken cancellation) => Task.FromResult(_gates);
    public Task<bool> WasRemoved(InstanceId instance, CancellationToken cancellation) => Task.FromResult(false);
}
