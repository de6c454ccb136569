namespace Perdure.AspNetCore;

/// <summary>What short texts may look like.</summary>
internal static class Text
{
    public const int KeyLength = 200, NameLength = 100, ReasonLength = 2_000;

    /// <summary>1 to 200 printable ASCII characters, no space at either end.</summary>
    public static bool IsKey(string? text)
    {
        if (text is not { Length: >= 1 and <= KeyLength } || text[0] == ' ' || text[^1] == ' ') return false;
        foreach (var c in text)
            if (c is < ' ' or > '~') return false;
        return true;
    }

    /// <summary>1 to 100 printable characters.</summary>
    public static bool IsName(string? text) => text is { Length: >= 1 and <= NameLength } && !HasControls(text) && text.AsSpan().Trim().Length > 0;

    /// <summary>Whether there are control characters, or halves of characters.</summary>
    public static bool HasControls(ReadOnlySpan<char> text, bool linesAllowed = false)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsControl(c) && !(linesAllowed && (c is (char)9 or (char)10 or (char)13))) return true;
            if (!char.IsSurrogate(c)) continue;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(c, text[i + 1])) return true;
            i++;
        }
        return false;
    }
}
