using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure;

/// <summary>Reads for people, as <see cref="IPerdure.Reads"/> gives them for one answer; instances and histories decoded too.</summary>
public interface IReads : IStoreReads
{
    /// <summary>One instance as it is durable, or was at the replica; null where there is none. Live progress is there only where it was read from the store itself.</summary>
    /// <exception cref="InstanceErasedException">It has ended, and what it said was erased.</exception>
    /// <exception cref="HistoryFormatException">This build cannot read its records: a newer one wrote them, or they are damaged.</exception>
    Task<InstanceView?> Get(InstanceId instance, CancellationToken cancellation = default);

    /// <inheritdoc cref="IPerdure.History" />
    Task<IReadOnlyList<Record>> History(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation = default);
}
