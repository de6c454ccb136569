using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace Perdure.Runtime;

/// <summary>
/// The form of a JSON text by which two requests are the same: properties in the order of their names, no white space, the text of numbers kept.
/// </summary>
internal static class CanonicalJson
{
    /// <summary>SHA-256 of the normalised text.</summary>
    /// <exception cref="JsonException">Not JSON, nested too deeply, or with a property twice.</exception>
    public static byte[] Hash(ReadOnlyMemory<byte> json, int maxDepth)
    {
        using var document = JsonDocument.Parse(json, new() { MaxDepth = maxDepth, AllowDuplicateProperties = false });
        var buffer = new ArrayBufferWriter<byte>(Math.Max(256, json.Length));
        using (var writer = new Utf8JsonWriter(buffer, new() { SkipValidation = true })) Write(writer, document.RootElement);
        return SHA256.HashData(buffer.WrittenSpan);
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
}
