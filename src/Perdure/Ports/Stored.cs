using Perdure.Kernel;

namespace Perdure.Ports;

/// <summary>A record as it is stored.</summary>
/// <param name="Position">Its place in the store's log: grows with every record of any instance that becomes visible.</param>
/// <param name="Instance">Whose.</param>
/// <param name="Version">Its number in the instance.</param>
/// <param name="At">When.</param>
/// <param name="Body">The events as the codec wrote them; empty where the payload was erased.</param>
/// <param name="Hash">Its link in the hash chain, 32 bytes.</param>
public sealed record StoredRecord(long Position, InstanceId Instance, long Version, DateTimeOffset At, ReadOnlyMemory<byte> Body, ReadOnlyMemory<byte> Hash)
{
    /// <summary>Whether what it said was erased.</summary>
    public bool IsErased => Body.IsEmpty;
}

/// <summary>What recovery needs of one instance.</summary>
/// <param name="Row">The instance's row.</param>
/// <param name="First">Its first record.</param>
/// <param name="Checkpoint">The record of its last transition; the first one where there was none.</param>
/// <param name="Tail">The records since.</param>
/// <param name="Stack">What stands on its compensation stack; nothing once it has ended.</param>
/// <param name="Messages">The ids of all messages taken in.</param>
public sealed record StoredInstance(
    InstanceRow Row, StoredRecord First, StoredRecord Checkpoint, IReadOnlyList<StoredRecord> Tail, IReadOnlyList<StackEntry> Stack, IReadOnlyList<string> Messages);

/// <summary>The row of an instance: what lists show and searches find.</summary>
/// <param name="Id">Its identity.</param>
/// <param name="Namespace">The namespace of its keys.</param>
/// <param name="Workflow">The workflow.</param>
/// <param name="WorkflowVersion">Its version.</param>
/// <param name="RequestKey">The idempotency key of its start.</param>
/// <param name="BusinessKey">The workflow's own key.</param>
/// <param name="State">The state it rests in.</param>
/// <param name="Status">What it does.</param>
/// <param name="Visit">The number of the present visit.</param>
/// <param name="CreatedAt">When it was started.</param>
/// <param name="UpdatedAt">When it entered its state or changed its status.</param>
/// <param name="Salt">The salt of its hash chain; empty where it was erased.</param>
/// <param name="Priority">Higher goes first.</param>
public sealed record InstanceRow(
    InstanceId Id, string Namespace, string Workflow, int WorkflowVersion, string RequestKey, string? BusinessKey, string State, Status Status, int Visit,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, ReadOnlyMemory<byte> Salt, int Priority);

/// <summary>A timer of an instance.</summary>
public sealed record StoredTimer(InstanceId Instance, TimerId Timer, DateTimeOffset Due);

/// <summary>What a request key belongs to.</summary>
/// <param name="Instance">The instance that it started.</param>
/// <param name="WorkflowVersion">The version that it started.</param>
/// <param name="PayloadHash">SHA-256 of the normalised request.</param>
/// <param name="CreatedAt">When.</param>
public sealed record StoredKey(InstanceId Instance, int WorkflowVersion, ReadOnlyMemory<byte> PayloadHash, DateTimeOffset CreatedAt);

/// <summary>A page record.</summary>
/// <param name="Page">What it says.</param>
/// <param name="Instance">About whom.</param>
/// <param name="Workflow">The workflow.</param>
/// <param name="State">The state in which it was raised.</param>
/// <param name="RaisedAt">When.</param>
/// <param name="DeliveredAt">When a sink acknowledged it; null until then.</param>
/// <param name="Tries">How often delivery was tried.</param>
/// <param name="LastError">What the last try said.</param>
public sealed record StoredPage(
    Page Page, InstanceId Instance, string Workflow, string State, DateTimeOffset RaisedAt, DateTimeOffset? DeliveredAt, int Tries, string? LastError);
