using System.Buffers;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Perdure.Kernel;

/// <summary>
/// Events as JSON, as they stand in the log: an array of objects such as <c>{"type":"step.succeeded","ordinal":3,"result":{"type":"Charge","value":{…}}}</c>.
/// What has its default (attempt 1, generation 1, false, null) is left out. Reading what was written gives equal events, bodies byte for byte.
/// </summary>
public static class EventCodec
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    [ThreadStatic] private static Utf8JsonWriter? s_writer;

    /// <summary>Writes a record's events.</summary>
    public static void Write(IBufferWriter<byte> buffer, ImmutableArray<Event> events)
    {
        var writer = s_writer;
        s_writer = null;
        if (writer is null) writer = new(buffer, Options);
        else writer.Reset(buffer);
        Write(writer, events);
        writer.Flush();
        writer.Reset(Nowhere.Instance);
        s_writer = writer;
    }

    /// <summary>Writes a record's events.</summary>
    public static void Write(Utf8JsonWriter writer, ImmutableArray<Event> events)
    {
        writer.WriteStartArray();
        foreach (var @event in events) Write(writer, @event);
        writer.WriteEndArray();
    }

    /// <summary>Writes one event as an object.</summary>
    public static void Write(Utf8JsonWriter writer, Event @event) => EventWriter.Write(writer, @event);

    /// <summary>Reads a record's events; the bytes are copied, for the payloads' bodies are parts of them.</summary>
    /// <exception cref="HistoryFormatException">It is not what <see cref="Write(IBufferWriter{byte}, ImmutableArray{Event})"/> writes.</exception>
    public static ImmutableArray<Event> Read(ReadOnlySpan<byte> json) => EventReader.Read(json.ToArray());

    /// <summary>Reads a record's events; the payloads' bodies are parts of <paramref name="json"/>, which must not change any more.</summary>
    /// <exception cref="HistoryFormatException">It is not what <see cref="Write(IBufferWriter{byte}, ImmutableArray{Event})"/> writes.</exception>
    public static ImmutableArray<Event> Read(ReadOnlyMemory<byte> json) => EventReader.Read(json);

    // So that a writer at rest holds on to nobody's buffer.
    private sealed class Nowhere : IBufferWriter<byte>
    {
        public static readonly Nowhere Instance = new();
        public void Advance(int count) => throw new InvalidOperationException();
        public Memory<byte> GetMemory(int sizeHint = 0) => throw new InvalidOperationException();
        public Span<byte> GetSpan(int sizeHint = 0) => throw new InvalidOperationException();
    }
}
