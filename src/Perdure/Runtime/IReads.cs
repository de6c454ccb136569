using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure;

/// <summary>Reads for people, as <see cref="IPerdure.Reads"/> gives them for one answer; instances and histories decoded too.</summary>
public interface IReads : IStoreReads
{
    /// <summary>One instance as it is durable, or was at the replica; null where there is none. Live progress is there only where it was read from the store itself.</summary>
    Task<InstanceView?> Get(InstanceId instance, CancellationToken cancellation = default);

    /// <summary>The events of one instance from a version on, decoded.</summary>
    Task<IReadOnlyList<Record>> History(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation = default);
}
