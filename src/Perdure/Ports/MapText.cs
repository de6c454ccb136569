using System.Security.Cryptography;
using System.Text;
using Perdure.Kernel;

namespace Perdure.Ports;

/// <summary>
/// A map as text: a line for each thing that instances depend on, in a stable order. Deadlines are configuration and are not in it. What is stored, compared,
/// and printed as a difference.
/// </summary>
public static class MapText
{
    /// <summary>All lines.</summary>
    public static string Of(MapDefinition map)
    {
        var text = new StringBuilder();
        text.Append("cancelling reaches ").Append(map.CancelsTo).Append('\n');
        foreach (var state in map.States.OrderBy(s => s.Name, StringComparer.Ordinal))
        {
            text.Append(Kind(state.Kind)).Append(' ').Append(state.Name).Append(" with ").Append(state.Schema.Length == 0 ? "any data" : state.Schema);
            if (state.Role is { } role) text.Append(" decided by ").Append(role);
            if (state.Settles) text.Append(" settles");
            text.Append('\n');
        }
        foreach (var (from, to) in map.Edges().OrderBy(e => e.From, StringComparer.Ordinal).ThenBy(e => e.To, StringComparer.Ordinal))
            text.Append(from).Append(" -> ").Append(to).Append('\n');
        return text.ToString();
    }

    /// <summary>The kind of a state in words.</summary>
    public static string Kind(StateKind kind) => kind switch
    {
        StateKind.Start => "start",
        StateKind.State => "state",
        StateKind.Gate => "gate",
        StateKind.End => "end",
        StateKind.Revoked => "revoked",
        _ => throw new InvalidOperationException($"There is no state kind {kind}."),
    };

    /// <summary>SHA-256 of the text.</summary>
    public static string Fingerprint(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Lines that only one of the two has.</summary>
    public static string Difference(string stored, string offered)
    {
        var before = stored.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var after = offered.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return string.Join('\n', before.Except(after, StringComparer.Ordinal).Select(l => "- " + l).Concat(after.Except(before, StringComparer.Ordinal).Select(l => "+ " + l)));
    }
}
