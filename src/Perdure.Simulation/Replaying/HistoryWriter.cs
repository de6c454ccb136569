using System.Buffers;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using Perdure.Kernel;

namespace Perdure.Simulation.Replaying;

/// <summary>Writes a history file, line by line: what is in memory is one record.</summary>
public sealed class HistoryWriter(Stream stream, IEnumerable<string>? redact = null) : IDisposable
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly HistoryJson Json = new(new(HistoryJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private readonly Redaction _redaction = new(redact ?? []);
    private readonly ArrayBufferWriter<byte> _line = new();

    /// <summary>Begins an instance. As many records as the header says must follow.</summary>
    public void Begin(HistoryHeader header)
    {
        _line.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(_line, Options)) JsonSerializer.Serialize(writer, header with { Redacted = _redaction.Paths }, Json.HistoryHeader);
        End();
    }

    /// <summary>Writes a record, its events as they were stored.</summary>
    /// <param name="version">Its number in the instance.</param>
    /// <param name="at">Its moment.</param>
    /// <param name="events">The events as the event codec wrote them.</param>
    public void Record(long version, DateTimeOffset at, ReadOnlyMemory<byte> events)
    {
        List<string> redacted = [];
        if (_redaction.Paths.Count > 0)
        {
            var buffer = new ArrayBufferWriter<byte>(events.Length);
            EventCodec.Write(buffer, [.. EventCodec.Read(events).Select((e, number) => RedactedPayloads.Each(e, (name, payload) =>
            {
                var without = _redaction.Of(payload, out var hidden);
                redacted.AddRange(hidden.Select(place => RedactedPayloads.Name(number, name, place)));
                return without;
            }))]);
            events = buffer.WrittenMemory;
        }
        _line.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(_line, Options))
        {
            writer.WriteStartObject();
            writer.WriteNumber("record", version);
            writer.WriteString("at", at.UtcDateTime);
            if (redacted.Count > 0)
            {
                writer.WriteStartArray("redacted");
                foreach (var place in redacted) writer.WriteStringValue(place);
                writer.WriteEndArray();
            }
            writer.WritePropertyName("events");
            writer.WriteRawValue(events.Span, skipInputValidation: true);
            writer.WriteEndObject();
        }
        End();
    }

    private void End()
    {
        _line.Write("\n"u8);
        stream.Write(_line.WrittenSpan);
    }

    /// <summary>Hands everything to the stream, and leaves that open.</summary>
    public void Dispose() => stream.Flush();
}
