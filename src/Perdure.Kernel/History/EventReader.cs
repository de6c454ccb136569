using System.Collections.Immutable;
using System.Text.Json;

namespace Perdure.Kernel;

/// <summary>Reads events: the properties of one object are gathered, then its type says which of them it is made of.</summary>
internal static class EventReader
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 10_000 };

    public static ImmutableArray<Event> Read(ReadOnlyMemory<byte> memory)
    {
        try
        {
            var reader = new Utf8JsonReader(memory.Span, Options);
            Expect(reader.Read() && reader.TokenType == JsonTokenType.StartArray, "A record is an array of events.");
            var events = ImmutableArray.CreateBuilder<Event>(2);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                Expect(reader.TokenType == JsonTokenType.StartObject, "An event is an object.");
                var fields = new EventFields();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var property = Property(ref reader);
                    Gather(ref reader, memory, ref fields, property);
                }
                events.Add(fields.Make());
            }
            Expect(!reader.Read(), "There is something behind the events.");
            return events.DrainToImmutable();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new HistoryFormatException($"The events cannot be read: {e.Message}", e);
        }
    }

    private static void Gather(ref Utf8JsonReader reader, ReadOnlyMemory<byte> memory, ref EventFields f, string property)
    {
        switch (property)
        {
            case "type": f.Type = KnownTexts.Read(ref reader); break;
            case "ordinal": f.Ordinal = reader.GetInt32(); break;
            case "attempt": f.Attempt = reader.GetInt32(); break;
            case "generation": f.Generation = reader.GetInt32(); break;
            case "nextOrdinal": f.NextOrdinal = reader.GetInt32(); break;
            case "number": f.Number = reader.GetInt32(); break;
            case "visit": f.Visit = reader.GetInt32(); break;
            case "version": f.Version = reader.GetInt32(); break;
            case "visitsAllowed": f.VisitsAllowed = reader.GetInt32(); break;
            case "priority": f.Priority = reader.GetInt32(); break;
            case "intents": f.Intents = reader.GetInt32(); break;
            case "incidents": f.Incidents = reader.GetInt32(); break;
            case "id": f.Id = Id(ref reader); break;
            case "namespace": f.Namespace = KnownTexts.Read(ref reader); break;
            case "workflow": f.Workflow = KnownTexts.Read(ref reader); break;
            case "requestKey": f.RequestKey = reader.GetString(); break;
            case "businessKey": f.BusinessKey = reader.GetString(); break;
            case "traceParent": f.TraceParent = reader.GetString(); break;
            case "build": f.Build = KnownTexts.Read(ref reader); break;
            case "state": f.State = KnownTexts.Read(ref reader); break;
            case "from": f.From = KnownTexts.Read(ref reader); break;
            case "to": f.To = KnownTexts.Read(ref reader); break;
            case "name": f.Name = KnownTexts.Read(ref reader); break;
            case "operation": f.Operation = KnownTexts.Read(ref reader); break;
            case "signal": f.Signal = KnownTexts.Read(ref reader); break;
            case "messageId": f.MessageId = reader.GetString(); break;
            case "key": f.Key = reader.GetString(); break;
            case "by": f.By = reader.GetString(); break;
            case "why": f.Why = reader.GetString(); break;
            case "reason": f.Reason = reader.GetString(); break;
            case "mode": f.Mode = reader.GetString() switch
            {
                "accept" => RetryMode.Accept,
                "restart-visit" => RetryMode.RestartVisit,
                var other => throw new HistoryFormatException($"There is no retry mode '{other}'."),
            }; break;
            case "due": f.Due = new DateTimeOffset(reader.GetDateTime().ToUniversalTime()); break;
            case "clockStops": f.ClockStops = reader.GetBoolean(); break;
            case "atGate": f.AtGate = reader.GetBoolean(); break;
            case "canUndo": f.CanUndo = reader.GetBoolean(); break;
            case "atMostOnce": f.AtMostOnce = reader.GetBoolean(); break;
            case "unknown": f.Unknown = reader.GetBoolean(); break;
            case "approved": f.Approved = reader.GetBoolean(); break;
            case "dropsMessages": f.DropsMessages = reader.GetBoolean(); break;
            case "compensates": f.Compensates = reader.GetBoolean(); break;
            case "settled": f.Settled = reader.GetBoolean(); break;
            case "end": f.End = reader.GetBoolean(); break;
            case "cancelRequested": f.CancelRequested = reader.GetBoolean(); break;
            case "unclean": f.Unclean = reader.GetBoolean(); break;
            case "input": f.Input = ReadPayload(ref reader, memory); break;
            case "result": f.Result = ReadPayload(ref reader, memory); break;
            case "value": f.Value = ReadPayload(ref reader, memory); break;
            case "data": f.Data = ReadPayload(ref reader, memory); break;
            case "body": f.Body = ReadPayload(ref reader, memory); break;
            case "failure": f.Failure = ReadFailure(ref reader); break;
            case "parent": f.Parent = ReadParent(ref reader); break;
            case "attributes": f.Attributes = ReadAttributes(ref reader); break;
            case "signals": f.Signals = ReadSignals(ref reader, memory); break;
            default: throw new HistoryFormatException($"An event has no property '{property}'.");
        }
    }

    private static Payload ReadPayload(ref Utf8JsonReader reader, ReadOnlyMemory<byte> memory)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, "A payload is an object.");
        string? type = null, schema = "", codec = Payload.Json;
        ReadOnlyMemory<byte>? body = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            switch (Property(ref reader))
            {
                case "type": type = KnownTexts.Read(ref reader); break;
                case "schema": schema = KnownTexts.Read(ref reader); break;
                case "codec": codec = KnownTexts.Read(ref reader); break;
                case "base64": body = reader.GetBytesFromBase64(); break;
                case "value": body = Raw(ref reader, memory); break;
                case var other: throw new HistoryFormatException($"A payload has no property '{other}'.");
            }
        }
        return new(Need(type, "type"), Need(schema, "schema"), body ?? throw Missing("value"), Need(codec, "codec"));
    }

    // The bytes of the value at hand as they stand.
    private static ReadOnlyMemory<byte> Raw(ref Utf8JsonReader reader, ReadOnlyMemory<byte> memory)
    {
        var begin = (int)reader.TokenStartIndex;
        reader.Skip();
        return memory[begin..(int)reader.BytesConsumed];
    }

    private static Failure ReadFailure(ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, "A failure is an object.");
        string? code = null, message = null, stack = null;
        var (transient, unknown, conclusive) = (false, false, false);
        ImmutableArray<Cause> causes = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            switch (Property(ref reader))
            {
                case "code": code = KnownTexts.Read(ref reader); break;
                case "message": message = reader.GetString(); break;
                case "transient": transient = reader.GetBoolean(); break;
                case "unknown": unknown = reader.GetBoolean(); break;
                case "conclusive": conclusive = reader.GetBoolean(); break;
                case "stack": stack = reader.GetString(); break;
                case "causes": causes = ReadCauses(ref reader); break;
                case var other: throw new HistoryFormatException($"A failure has no property '{other}'.");
            }
        }
        return new(Need(code, "code"), Need(message, "message"), transient, unknown) { Conclusive = conclusive, Causes = causes, Stack = stack };
    }

    private static ImmutableArray<Cause> ReadCauses(ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, "Causes are an array.");
        var causes = ImmutableArray.CreateBuilder<Cause>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(reader.TokenType == JsonTokenType.StartObject, "A cause is an object.");
            string? type = null, message = null;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                switch (Property(ref reader))
                {
                    case "type": type = reader.GetString(); break;
                    case "message": message = reader.GetString(); break;
                    case var other: throw new HistoryFormatException($"A cause has no property '{other}'.");
                }
            }
            causes.Add(new(Need(type, "type"), Need(message, "message")));
        }
        return causes.DrainToImmutable();
    }

    private static Parent ReadParent(ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, "A parent is an object.");
        InstanceId? id = null;
        int? ordinal = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            switch (Property(ref reader))
            {
                case "id": id = Id(ref reader); break;
                case "ordinal": ordinal = reader.GetInt32(); break;
                case var other: throw new HistoryFormatException($"A parent has no property '{other}'.");
            }
        }
        return new(id ?? throw Missing("id"), ordinal ?? throw Missing("ordinal"));
    }

    private static ImmutableSortedDictionary<string, string> ReadAttributes(ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, "Attributes are an object.");
        var attributes = ImmutableSortedDictionary.CreateBuilder<string, string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString()!;
            reader.Read();
            attributes[name] = Need(reader.GetString(), name);
        }
        return attributes.ToImmutable();
    }

    private static ImmutableArray<BufferedSignal> ReadSignals(ref Utf8JsonReader reader, ReadOnlyMemory<byte> memory)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, "Signals are an array.");
        var signals = ImmutableArray.CreateBuilder<BufferedSignal>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(reader.TokenType == JsonTokenType.StartObject, "A signal is an object.");
            string? name = null, messageId = null;
            Payload? body = null;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                switch (Property(ref reader))
                {
                    case "name": name = reader.GetString(); break;
                    case "messageId": messageId = reader.GetString(); break;
                    case "body": body = ReadPayload(ref reader, memory); break;
                    case var other: throw new HistoryFormatException($"A signal has no property '{other}'.");
                }
            }
            signals.Add(new(Need(name, "name"), Need(messageId, "messageId"), body ?? throw Missing("body")));
        }
        return signals.DrainToImmutable();
    }

    // The name of the property at hand; the reader goes on to its value.
    private static string Property(ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.PropertyName, "A property is expected.");
        var name = EventProperty.Text(reader.ValueSpan) ?? throw new HistoryFormatException($"There is no property '{reader.GetString()}'.");
        reader.Read();
        return name;
    }

    private static InstanceId Id(ref Utf8JsonReader reader) =>
        InstanceId.TryParse(reader.GetString(), out var id) ? id : throw new HistoryFormatException($"'{reader.GetString()}' is not the id of an instance.");

    private static void Expect(bool condition, string message)
    {
        if (!condition) throw new HistoryFormatException(message);
    }

    internal static string Need(string? value, string name) => value ?? throw Missing(name);

    internal static HistoryFormatException Missing(string name) => new($"The property '{name}' is missing.");
}
