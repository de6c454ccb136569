using System.Security.Cryptography;
using System.Text;

namespace Perdure.Kernel;

/// <summary>The idempotency token of a step: the same however often the step is started, until a definite failure begins the next generation.</summary>
public static class Token
{
    /// <summary>No token is longer: downstreams bound their keys.</summary>
    public const int MaxLength = 200;

    /// <summary>
    /// <c>instance.visit.name.generation</c>, characters that are not safe in an HTTP header percent-encoded; a name that would make it
    /// longer than <see cref="MaxLength"/> is replaced by the SHA-256 of it. Different steps have different tokens.
    /// </summary>
    public static string For(InstanceId instance, int visit, string name, int generation)
    {
        var safe = IsSafe(name) ? name : Uri.EscapeDataString(name);
        if (safe.Length > MaxLength - 40) safe = "~" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, stackalloc char[MaxLength + 40], $"{instance}.{visit}.{safe}.{generation}");
    }

    private static bool IsSafe(string name)
    {
        foreach (var c in name)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '[' or ']' or '#' or ':' or '/')) return false;
        return true;
    }
}
