using System.Globalization;
using Perdure.Kernel;

namespace Perdure.Simulation.Replaying;

/// <summary>The payloads of events: which there are, and how a record's line names them and the places in them.</summary>
internal static class RedactedPayloads
{
    /// <summary>The event with each of its payloads exchanged for what is given for it and its name.</summary>
    public static Event Each(Event @event, Func<string, Payload, Payload> other) => @event switch
    {
        Started e => e with { Input = other("input", e.Input) },
        StepIntended e => e with { Input = other("input", e.Input) },
        ChildIntended e => e with { Input = other("input", e.Input) },
        StepSucceeded e => e with { Result = other("result", e.Result) },
        ChildEnded e => e with { Result = other("result", e.Result) },
        Noted e => e with { Value = other("value", e.Value) },
        SignalReceived e => e with { Body = other("body", e.Body) },
        ExitBegan { Data: { } data } e => e with { Data = other("data", data) },
        Transitioned e => e with
        {
            Data = other("data", e.Data),
            Signals = [.. e.Signals.Select((s, i) => s with { Body = other(string.Create(CultureInfo.InvariantCulture, $"signals/{i}"), s.Body) })],
        },
        _ => @event,
    };

    /// <summary>A place in a payload of a record: the number of the event, the payload's name, and behind a <c>#</c> the JSON pointer: <c>0/input#/card/number</c>.</summary>
    public static string Name(int @event, string payload, string place) => string.Create(CultureInfo.InvariantCulture, $"{@event}/{payload}#{place}");

    /// <summary>The payloads of a record in which something was put out of sight, as objects, each with the places.</summary>
    /// <param name="events">The record's events.</param>
    /// <param name="names">As the record's line has them; the first format named payloads only, and its places are where the <paramref name="paths"/> lead.</param>
    /// <param name="paths">What was put out of sight.</param>
    /// <param name="found">Told each payload and its places.</param>
    public static void Find(IReadOnlyList<Event> events, IReadOnlyList<string> names, Redaction paths, Action<Payload, IReadOnlySet<string>> found)
    {
        var places = names.Select(name => name.Split('#', 2)).ToLookup(parts => parts[0], parts => parts.ElementAtOrDefault(1), StringComparer.Ordinal);
        for (var number = 0; number < events.Count; number++)
        {
            var prefix = string.Create(CultureInfo.InvariantCulture, $"{number}/");
            Each(events[number], (name, payload) =>
            {
                if (!places.Contains(prefix + name)) return payload;
                IEnumerable<string> hidden = places[prefix + name].OfType<string>().ToList();
                if (!hidden.Any())
                {
                    paths.Of(payload, out var led);
                    hidden = led;
                }
                found(payload, hidden.ToHashSet(StringComparer.Ordinal));
                return payload;
            });
        }
    }
}
