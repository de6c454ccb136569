using System.Text.Json;
using System.Text.Json.Serialization;
using Perdure.Kernel;

namespace Perdure.Simulation.Replaying;

/// <summary>The line that begins an instance in a history file; its records follow.</summary>
/// <param name="Format">The version of the format: <see cref="Current"/>.</param>
/// <param name="Instance">The instance.</param>
/// <param name="Workflow">Its workflow's stable name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Namespace">The namespace of its keys.</param>
/// <param name="Records">How many records follow.</param>
public sealed record HistoryHeader(int Format, string Instance, string Workflow, int Version, string Namespace, long Records)
{
    /// <summary>The format that this version writes; it reads all up to it.</summary>
    public const int Current = 2;

    /// <summary>The idempotency key of its start.</summary>
    public string? Key { get; init; }
    /// <summary>The state that it rested in.</summary>
    public string? State { get; init; }
    /// <summary>What it did: <c>running</c>, <c>waiting</c>, <c>ended</c>, …</summary>
    public string? Status { get; init; }
    /// <summary>When it was started.</summary>
    public DateTimeOffset? Created { get; init; }
    /// <summary>The build of the code that its first visit ran under.</summary>
    public string? Build { get; init; }
    /// <summary>The map that it was started with, as the store has it.</summary>
    public string? Map { get; init; }
    // A line without them gives null here.
    /// <summary>The paths whose values were put out of sight.</summary>
    public IReadOnlyList<string> Redacted { get; init => field = value ?? []; } = [];

    internal InstanceId Id => InstanceId.TryParse(Instance, out var id) ? id : throw new HistoryFormatException($"\"{Instance}\" is not the id of an instance.");
}

/// <summary>A record's line.</summary>
internal sealed record HistoryLine(long Record, DateTimeOffset At, JsonElement Events)
{
    /// <summary>What was put out of sight, each place as <see cref="RedactedPayloads.Name"/> writes it.</summary>
    public IReadOnlyList<string> Redacted { get; init => field = value ?? []; } = [];
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HistoryHeader)), JsonSerializable(typeof(HistoryLine))]
internal sealed partial class HistoryJson : JsonSerializerContext;
