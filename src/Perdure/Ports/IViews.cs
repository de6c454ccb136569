using Perdure.Kernel;

namespace Perdure.Ports;

/// <summary>What people and audits read. Every read is paged and limited in time; none holds up a writer.</summary>
public interface IViews
{
    /// <summary>One row; null where there is none.</summary>
    Task<InstanceRow?> Find(InstanceId instance, CancellationToken cancellation);

    /// <summary>The row that a workflow's business key belongs to; null where it is free.</summary>
    Task<InstanceRow?> FindByBusinessKey(string @namespace, string workflow, string businessKey, CancellationToken cancellation);

    /// <summary>Rows that fit, newest first, below the cursor.</summary>
    Task<IReadOnlyList<InstanceRow>> List(InstanceFilter filter, InstanceId? below, int limit, CancellationToken cancellation);

    /// <summary>Records of every instance in the order of the store's log, from behind <paramref name="after"/>, each with its instance's row.</summary>
    Task<IReadOnlyList<FeedRecord>> Feed(long after, int limit, CancellationToken cancellation);

    /// <summary>A view of each log, where the store has several, each with an order and positions of its own; this one alone where it has one.</summary>
    IReadOnlyList<IViews> Logs => [this];

    /// <summary>The position of the newest record; 0 where there is none.</summary>
    Task<long> FeedEnd(CancellationToken cancellation);

    /// <summary>The position up to which records may have been removed with their instances; 0 where none was. A reader of the feed that stood before it may have missed some.</summary>
    Task<long> FeedBegin(CancellationToken cancellation) => Task.FromResult(0L);

    /// <summary>Whether the instance was here and was removed after its end; known as long as its request key is kept.</summary>
    Task<bool> WasRemoved(InstanceId instance, CancellationToken cancellation) => Task.FromResult(false);

    /// <summary>Instances that wait at a gate, oldest first.</summary>
    Task<IReadOnlyList<OpenGate>> Gates(InstanceId? after, int limit, CancellationToken cancellation);

    /// <summary>Page records, newest first.</summary>
    Task<IReadOnlyList<StoredPage>> Pages(InstanceId? instance, int limit, CancellationToken cancellation);

    /// <summary>How many instances there are by workflow, version, state and status; kept with each commit, so it costs the same at any size.</summary>
    Task<IReadOnlyList<Tally>> Tallies(CancellationToken cancellation);

    /// <summary>
    /// Checks an instance's hash chain and names the first record that was altered, removed or reordered; against a known head it also finds that the tail was cut off.
    /// </summary>
    Task<Verification> Verify(InstanceId instance, (long Version, ReadOnlyMemory<byte> Hash)? knownHead, CancellationToken cancellation);
}

/// <summary>Which instances to list; null means any.</summary>
public sealed record InstanceFilter(string? Namespace = null, string? Workflow = null, string? State = null, Status? Status = null);

/// <summary>A record of the feed, and what its event needs to say of its instance.</summary>
public sealed record FeedRecord(StoredRecord Record, string Namespace, string Workflow, int WorkflowVersion, string? TraceParent);

/// <summary>An instance that waits for a person.</summary>
public sealed record OpenGate(InstanceRow Instance, string Role, DateTimeOffset Since);

/// <summary>A count.</summary>
public sealed record Tally(string Workflow, int WorkflowVersion, string State, Status Status, long Count);

/// <summary>What checking a hash chain found.</summary>
/// <param name="Intact">Whether nothing is wrong.</param>
/// <param name="Records">How many records there are.</param>
/// <param name="BrokenAt">The version of the first record that is wrong or missing.</param>
/// <param name="Problem">What is wrong with it.</param>
/// <param name="Head">The hash of the newest record: the anchor to keep elsewhere.</param>
public sealed record Verification(bool Intact, long Records, long? BrokenAt, string? Problem, ReadOnlyMemory<byte> Head);
