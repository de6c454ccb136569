using System.Text.Json;
using Perdure.Kernel;

namespace Perdure.Simulation.Replaying;

/// <summary>
/// Compares what today's code makes with what was recorded, where values were put out of sight. What the paths name is put out of sight on both sides; a value that still differs is laid to
/// the redaction where it holds a stand-in, or is a number or truth value while one of its kind was put out of sight.
/// </summary>
internal sealed class RedactedComparison
{
    private readonly Redaction _redaction;
    private readonly HashSet<JsonValueKind> _kinds = [];

    public RedactedComparison(RecordedHistory history)
    {
        _redaction = new(history.Header.Redacted);
        Redacts = history.Redacted.Count > 0;
        foreach (var payload in history.Redacted) Kinds(payload);
    }

    /// <summary>Whether anything in the history was put out of sight.</summary>
    public bool Redacts { get; }

    public bool IsSame(Payload recorded, Payload given)
    {
        if (recorded.Body.Span.SequenceEqual(given.Body.Span)) return true;
        if (!Redacts || recorded.Type != given.Type || recorded.Codec != Payload.Json || given.Codec != Payload.Json) return false;
        using var before = JsonDocument.Parse(_redaction.Of(recorded).Body);
        using var after = JsonDocument.Parse(_redaction.Of(given).Body);
        return IsSame(before.RootElement, after.RootElement);
    }

    private bool IsSame(JsonElement recorded, JsonElement given)
    {
        if (JsonElement.DeepEquals(recorded, given)) return true;
        if (IsTruth(recorded) && IsTruth(given)) return _kinds.Contains(JsonValueKind.True);
        if (recorded.ValueKind != given.ValueKind) return false;
        switch (recorded.ValueKind)
        {
            case JsonValueKind.Object:
                var properties = recorded.EnumerateObject().ToList();
                return properties.Count == given.EnumerateObject().Count() && properties.All(p => given.TryGetProperty(p.Name, out var other) && IsSame(p.Value, other));
            case JsonValueKind.Array:
                return recorded.GetArrayLength() == given.GetArrayLength() && recorded.EnumerateArray().Zip(given.EnumerateArray()).All(pair => IsSame(pair.First, pair.Second));
            case JsonValueKind.Number:
                return _kinds.Contains(JsonValueKind.Number);
            case JsonValueKind.String:
                return given.GetString()!.Contains(Redaction.Text, StringComparison.Ordinal) || given.GetString()!.Contains("2000-01-01", StringComparison.Ordinal);
            default:
                return false;
        }
    }

    private static bool IsTruth(JsonElement element) => element.ValueKind is JsonValueKind.True or JsonValueKind.False;

    // Which kinds stand-ins are of: seen at the paths in what was redacted.
    private void Kinds(Payload payload)
    {
        using var document = JsonDocument.Parse(payload.Body);
        Gather(document.RootElement);

        void Gather(JsonElement element)
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.Object: foreach (var property in element.EnumerateObject()) Gather(property.Value); break;
                case JsonValueKind.Array: foreach (var item in element.EnumerateArray()) Gather(item); break;
                case JsonValueKind.Number when element.GetRawText() == "0": _kinds.Add(JsonValueKind.Number); break;
                case JsonValueKind.False: _kinds.Add(JsonValueKind.True); break;
            }
        }
    }
}
