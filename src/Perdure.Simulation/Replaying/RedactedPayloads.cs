using System.Globalization;
using Perdure.Kernel;

namespace Perdure.Simulation.Replaying;

/// <summary>The payloads of events: which there are, and each with what is in it put out of sight.</summary>
internal static class RedactedPayloads
{
    /// <summary>The event with its payloads redacted; each property that changed is told.</summary>
    public static Event In(Event @event, Redaction redaction, Action<string> changed)
    {
        return @event switch
        {
            Started e => e with { Input = Of("input", e.Input) },
            StepIntended e => e with { Input = Of("input", e.Input) },
            ChildIntended e => e with { Input = Of("input", e.Input) },
            StepSucceeded e => e with { Result = Of("result", e.Result) },
            ChildEnded e => e with { Result = Of("result", e.Result) },
            Noted e => e with { Value = Of("value", e.Value) },
            SignalReceived e => e with { Body = Of("body", e.Body) },
            ExitBegan { Data: { } data } e => e with { Data = Of("data", data) },
            Transitioned e => e with
            {
                Data = Of("data", e.Data),
                Signals = [.. e.Signals.Select((s, i) => s with { Body = Of(string.Create(CultureInfo.InvariantCulture, $"signals/{i}"), s.Body) })],
            },
            _ => @event,
        };

        Payload Of(string property, Payload payload)
        {
            var redacted = redaction.Of(payload);
            if (!ReferenceEquals(redacted, payload)) changed(property);
            return redacted;
        }
    }

    /// <summary>The payload that a record's line names as <c>0/input</c>; null where it has none.</summary>
    public static Payload? Find(IReadOnlyList<Event> events, string name)
    {
        var parts = name.Split('/');
        if (!int.TryParse(parts[0], CultureInfo.InvariantCulture, out var number) || number < 0 || number >= events.Count) return null;
        return (events[number], parts.ElementAtOrDefault(1)) switch
        {
            (Started e, "input") => e.Input,
            (StepIntended e, "input") => e.Input,
            (ChildIntended e, "input") => e.Input,
            (StepSucceeded e, "result") => e.Result,
            (ChildEnded e, "result") => e.Result,
            (Noted e, "value") => e.Value,
            (SignalReceived e, "body") => e.Body,
            (ExitBegan e, "data") => e.Data,
            (Transitioned e, "data") => e.Data,
            (Transitioned e, "signals") when int.TryParse(parts.ElementAtOrDefault(2), CultureInfo.InvariantCulture, out var i) && i < e.Signals.Length => e.Signals[i].Body,
            _ => null,
        };
    }
}
