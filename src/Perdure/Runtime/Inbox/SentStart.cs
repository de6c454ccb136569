using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// A start that came in at a node without a lane, as it travels to one: checked and encoded where it came in. The request key makes it one instance, however often and wherever it is carried out.
/// </summary>
internal sealed record SentStart(string Workflow, int Version, string Namespace, string Key, string? BusinessKey, SentStart.Input Data, byte[] Hash, string? TraceParent, int Priority,
    ImmutableSortedDictionary<string, string> Attributes)
{
    private const string KeyPrefix = "start:";

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>The version of the map by which it was placed. The first is not said: a start of a node that knows no map is at home where that one puts it.</summary>
    public int? Map { get; init; }

    internal sealed record Input(string Type, string Schema, string Codec, byte[] Body);

    public static byte[] Write(Carried code, PreparedStart start) => JsonSerializer.SerializeToUtf8Bytes(new SentStart(code.Map.Workflow, code.Map.Version, start.Namespace, start.RequestKey, start.BusinessKey,
        new(start.Input.Type, start.Input.Schema, start.Input.Codec, start.Input.Body.ToArray()), start.PayloadHash.ToArray(), start.TraceParent, start.Priority, start.Attributes) { Map = start.Map is 1 ? null : start.Map }, Wire);

    /// <exception cref="JsonException">It is none, or one that this build does not know.</exception>
    public static SentStart Read(ReadOnlyMemory<byte> body) => JsonSerializer.Deserialize<SentStart>(body.Span, Wire) ?? throw new JsonException("The start is null.");

    /// <param name="divided">Whether keys choose among several databases, so that under another version of the map than its own the start is refused and has to be placed anew.</param>
    public PreparedStart Prepared(bool divided) => new(Namespace, Key, BusinessKey, new(Data.Type, Data.Schema, Data.Body, Data.Codec), Hash)
    {
        TraceParent = TraceParent, Priority = Priority, Attributes = Attributes, Map = divided ? Map ?? 1 : null,
    };

    // No instance was made in the first millisecond there is: what is sent there is for the lane of that slot itself.
    /// <summary>To whom a start for a slot's lane is sent.</summary>
    public static InstanceId To(int slot) => new(slot);

    /// <summary>The key in the inbox: each request stands for itself.</summary>
    public static string KeyOf(ReadOnlySpan<byte> unique) => $"{KeyPrefix}{Convert.ToHexStringLower(unique)}";

    // What a parent asks a lane for has a key that begins alike and goes on with its child's.
    public static bool IsOne(InboxMessage message) =>
        message.To.Value < InstanceId.Slots && message.Key.StartsWith(KeyPrefix, StringComparison.Ordinal) && message.Key.AsSpan(KeyPrefix.Length).IndexOfAnyExcept(HexDigits) < 0;

    public static byte[] Write(StartAnswer answer) => JsonSerializer.SerializeToUtf8Bytes(answer switch
    {
        StartAnswer.Accepted made => new Answer("accepted") { Instance = made.Instance.Value, Version = made.Version, CreatedAt = made.CreatedAt, Created = made.Created },
        StartAnswer.KeyReused reused => new("key-reused") { Instance = reused.Instance.Value },
        StartAnswer.BusinessKeyTaken taken => new("business-key-taken") { Instance = taken.Instance.Value },
        StartAnswer.Invalid invalid => new("invalid") { Faults = invalid.Faults },
        StartAnswer.Overloaded => new("overloaded"),
        StartAnswer.Unavailable away => new("unavailable") { Code = away.Code, Message = away.Message },
        _ => throw new InvalidOperationException($"A lane does not answer {answer.GetType().Name}."),
    }, Wire);

    public static StartAnswer ReadAnswer(ReadOnlyMemory<byte> body, Carried code, PreparedStart start, TimeSpan retryAfter)
    {
        var answer = JsonSerializer.Deserialize<Answer>(body.Span, JsonSerializerOptions.Web)!;
        return answer.Is switch
        {
            "accepted" => new StartAnswer.Accepted(new(answer.Instance), code.Map.Workflow, answer.Version, start.RequestKey, answer.CreatedAt, answer.Created),
            "key-reused" => new StartAnswer.KeyReused(new(answer.Instance)),
            "business-key-taken" => new StartAnswer.BusinessKeyTaken(new(answer.Instance), start.BusinessKey ?? ""),
            "invalid" => new StartAnswer.Invalid(answer.Faults ?? []),
            "overloaded" => new StartAnswer.Overloaded(retryAfter),
            "unavailable" => new StartAnswer.Unavailable(answer.Code ?? "inbox.answer", answer.Message ?? "", retryAfter),
            // A node of the version before takes it for a command that it does not know.
            _ => new StartAnswer.Unavailable("inbox.answer", "The node that owns the lane does not take starts from others yet; ask again.", retryAfter),
        };
    }

    private sealed record Answer(string Is)
    {
        public long Instance { get; init; }
        public int Version { get; init; }
        public DateTimeOffset CreatedAt { get; init; }
        public bool Created { get; init; }
        public string? Code { get; init; }
        public string? Message { get; init; }
        public IReadOnlyList<InputFault>? Faults { get; init; }
    }

    private static readonly JsonSerializerOptions Wire = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
}
