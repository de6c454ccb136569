using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>What the store or a replica of it gives, decoded, and with the live progress of what runs on this node where it is of now.</summary>
internal sealed class EngineReads(Node node, IStoreReads reads) : IReads
{
    public TimeSpan? Staleness => reads.Staleness;

    public async Task<InstanceView?> Get(InstanceId instance, CancellationToken cancellation)
    {
        if (!node.IsOpen) return null;
        if (await reads.Load(instance, cancellation).ConfigureAwait(false) is not { } stored) return null;
        // Progress is of now: beside an older state it would be told of other attempts than it is of.
        var running = reads.Staleness == TimeSpan.Zero && node.LaneOf(instance) is { } lane
            ? await node.Ask(lane, () => lane.ProgressOf(instance)).ConfigureAwait(false) : new Dictionary<int, Progress>();
        var absent = node.Registry.Find(stored.Row.Workflow, stored.Row.WorkflowVersion) is null
            ? $"No code is here for {stored.Row.Workflow} version {stored.Row.WorkflowVersion}." : null;
        return new(stored.Row, StoredHistory.Rebuild(stored), running, absent);
    }

    public async Task<IReadOnlyList<Record>> History(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) =>
        [.. (await reads.Records(instance, fromVersion, limit, cancellation).ConfigureAwait(false)).Select(StoredHistory.Decode)];

    public Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) => reads.Load(instance, cancellation);

    public Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) => reads.Records(instance, fromVersion, limit, cancellation);

    public Task<InstanceRow?> Find(InstanceId instance, CancellationToken cancellation) => reads.Find(instance, cancellation);

    public Task<InstanceRow?> FindByBusinessKey(string @namespace, string workflow, string businessKey, CancellationToken cancellation) =>
        reads.FindByBusinessKey(@namespace, workflow, businessKey, cancellation);

    public Task<IReadOnlyList<InstanceRow>> List(InstanceFilter filter, InstanceId? below, int limit, CancellationToken cancellation) => reads.List(filter, below, limit, cancellation);

    public Task<IReadOnlyList<OpenGate>> Gates(InstanceId? after, int limit, CancellationToken cancellation) => reads.Gates(after, limit, cancellation);

    public Task<bool> WasRemoved(InstanceId instance, CancellationToken cancellation) => reads.WasRemoved(instance, cancellation);
}
