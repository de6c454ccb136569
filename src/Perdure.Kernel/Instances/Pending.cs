namespace Perdure.Kernel;

/// <summary>What is owed to an instance as it stands.</summary>
internal static class Pending
{
    public static void Gather(MapDefinition map, Instance instance, Action<Effect> owe)
    {
        if (instance.Ended) return;
        if (instance.Deadline is { Ticks: true } deadline) owe(new Effect.SetTimer(new(TimerKind.Deadline, instance.Visit), deadline.Due));
        foreach (var (_, name) in instance.Outstanding) Gather(instance, instance.Journal[name], owe);
        if (Undoing.Top(instance) is { } top)
        {
            if (top.UndoRunning) owe(Undoing.Start(instance, top));
            else if (top.UndoDue is { } due && !instance.Halted) owe(new Effect.SetTimer(new(TimerKind.Undo, top.Ordinal), due));
        }
        if (HasBody(map, instance)) owe(new Effect.RunBody(instance.Visit));
    }

    private static void Gather(Instance instance, Entry entry, Action<Effect> owe)
    {
        switch (entry)
        {
            case { Kind: EntryKind.Child }:
                // Its start was owed first, and only what exists can be cancelled.
                owe(Children.Start(instance, entry));
                if (Exits.IsGivenUp(instance, entry)) owe(Children.Cancel(instance, entry));
                break;
            case { Kind: EntryKind.Step, Status: EntryStatus.Running }:
                if (Exits.IsGivenUp(instance, entry)) owe(new Effect.CancelAttempt(entry.Ordinal));
                else if (!instance.Halted) owe(Attempts.Start(instance, entry));
                break;
            case { Status: EntryStatus.Retrying } when instance.Halted:
                break;
            default:
                if (Timers.Of(entry) is { } timer) owe(new Effect.SetTimer(timer, entry.Due!.Value));
                break;
        }
    }

    /// <summary>Whether <see cref="Gather(MapDefinition, Instance, Action{Effect})"/> gives effects of this kind.</summary>
    public static bool Gives(Effect effect) => effect is Effect.SetTimer or Effect.RunBody or Effect.StartAttempt or Effect.CancelAttempt
        or Effect.StartUndo or Effect.StartChild or Effect.CancelChild;

    /// <summary>Whether a body, or a gate's decision, is to be run now.</summary>
    public static bool HasBody(MapDefinition map, Instance instance) =>
        instance.Heeds(instance.Visit) && map.Find(instance.State) is { IsEnd: false };
}
