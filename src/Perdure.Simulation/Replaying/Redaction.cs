using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Perdure.Kernel;

namespace Perdure.Simulation.Replaying;

/// <summary>
/// Puts values of payloads out of sight, each replaced by another of its JSON kind, so that the payload still fits its type. A path names properties from the top of a payload:
/// <c>$.card.number</c>, <c>$.lines[*].sku</c>, <c>$.lines[0]</c>, <c>$.*.name</c>, and <c>$..email</c> at any depth. It applies to the payloads of all events.
/// </summary>
public sealed partial class Redaction
{
    /// <summary>What stands in the place of texts that have no special form.</summary>
    public const string Text = "redacted";

    private readonly List<string[]> _paths;

    /// <summary>Redacts what the paths name.</summary>
    /// <exception cref="FormatException">A path is none.</exception>
    public Redaction(IEnumerable<string> paths)
    {
        Paths = [.. paths];
        _paths = [.. Paths.Select(Parse)];
    }

    /// <summary>The paths, as they were given.</summary>
    public IReadOnlyList<string> Paths { get; }

    /// <summary>The payload without what the paths name; the same object where they name nothing in it.</summary>
    public Payload Of(Payload payload) => Of(payload, out _);

    /// <summary>The same, and the places in it that were put out of sight, as JSON pointers (RFC 6901).</summary>
    internal Payload Of(Payload payload, out IReadOnlyCollection<string> hidden)
    {
        HashSet<string> places = new(StringComparer.Ordinal);
        hidden = places;
        if (_paths.Count == 0 || payload.Codec != Payload.Json) return payload;
        var root = JsonNode.Parse(payload.Body.Span);
        foreach (var path in _paths) root = Apply(root, path, "", places);
        return places.Count > 0 ? payload with { Body = JsonSerializer.SerializeToUtf8Bytes(root) } : payload;
    }

    /// <summary>A property or an item of what stands at a place.</summary>
    internal static string Within(string place, string name) => $"{place}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";

    /// <summary>An item of what stands at a place.</summary>
    internal static string Within(string place, int item) => string.Create(CultureInfo.InvariantCulture, $"{place}/{item}");

    private static string[] Parse(string path)
    {
        var rest = path.StartsWith('$') ? path[1..] : "." + path;
        List<string> parts = [];
        while (rest.Length > 0)
        {
            var part = Part().Match(rest);
            if (!part.Success) throw new FormatException($"\"{path}\" is not a path. Write $.card.number, $.lines[*].sku or $..email.");
            if (part.Groups["deep"].Length > 0) parts.Add("..");
            parts.Add(part.Groups["name"].Value);
            rest = rest[part.Length..];
        }
        return parts.Count > 0 ? [.. parts] : throw new FormatException($"\"{path}\" names a whole payload; name what is in it, as in $.*.");
    }

    private static JsonNode? Apply(JsonNode? node, ReadOnlySpan<string> path, string place, HashSet<string> hidden)
    {
        if (path.IsEmpty) return StandIn(node, place, hidden);
        if (path[0] == "..")
        {
            node = Apply(node, path[1..], place, hidden);
            Children(node, "*", path, place, hidden);
        }
        else Children(node, path[0], path[1..], place, hidden);
        return node;
    }

    private static void Children(JsonNode? node, string name, ReadOnlySpan<string> rest, string place, HashSet<string> hidden)
    {
        if (node is JsonObject properties)
        {
            foreach (var key in properties.Select(p => p.Key).Where(key => name == "*" || key == name).ToList())
                if (properties[key] is var before && Apply(before, rest, Within(place, key), hidden) is var after && !ReferenceEquals(before, after)) properties[key] = after;
        }
        else if (node is JsonArray items)
        {
            for (var i = 0; i < items.Count; i++)
                if (name == "*" || name == i.ToString(CultureInfo.InvariantCulture))
                    if (items[i] is var before && Apply(before, rest, Within(place, i), hidden) is var after && !ReferenceEquals(before, after)) items[i] = after;
        }
    }

    /// <summary>Another value of the same kind: objects and arrays keep their form, texts that are a moment, an id or a span of time stay one.</summary>
    private static JsonNode? StandIn(JsonNode? node, string place, HashSet<string> hidden)
    {
        switch (node)
        {
            case null: return null;
            case JsonObject properties: return new JsonObject([.. properties.Select(p => KeyValuePair.Create(p.Key, StandIn(p.Value, Within(place, p.Key), hidden)))]);
            case JsonArray items: return new JsonArray([.. items.Select((item, i) => StandIn(item, Within(place, i), hidden))]);
        }
        hidden.Add(place);
        return node.GetValueKind() switch
        {
            JsonValueKind.String => JsonValue.Create(StandIn(node.GetValue<string>())),
            JsonValueKind.Number => JsonValue.Create(0),
            _ => JsonValue.Create(false),
        };
    }

    private static string StandIn(string text) =>
        text.Length == 0 ? text
        : Guid.TryParseExact(text, "D", out _) ? Guid.Empty.ToString()
        : Moment().IsMatch(text) ? "2000-01-01" + Digit().Replace(text[10..], "0")
        : Span().IsMatch(text) ? Digit().Replace(text, "0")
        : Text;

    [GeneratedRegex(@"^(?<deep>\.)?\.(?<name>\*|[^.\[\]]+)|^\[(?<name>\*|\d+)\]|^\['(?<name>[^']+)'\]")]
    private static partial Regex Part();

    [GeneratedRegex(@"^\d{4}-\d\d-\d\d(T\d\d:\d\d[\d:.]*(Z|[+-]\d\d:\d\d)?)?$")]
    private static partial Regex Moment();

    [GeneratedRegex(@"^-?(\d+\.)?\d\d:\d\d(:\d\d(\.\d+)?)?$")]
    private static partial Regex Span();

    [GeneratedRegex(@"\d")]
    private static partial Regex Digit();
}
