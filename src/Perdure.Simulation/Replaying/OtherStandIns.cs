using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Perdure.Kernel;
using Perdure.Replay;
using Perdure.Runtime;

namespace Perdure.Simulation.Replaying;

/// <summary>
/// Runs each visit a second time with other stand-ins for what was put out of sight. What then comes out otherwise was made from a stand-in, so that it cannot be compared with what was recorded;
/// what comes out alike was not.
/// </summary>
internal sealed partial class OtherStandIns(Carried carried, PayloadCodec codec, RecordedHistory history) : IBodyHost
{
    private readonly Dictionary<string, Payload> _inputs = new(StringComparer.Ordinal);
    private Instance? _instance;

    PayloadCodec IBodyHost.Codec => codec;
    DateTimeOffset IBodyHost.Now => _instance!.EnteredAt;
    double IBodyHost.NextShare() => 0.5;
    Guid IBodyHost.NextId() => Guid.Empty;
    void IBodyHost.Escaped(BodyRun run, string what) { }

    bool IBodyHost.IsSame(Entry entry, Payload given)
    {
        _inputs[entry.Name] = given;
        return true;
    }

    /// <summary>The data that the visit was left with; null where it was not left.</summary>
    public Payload? Data { get; private set; }

    /// <summary>The input of a journaled name; null where it was not asked for.</summary>
    public Payload? Input(string name) => _inputs.GetValueOrDefault(name);

    public void Evolve(Event @event, Record record) => _instance = Decider.Evolve(_instance,
        RedactedPayloads.Each(@event, (_, payload) => history.Redacted.TryGetValue(payload, out var hidden) ? Otherwise(payload, hidden) : payload), record.Version, record.At);

    /// <summary>Runs the visit as it stands.</summary>
    public void Visit(MapState state)
    {
        _inputs.Clear();
        Data = null;
        try
        {
            var body = carried.Workflow.Visit(this, _instance!, state);
            if (codec.Decode(_instance!.Data, state.Type) is not { } data) return;
            object? next = null;
            if (!_instance.AtGate)
            {
                body.Begin(data);
                if (body.HasIntents) body.TakeIntents();
                if (body is { Broken: null, IsCompleted: true }) next = body.Next();
            }
            else if (_instance.Decided is { } decided) next = body.Decide(data, new(decided.Approved, decided.By, decided.Why, decided.At));
            if (next is not null) Data = codec.Encode(next, next.GetType(), next.GetType());
        }
        catch (Exception)
        {
            // The user's code, or values that do not fit its types: what came out until then is what is known. The run with the recorded stand-ins tells of such things.
        }
    }

    private static Payload Otherwise(Payload payload, IReadOnlySet<string> hidden) =>
        payload with { Body = JsonSerializer.SerializeToUtf8Bytes(Otherwise(JsonNode.Parse(payload.Body.Span), hidden, "")) };

    private static JsonNode? Otherwise(JsonNode? node, IReadOnlySet<string> hidden, string place) => node switch
    {
        JsonObject properties => new JsonObject([.. properties.Select(p => KeyValuePair.Create(p.Key, Otherwise(p.Value, hidden, Redaction.Within(place, p.Key))))]),
        JsonArray items => new JsonArray([.. items.Select((item, i) => Otherwise(item, hidden, Redaction.Within(place, i)))]),
        { } value when hidden.Contains(place) => value.GetValueKind() switch
        {
            JsonValueKind.String => JsonValue.Create(Otherwise(value.GetValue<string>())),
            JsonValueKind.Number => JsonValue.Create(100),
            _ => JsonValue.Create(true),
        },
        _ => node?.DeepClone(),
    };

    /// <summary>A moment, an id and a span of time stay one.</summary>
    private static string Otherwise(string standIn) =>
        Form().IsMatch(standIn) ? Guid.TryParseExact(standIn, "D", out _) ? "11111111-1111-1111-1111-111111111111" : Moment().Replace(standIn, "2001-02-03").Replace("00:00", "11:11", StringComparison.Ordinal)
        : standIn + " otherwise";

    [GeneratedRegex(@"^[\d:.+TZ-]+$")]
    private static partial Regex Form();

    [GeneratedRegex(@"^2000-01-01")]
    private static partial Regex Moment();
}
