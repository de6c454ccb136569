using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace Perdure.Runtime;

/// <summary>
/// The form of a JSON text by which two requests are the same: properties in the order of their names, no white space, the text of numbers kept.
/// </summary>
internal static class CanonicalJson
{
    // Larger ones are not kept.
    private const int KeptMax = 64 * 1024;

    [ThreadStatic]
    private static Scratch? s_scratch;

    /// <summary>SHA-256 of the normalised text.</summary>
    /// <exception cref="JsonException">Not JSON, nested too deeply, or with a property twice.</exception>
    public static byte[] Hash(ReadOnlyMemory<byte> json, int maxDepth)
    {
        using var document = JsonDocument.Parse(json, new() { MaxDepth = maxDepth, AllowDuplicateProperties = false });
        var scratch = json.Length > KeptMax ? new() : s_scratch ??= new();
        scratch.Buffer.ResetWrittenCount();
        scratch.Writer.Reset(scratch.Buffer);
        Write(scratch.Writer, document.RootElement);
        scratch.Writer.Flush();
        return SHA256.HashData(scratch.Buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter writer, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(writer, element);
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray()) Write(writer, item);
                writer.WriteEndArray();
                break;
            case JsonValueKind.Number:
                writer.WriteRawValue(element.GetRawText(), skipInputValidation: true);
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }

    private static void WriteObject(Utf8JsonWriter writer, JsonElement element)
    {
        var count = element.GetPropertyCount();
        var (names, values) = (ArrayPool<string>.Shared.Rent(count), ArrayPool<JsonElement>.Shared.Rent(count));
        var at = 0;
        foreach (var property in element.EnumerateObject()) (names[at], values[at++]) = (property.Name, property.Value);
        Array.Sort(names, values, 0, count, StringComparer.Ordinal);      // no name is there twice
        writer.WriteStartObject();
        for (at = 0; at < count; at++)
        {
            writer.WritePropertyName(names[at]);
            Write(writer, values[at]);
        }
        writer.WriteEndObject();
        ArrayPool<string>.Shared.Return(names, clearArray: true);
        ArrayPool<JsonElement>.Shared.Return(values, clearArray: true);
    }

    private sealed class Scratch
    {
        public ArrayBufferWriter<byte> Buffer { get; } = new(1024);
        public Utf8JsonWriter Writer { get; } = new(Stream.Null, new() { SkipValidation = true });
    }
}
