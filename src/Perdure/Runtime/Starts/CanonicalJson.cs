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
                writer.WriteStartObject();
                foreach (var property in element.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(property.Name);
                    Write(writer, property.Value);
                }
                writer.WriteEndObject();
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

    private sealed class Scratch
    {
        public ArrayBufferWriter<byte> Buffer { get; } = new(1024);
        public Utf8JsonWriter Writer { get; } = new(Stream.Null, new() { SkipValidation = true });
    }
}
