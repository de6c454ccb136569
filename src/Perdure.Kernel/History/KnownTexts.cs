using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Perdure.Kernel;

/// <summary>
/// Short texts that stand in nearly every record, such as the names of states, operations and types: read again, they are the string that was made before. A place has the last text that fell on it, so that
/// whatever comes, no more is kept than there are places.
/// </summary>
internal static class KnownTexts
{
    private const int LengthMax = 64, Count = 1024;

    // Written by any thread: a place has one string or the other, and whoever finds another one there makes its own.
    private static readonly string?[] Places = new string?[Count];

    /// <summary>The text at hand.</summary>
    public static string? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped || reader.HasValueSequence || reader.ValueSpan.Length is 0 or > LengthMax) return reader.GetString();
        var text = reader.ValueSpan;
        ref var place = ref Places[PlaceOf(text)];
        if (place is { } known && Ascii.Equals(text, known)) return known;
        return place = reader.GetString();
    }

    // By its length and three of its parts: names differ at their beginning, at their end, or are digests.
    private static int PlaceOf(ReadOnlySpan<byte> text)
    {
        const ulong spread = 0x9E3779B97F4A7C15;
        var hash = (ulong)text.Length;
        if (text.Length < sizeof(ulong))
            foreach (var letter in text) hash = hash << 8 | letter;
        else
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(text)) * spread;
            hash = (hash ^ hash >> 32 ^ BinaryPrimitives.ReadUInt64LittleEndian(text[(text.Length / 2 - sizeof(ulong) / 2)..])) * spread;
            hash = hash ^ hash >> 32 ^ BinaryPrimitives.ReadUInt64LittleEndian(text[^sizeof(ulong)..]);
        }
        hash *= spread;
        return (int)(hash >> 54);
    }
}
