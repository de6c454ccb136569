namespace Perdure.Kernel;

/// <summary>How a node takes an instance up from the store: whatever ran may have happened, and who dies again and again is put aside.</summary>
internal static class Recovery
{
    public static void TakeUp(Turn turn, Command.Recover command)
    {
        if (turn.Instance.Ended) return;
        var running = Runs(turn.Instance);
        var counts = command.Unclean && (running || WorksAt(turn.Map, turn.Instance, turn.At));

        foreach (var (_, name) in turn.Instance.Outstanding)
        {
            var entry = turn.Instance.Journal[name];
            if (entry is not { Kind: EntryKind.Step, Status: EntryStatus.Running }) continue;
            if (Exits.IsGivenUp(turn.Instance, entry)) Exits.Cancel(turn, entry, unknown: true, Lost);
            else if (entry.AtMostOnce) turn.Emit(new StepParked(entry.Ordinal, entry.Attempt, Lost));
        }
        if (counts && turn.Instance.Incident is null && turn.Instance.Recoveries >= turn.Limits.Recoveries)
            Incidents.Raise(turn, new(FailureCode.Quarantined, $"The node died {turn.Instance.Recoveries + 1} times while this instance was at work, without progress in between."), 0);
        Incidents.RaiseForParked(turn);
        var otherBuild = turn.Map.Build != turn.Instance.Build && Pending.HasBody(turn.Map, turn.Instance);
        if (running || counts || otherBuild) turn.Emit(new Recovered(counts) { Build = turn.Map.Build });
        Exits.Advance(turn);

        turn.DropWhatIsPending();
        Pending.Gather(turn.Map, turn.Instance, turn.Owe);
    }

    private static readonly Failure Lost = new(FailureCode.AttemptLost, "The node stopped while the attempt ran.", Transient: true, Unknown: true);

    private static bool Runs(Instance instance)
    {
        foreach (var (_, name) in instance.Outstanding)
            if (instance.Journal[name] is { Kind: EntryKind.Step, Status: EntryStatus.Running }) return true;
        return Undoing.Top(instance) is { UndoRunning: true };
    }

    // A body works when nothing is awaited, or when what it awaited has come: the commit that says so may be what never succeeded.
    private static bool WorksAt(MapDefinition map, Instance instance, DateTimeOffset at)
    {
        if (!Pending.HasBody(map, instance)) return false;
        if (instance.Outstanding.IsEmpty) return true;
        foreach (var (_, name) in instance.Outstanding)
            if (instance.Journal[name].Due <= at) return true;
        return false;
    }

    public static Instance Apply(Instance instance, Recovered e, DateTimeOffset at)
    {
        var journal = instance.Journal;
        foreach (var (_, name) in instance.Outstanding)
        {
            var entry = journal[name];
            if (entry is not { Kind: EntryKind.Step, Status: EntryStatus.Running }) continue;
            // A policy bounds how often the downstream is tried; nodes that come and go do not use it up. Standing still, it starts nothing: the next attempt waits until it goes on.
            entry = entry with { EverUnknown = true, Spent = entry.Spent + 1 };
            journal = journal.Set(name, instance.Halted ? entry with { Status = EntryStatus.Retrying, Due = at } : entry with { Attempt = entry.Attempt + 1 });
        }
        return instance with
        {
            Journal = journal,
            Stack = Undoing.Top(instance) is { UndoRunning: true } top
                ? instance.Stack.Set(top.Ordinal, instance.Halted
                    ? top with { UndoSpent = top.UndoSpent + 1, UndoRunning = false, UndoDue = at }
                    : top with { UndoSpent = top.UndoSpent + 1, UndoAttempt = top.UndoAttempt + 1 })
                : instance.Stack,
            Build = e.Build ?? instance.Build,
            Recoveries = e.Unclean ? instance.Recoveries + 1 : instance.Recoveries,
        };
    }
}
