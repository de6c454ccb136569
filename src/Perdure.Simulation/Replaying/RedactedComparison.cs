using System.Text.Json;
using Perdure.Kernel;

namespace Perdure.Simulation.Replaying;

/// <summary>
/// Compares what today's code makes with what was recorded, where values were put out of sight. A value is laid to the redaction in two cases only: the history says that it was put out of
/// sight at that place, or it comes out otherwise when the body is given other stand-ins, and so was made from a stand-in. A value that merely looks like one is compared.
/// </summary>
internal sealed class RedactedComparison(RecordedHistory history)
{
    private static readonly IReadOnlySet<string> None = new HashSet<string>();

    /// <summary>Whether anything in the history was put out of sight.</summary>
    public bool Redacts => history.Redacted.Count > 0;

    /// <summary>Whether today's code makes what was recorded.</summary>
    /// <param name="recorded">What was recorded.</param>
    /// <param name="given">What the code makes.</param>
    /// <param name="otherwise">What it makes with other stand-ins; null where that is not known.</param>
    public bool IsSame(Payload recorded, Payload given, Payload? otherwise)
    {
        if (recorded.Body.Span.SequenceEqual(given.Body.Span)) return true;
        if (!Redacts || recorded.Type != given.Type || recorded.Codec != Payload.Json || given.Codec != Payload.Json) return false;
        using var before = JsonDocument.Parse(recorded.Body);
        using var after = JsonDocument.Parse(given.Body);
        using var other = otherwise is null ? null : JsonDocument.Parse(otherwise.Body);
        return IsSame(before.RootElement, after.RootElement, other?.RootElement, history.Redacted.GetValueOrDefault(recorded, None), "");
    }

    private static bool IsSame(JsonElement recorded, JsonElement given, JsonElement? otherwise, IReadOnlySet<string> hidden, string place)
    {
        if (JsonElement.DeepEquals(recorded, given)) return true;
        if (Kind(recorded) != Kind(given)) return otherwise is { } kind && Kind(kind) != Kind(given);
        switch (recorded.ValueKind)
        {
            case JsonValueKind.Object:
                if (!HaveTheSame(recorded, given)) return otherwise is { ValueKind: JsonValueKind.Object } others && !HaveTheSame(given, others);
                return recorded.EnumerateObject().All(p => IsSame(p.Value, given.GetProperty(p.Name),
                    otherwise is { ValueKind: JsonValueKind.Object } o && o.TryGetProperty(p.Name, out var value) ? value : null, hidden, Redaction.Within(place, p.Name)));
            case JsonValueKind.Array:
                var length = given.GetArrayLength();
                if (recorded.GetArrayLength() != length) return otherwise is { ValueKind: JsonValueKind.Array } longer && longer.GetArrayLength() != length;
                return Enumerable.Range(0, length).All(i => IsSame(recorded[i], given[i],
                    otherwise is { ValueKind: JsonValueKind.Array } o && i < o.GetArrayLength() ? o[i] : null, hidden, Redaction.Within(place, i)));
            default:
                return hidden.Contains(place) || (otherwise is { } value2 && !JsonElement.DeepEquals(given, value2));
        }
    }

    private static bool HaveTheSame(JsonElement one, JsonElement other) =>
        one.EnumerateObject().Select(p => p.Name).ToHashSet(StringComparer.Ordinal).SetEquals(other.EnumerateObject().Select(p => p.Name));

    private static JsonValueKind Kind(JsonElement element) => element.ValueKind == JsonValueKind.True ? JsonValueKind.False : element.ValueKind;
}
