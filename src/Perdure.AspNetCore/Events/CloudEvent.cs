using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Perdure.Kernel;

namespace Perdure.AspNetCore;

/// <summary>An event as it is published: CloudEvents 1.0, structured JSON.</summary>
/// <param name="Position">The record's place in the store's log; 0 for one that is not stored.</param>
/// <param name="Index">Its number among the record's events, from 0.</param>
/// <param name="Type">Its type.</param>
/// <param name="Workflow">The workflow; null where none is concerned.</param>
/// <param name="Instance">The instance; null where none is concerned.</param>
/// <param name="Json">The event in UTF-8, on one line.</param>
internal sealed record CloudEvent(long Position, int Index, string Type, string? Workflow, InstanceId? Instance, ReadOnlyMemory<byte> Json)
{
    public EventPlace Place => new(Position, Index);
}

/// <summary>A place in the stream: of a record, and of an event of it. What the next event comes behind.</summary>
internal readonly record struct EventPlace(long Position, int Index) : IComparable<EventPlace>
{
    /// <summary>Behind every event of the record at that position.</summary>
    public static EventPlace Behind(long position) => new(position, int.MaxValue);

    /// <summary>The position of the last record that was told whole.</summary>
    public long Whole => Index == int.MaxValue ? Position : Position - 1;

    public int CompareTo(EventPlace other) => Position != other.Position ? Position.CompareTo(other.Position) : Index.CompareTo(other.Index);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Position}.{Index}");

    /// <summary>Reads <c>position.index</c>, or <c>position</c> alone, which means all of that record.</summary>
    public static bool TryParse(string text, out EventPlace place)
    {
        place = default;
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (!long.TryParse(dot < 0 ? text : text[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out var position)) return false;
        if (dot < 0)
        {
            place = Behind(position);
            return true;
        }
        if (!int.TryParse(text[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var index)) return false;
        place = new(position, index);
        return true;
    }
}

/// <summary>The attributes of an event.</summary>
internal readonly record struct Attributes(
    string Id, string Source, DateTimeOffset Time, string? Namespace, string? Workflow, int? Version, InstanceId? Instance, string? State, int? Visit, int? Attempt, string? TraceParent);

/// <summary>Writes events.</summary>
internal static class CloudEventJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ReadOnlyMemory<byte> Write(EventType type, in Attributes attributes, Action<Utf8JsonWriter> data)
    {
        var buffer = new ArrayBufferWriter<byte>(768);
        using var json = new Utf8JsonWriter(buffer, Options);
        json.WriteStartObject();
        json.WriteString("specversion", "1.0");
        json.WriteString("id", attributes.Id);
        json.WriteString("source", attributes.Source);
        json.WriteString("type", type.Name);
        json.WriteString("time", Time(attributes.Time));
        json.WriteString("datacontenttype", "application/json");
        json.WriteString("dataschema", type.Schema);
        if (attributes.Instance is { } instance)
        {
            var id = instance.ToString();
            json.WriteString("subject", id);
            json.WriteString("instance", id);
        }
        if (attributes.Namespace is { } @namespace) json.WriteString("namespace", @namespace);
        if (attributes.Workflow is { } workflow) json.WriteString("workflow", workflow);
        if (attributes.Version is { } version) json.WriteNumber("version", version);
        if (attributes.State is { } state) json.WriteString("state", state);
        if (attributes.Visit is { } visit) json.WriteNumber("visit", visit);
        if (attributes.Attempt is { } attempt) json.WriteNumber("attempt", attempt);
        // 00-{trace id}-{span id}-{flags}
        if (attributes.TraceParent is { Length: >= 35 } trace) json.WriteString("traceid", trace.AsSpan(3, 32));
        json.WriteStartObject("data");
        data(json);
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    public static string Time(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
