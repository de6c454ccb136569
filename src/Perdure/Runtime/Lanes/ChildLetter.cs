using System.Text.Json;
using System.Text.Json.Serialization;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// What a parent asks of another lane: that a child be started, or cancelled. It stands in the outbox from the commit that decided it, and never changes: what is sent a second time, after a crash and by
/// another build, is what was sent the first time, the child's own key included, which is worked out by authors' code.
/// </summary>
internal sealed record ChildLetter(string Workflow, string RequestKey, long Parent, int Ordinal, int Visit)
{
    /// <summary>The type that the letter's payload has in the outbox.</summary>
    public const string Type = "perdure:letter";

    /// <summary>Codes of answers.</summary>
    public const string KeyTaken = "child.business-key", MapOlder = "shard.map-older", Unreadable = "inbox.unreadable";

    public string Namespace { get; init; } = "";
    public string? BusinessKey { get; init; }
    public LetterPayload? Input { get; init; }
    public string? TraceParent { get; init; }
    public int Priority { get; init; }
    /// <summary>The version of the map by which it goes where it goes; said on the way only.</summary>
    public int? Map { get; init; }
    /// <summary>The child may have been started before, by a letter that is forgotten: it is looked for in all databases first.</summary>
    public bool Again { get; init; }

    public static string StartId(string requestKey) => "start:" + requestKey;

    public static string CancelId(string requestKey) => "cancel:" + requestKey;

    public static string TakenBy(InstanceId holder) => $"The key of the child belongs to instance {holder}.";

    [JsonIgnore]
    public InstanceId From => new(Parent);

    /// <summary>The lane of a database to which a start goes where this node has none of them: always the same one, so that the inbox there knows a start that it has.</summary>
    public InstanceId Anywhere(LaneRange lanes)
    {
        var sum = 0u;
        foreach (var c in RequestKey) sum = sum * 31 + c;
        return new(lanes.First + (int)(sum % (uint)lanes.Count));
    }

    public OutboxMessage Message(string id) => new(0, From, id, Ordinal, Workflow, new(Type, "", JsonSerializer.SerializeToUtf8Bytes(this, InstanceCommand.Wire))) { IsLetter = true };

    /// <summary>The letter in a message of the outbox; null where it is the end of a child.</summary>
    /// <exception cref="JsonException">It is one that this build does not know.</exception>
    public static ChildLetter? In(OutboxMessage message) =>
        message.Result.Type == Type ? JsonSerializer.Deserialize<ChildLetter>(message.Result.Body.Span, InstanceCommand.Wire) : null;
}

/// <summary>A payload that travels.</summary>
internal sealed record LetterPayload(string Type, string Schema, byte[] Body, string Codec)
{
    public static LetterPayload Of(Payload payload) => new(payload.Type, payload.Schema, payload.Body.ToArray(), payload.Codec);

    public Payload Payload() => new(Type, Schema, Body, Codec);
}
