namespace Perdure.Kernel;

/// <summary>
/// A value as it is stored: opaque bytes in an envelope that says how to read them, so that encryption, compression and
/// schema change need no migration. The kernel compares payloads and never looks inside.
/// </summary>
/// <param name="Type">The stable name of the type.</param>
/// <param name="Schema">Fingerprint of the type's shape, as short text; empty where none applies.</param>
/// <param name="Body">The encoded value. For the codec <c>json</c> it is UTF-8 JSON.</param>
/// <param name="Codec">How the body is encoded; <c>json</c> unless said otherwise.</param>
public sealed record Payload(string Type, string Schema, ReadOnlyMemory<byte> Body, string Codec = Payload.Json)
{
    /// <summary>The codec whose body is plain UTF-8 JSON.</summary>
    public const string Json = "json";

    /// <summary>JSON <c>null</c>, for what has no value.</summary>
    public static Payload Null { get; } = new("null", "", "null"u8.ToArray());

    /// <summary>Equal when the envelope and every byte are equal.</summary>
    public bool Equals(Payload? other) =>
        other is not null && Type == other.Type && Schema == other.Schema && Codec == other.Codec && Body.Span.SequenceEqual(other.Body.Span);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Type.Length, Body.Length);
}
