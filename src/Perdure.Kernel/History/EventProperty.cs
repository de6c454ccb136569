using System.Collections.Frozen;
using System.Text;
using System.Text.Json;

namespace Perdure.Kernel;

/// <summary>The names of the properties of stored events, encoded once.</summary>
internal static class EventProperty
{
    public static readonly JsonEncodedText Type = JsonEncodedText.Encode("type");
    public static readonly JsonEncodedText Id = JsonEncodedText.Encode("id");
    public static readonly JsonEncodedText Namespace = JsonEncodedText.Encode("namespace");
    public static readonly JsonEncodedText Workflow = JsonEncodedText.Encode("workflow");
    public static readonly JsonEncodedText Version = JsonEncodedText.Encode("version");
    public static readonly JsonEncodedText RequestKey = JsonEncodedText.Encode("requestKey");
    public static readonly JsonEncodedText BusinessKey = JsonEncodedText.Encode("businessKey");
    public static readonly JsonEncodedText Build = JsonEncodedText.Encode("build");
    public static readonly JsonEncodedText State = JsonEncodedText.Encode("state");
    public static readonly JsonEncodedText VisitsAllowed = JsonEncodedText.Encode("visitsAllowed");
    public static readonly JsonEncodedText Due = JsonEncodedText.Encode("due");
    public static readonly JsonEncodedText ClockStops = JsonEncodedText.Encode("clockStops");
    public static readonly JsonEncodedText AtGate = JsonEncodedText.Encode("atGate");
    public static readonly JsonEncodedText Parent = JsonEncodedText.Encode("parent");
    public static readonly JsonEncodedText Ordinal = JsonEncodedText.Encode("ordinal");
    public static readonly JsonEncodedText TraceParent = JsonEncodedText.Encode("traceParent");
    public static readonly JsonEncodedText Priority = JsonEncodedText.Encode("priority");
    public static readonly JsonEncodedText Attributes = JsonEncodedText.Encode("attributes");
    public static readonly JsonEncodedText Input = JsonEncodedText.Encode("input");
    public static readonly JsonEncodedText Name = JsonEncodedText.Encode("name");
    public static readonly JsonEncodedText Operation = JsonEncodedText.Encode("operation");
    public static readonly JsonEncodedText Generation = JsonEncodedText.Encode("generation");
    public static readonly JsonEncodedText CanUndo = JsonEncodedText.Encode("canUndo");
    public static readonly JsonEncodedText AtMostOnce = JsonEncodedText.Encode("atMostOnce");
    public static readonly JsonEncodedText Attempt = JsonEncodedText.Encode("attempt");
    public static readonly JsonEncodedText Result = JsonEncodedText.Encode("result");
    public static readonly JsonEncodedText NextOrdinal = JsonEncodedText.Encode("nextOrdinal");
    public static readonly JsonEncodedText Failure = JsonEncodedText.Encode("failure");
    public static readonly JsonEncodedText Unknown = JsonEncodedText.Encode("unknown");
    public static readonly JsonEncodedText Value = JsonEncodedText.Encode("value");
    public static readonly JsonEncodedText Signal = JsonEncodedText.Encode("signal");
    public static readonly JsonEncodedText MessageId = JsonEncodedText.Encode("messageId");
    public static readonly JsonEncodedText Body = JsonEncodedText.Encode("body");
    public static readonly JsonEncodedText Key = JsonEncodedText.Encode("key");
    public static readonly JsonEncodedText Approved = JsonEncodedText.Encode("approved");
    public static readonly JsonEncodedText By = JsonEncodedText.Encode("by");
    public static readonly JsonEncodedText Why = JsonEncodedText.Encode("why");
    public static readonly JsonEncodedText To = JsonEncodedText.Encode("to");
    public static readonly JsonEncodedText From = JsonEncodedText.Encode("from");
    public static readonly JsonEncodedText DropsMessages = JsonEncodedText.Encode("dropsMessages");
    public static readonly JsonEncodedText Compensates = JsonEncodedText.Encode("compensates");
    public static readonly JsonEncodedText Data = JsonEncodedText.Encode("data");
    public static readonly JsonEncodedText Visit = JsonEncodedText.Encode("visit");
    public static readonly JsonEncodedText Settled = JsonEncodedText.Encode("settled");
    public static readonly JsonEncodedText End = JsonEncodedText.Encode("end");
    public static readonly JsonEncodedText Intents = JsonEncodedText.Encode("intents");
    public static readonly JsonEncodedText Incidents = JsonEncodedText.Encode("incidents");
    public static readonly JsonEncodedText CancelRequested = JsonEncodedText.Encode("cancelRequested");
    public static readonly JsonEncodedText Signals = JsonEncodedText.Encode("signals");
    public static readonly JsonEncodedText Number = JsonEncodedText.Encode("number");
    public static readonly JsonEncodedText Mode = JsonEncodedText.Encode("mode");
    public static readonly JsonEncodedText Reason = JsonEncodedText.Encode("reason");
    public static readonly JsonEncodedText Unclean = JsonEncodedText.Encode("unclean");
    public static readonly JsonEncodedText Schema = JsonEncodedText.Encode("schema");
    public static readonly JsonEncodedText Codec = JsonEncodedText.Encode("codec");
    public static readonly JsonEncodedText Base64 = JsonEncodedText.Encode("base64");
    public static readonly JsonEncodedText Code = JsonEncodedText.Encode("code");
    public static readonly JsonEncodedText Message = JsonEncodedText.Encode("message");
    public static readonly JsonEncodedText Transient = JsonEncodedText.Encode("transient");
    public static readonly JsonEncodedText Conclusive = JsonEncodedText.Encode("conclusive");
    public static readonly JsonEncodedText Causes = JsonEncodedText.Encode("causes");
    public static readonly JsonEncodedText StackTrace = JsonEncodedText.Encode("stack");

