using System.Buffers;
using System.Collections.Immutable;
using System.Text;

namespace Perdure.Kernel.Tests;

/// <summary>Structural equality of what the kernel gives.</summary>
internal static class Same
{
    public static bool Instances(Instance a, Instance b) =>
        Bare(a) == Bare(b)
        && a.Journal.SequenceEqual(b.Journal) && a.Outstanding.SequenceEqual(b.Outstanding) && a.Generations.SequenceEqual(b.Generations)
        && a.Stack.SequenceEqual(b.Stack) && a.Signals.SequenceEqual(b.Signals) && a.Messages.SetEquals(b.Messages)
        && a.Attributes.SequenceEqual(b.Attributes);

    public static void Expect(Instance expected, Instance actual, string what)
    {
        if (!Instances(expected, actual)) Assert.Fail($"{what}\nexpected {Dump(expected)}\nactual   {Dump(actual)}");
    }

    public static string Json(ImmutableArray<Event> events)
    {
        var buffer = new ArrayBufferWriter<byte>();
        EventCodec.Write(buffer, events);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static string Dump(Instance i) =>
        $"{Bare(i)}\n  journal {string.Join("; ", i.Journal.Values)}\n  outstanding {string.Join(", ", i.Outstanding)}\n  generations {string.Join(", ", i.Generations)}"
        + $"\n  stack {string.Join("; ", i.Stack.Values)}\n  signals {string.Join("; ", i.Signals)}\n  messages {string.Join(", ", i.Messages.Order())}";

    private static readonly Instance Nothing = new()
    {
        Id = default, Namespace = "", Workflow = "", WorkflowVersion = 0, RequestKey = "", Input = Payload.Null, StartedAt = default, State = "",
        Data = Payload.Null, EnteredAt = default, VisitsAllowed = 0,
    };

    private static Instance Bare(Instance i) => i with
    {
        Journal = Nothing.Journal, Outstanding = Nothing.Outstanding, Generations = Nothing.Generations, Stack = Nothing.Stack,
        Signals = Nothing.Signals, Messages = Nothing.Messages, Attributes = Nothing.Attributes,
    };
}
