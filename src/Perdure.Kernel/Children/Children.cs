using System.Globalization;

namespace Perdure.Kernel;

/// <summary>How sub-workflows are started and awaited.</summary>
internal static class Children
{
    public static void End(Turn turn, Command.EndChild command)
    {
        // Ordinals are never used twice, so the entry itself tells whether this end was taken in.
        if (turn.Instance.Open(command.Ordinal) is not { Kind: EntryKind.Child }) return;
        if (!turn.Instance.Messages.Contains(command.MessageId)) turn.Owe(new Effect.KeepMessage(command.MessageId));
        turn.Emit(new ChildEnded(command.Ordinal, command.MessageId, command.State, command.Result));
        Exits.Advance(turn);
    }

    public static Effect Start(Instance instance, Entry entry) =>
        new Effect.StartChild(entry.Ordinal, entry.Target, entry.Key!, RequestKey(instance, entry), entry.Input!);

    public static Effect Cancel(Instance instance, Entry entry) => new Effect.CancelChild(entry.Ordinal, entry.Target, RequestKey(instance, entry));

    private static string RequestKey(Instance instance, Entry entry) => entry.Generation == 1
        ? string.Create(CultureInfo.InvariantCulture, $"child:{instance.Id}.{instance.Visit}.{entry.Name}")
        : string.Create(CultureInfo.InvariantCulture, $"child{entry.Generation}:{instance.Id}.{instance.Visit}.{entry.Name}");

    public static Instance Apply(Instance instance, ChildIntended e, DateTimeOffset at) =>
        Intents.Add(instance, new(e.Name, EntryKind.Child, e.Ordinal, e.Workflow, e.Input, at) { Key = e.Key, Generation = instance.NextGeneration(e.Name) });

    public static Instance Apply(Instance instance, ChildEnded e)
    {
        var entry = Attempts.Find(instance, e.Ordinal) with { EndedIn = e.State };
        return Attempts.Succeed(instance, entry, e.Result) with { Messages = instance.Messages.Add(e.MessageId) };
    }
}
