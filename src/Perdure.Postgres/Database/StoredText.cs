using System.Buffers;
using System.Globalization;
using System.Text;

namespace Perdure.Postgres.Database;

/// <summary>
/// Texts as PostgreSQL can keep them. It has no character 0 and no half of a surrogate pair, which .NET's strings have: those, and the mark itself, are kept as a mark and four
/// hexadecimal digits, so that every text comes back as it was and no two become one.
/// </summary>
internal static class StoredText
{
    private const char Mark = '\uE000';
    private const int Digits = 4;
    private static readonly SearchValues<char> Plain = SearchValues.Create("\0\uE000");

    /// <summary>The text to store.</summary>
    public static string Of(string text)
    {
        if (text.AsSpan().IndexOfAny(Plain) < 0 && text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0) return text;
        var stored = new StringBuilder(text.Length + Digits);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) stored.Append(c).Append(text[++i]);
            else if (c is '\0' or Mark || char.IsSurrogate(c)) stored.Append(Mark).Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
            else stored.Append(c);
        }
        return stored.ToString();
    }

    /// <summary>The same for a text that may be missing.</summary>
    public static string? OrNull(string? text) => text is null ? null : Of(text);

    /// <summary>The text that was stored.</summary>
    public static string Read(string stored)
    {
        if (!stored.Contains(Mark, StringComparison.Ordinal)) return stored;
        var text = new StringBuilder(stored.Length);
        for (var i = 0; i < stored.Length; i++)
        {
            if (stored[i] == Mark && i + Digits < stored.Length && int.TryParse(stored.AsSpan(i + 1, Digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var c))
            {
                text.Append((char)c);
                i += Digits;
            }
            else text.Append(stored[i]);
        }
        return text.ToString();
    }
}
