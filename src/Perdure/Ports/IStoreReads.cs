using Perdure.Kernel;

namespace Perdure.Ports;

/// <summary>
/// Reads for people, from one place: the store itself, or a replica of it that may be behind. Each read is limited in time and holds up no writer. From a replica nothing else is ever read: no
/// ownership, no key, no answer to a command. One object is for one answer: it adds up how old its reads may be.
/// </summary>
public interface IStoreReads
{
    /// <summary>
    /// How old what was read through this object may be at this moment: anything that became durable before that is in it. Zero where all of it came from the store itself, or nothing was read yet;
    /// null where nobody knows.
    /// </summary>
    TimeSpan? Staleness { get; }

    /// <summary>One instance: its first record, its checkpoint, and the tail. Null where there is none.</summary>
    Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation);

    /// <summary>Records of one instance from a version on, in order.</summary>
    Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation);

    /// <summary>One row; null where there is none.</summary>
    Task<InstanceRow?> Find(InstanceId instance, CancellationToken cancellation);

    /// <summary>The row that a workflow's business key belongs to; null where it is free.</summary>
    Task<InstanceRow?> FindByBusinessKey(string @namespace, string workflow, string businessKey, CancellationToken cancellation);

    /// <summary>Rows that fit, newest first, below the cursor.</summary>
    Task<IReadOnlyList<InstanceRow>> List(InstanceFilter filter, InstanceId? below, int limit, CancellationToken cancellation);

    /// <summary>Instances that wait at a gate, oldest first.</summary>
    Task<IReadOnlyList<OpenGate>> Gates(InstanceId? after, int limit, CancellationToken cancellation);

    /// <summary>Whether the instance was here and was removed after its end; known as long as its request key is kept.</summary>
    Task<bool> WasRemoved(InstanceId instance, CancellationToken cancellation);
}