    private static readonly string[] Known =
    [
        "type", "id", "namespace", "workflow", "version", "requestKey", "businessKey", "state", "visitsAllowed", "due",
        "clockStops", "atGate", "parent", "ordinal", "traceParent", "priority", "attributes", "input", "name", "operation",
        "generation", "canUndo", "atMostOnce", "attempt", "result", "nextOrdinal", "failure", "unknown", "value", "signal",
        "messageId", "body", "key", "approved", "by", "why", "to", "from", "compensates", "dropsMessages", "data",
        "visit", "settled", "end", "intents", "incidents", "cancelRequested", "signals", "number", "mode", "reason",
        "unclean", "schema", "codec", "base64", "code", "message", "transient", "conclusive", "causes", "stack", "build",
    ];

    // Each name at the place that its length and three of its letters say, or behind it: far more places than names.
    private static readonly string?[] Places = PlaceAll();

    private const int Mask = 1023;

    private static int Place(int length, int first, int middle, int last) => (length * 131 + first * 31 + middle * 17 + last * 7) & Mask;

    private static string?[] PlaceAll()
    {
        var places = new string?[Mask + 1];
        foreach (var name in Known)
        {
            var place = Place(name.Length, name[0], name[name.Length / 2], name[^1]);
            while (places[place] is not null) place = (place + 1) & Mask;
            places[place] = name;
        }
        return places;
    }

    /// <summary>The name that stands there, without a new string for it; null where it is none of ours.</summary>
    public static string? Text(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty) return null;
        for (var place = Place(name.Length, name[0], name[name.Length / 2], name[^1]); Places[place] is { } known; place = (place + 1) & Mask)
            if (Ascii.Equals(name, known)) return known;
        return null;
    }

    private static readonly FrozenDictionary<Type, JsonEncodedText> Names =
        EventTypes.All.ToFrozenDictionary(name => EventTypes.TypeOf(name)!, name => JsonEncodedText.Encode(name));

    public static JsonEncodedText NameOf(Event @event) => Names[@event.GetType()];
}
