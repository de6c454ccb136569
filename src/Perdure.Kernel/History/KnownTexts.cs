using System.Text;
using System.Text.Json;

namespace Perdure.Kernel;

/// <summary>
/// Short texts that stand in nearly every record, such as the names of states, operations and types: read again, they are the string that was made before. A place has the last text that fell on it, so that
/// whatever comes, no more is kept than there are places.
/// </summary>
internal static class KnownTexts
{
    private const int LengthMax = 64, Mask = 1023;

    // Written by any thread: a place has one string or the other, and whoever finds another one there makes its own.
    private static readonly string?[] Places = new string?[Mask + 1];

    /// <summary>The text at hand.</summary>
    public static string? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped || reader.HasValueSequence || reader.ValueSpan.Length is 0 or > LengthMax) return reader.GetString();
        var text = reader.ValueSpan;
        var hash = 2166136261u;
        foreach (var letter in text) hash = (hash ^ letter) * 16777619;
        ref var place = ref Places[(hash ^ (hash >> 15)) & Mask];
        if (place is { } known && Ascii.Equals(text, known)) return known;
        return place = reader.GetString();
    }
}
