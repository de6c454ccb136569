namespace Perdure.Kernel;

/// <summary>How a state is left: what is outstanding is given up or awaited, then the stack is undone where the exit compensates, then the transition follows.</summary>
internal static class Exits
{
    public static void Begin(Turn turn, string to, Payload? data, bool compensates)
    {
        var leaving = turn.Instance.Exit is not null;
        turn.Emit(new ExitBegan(to, data, compensates));
        if (!leaving) GiveUpAll(turn);
        Advance(turn);
    }

    /// <summary>Takes the next step out of the state, if it can be taken now.</summary>
    public static void Advance(Turn turn)
    {
        var instance = turn.Instance;
        if (instance.Exit is not { } exit || instance.Halted || !instance.Outstanding.IsEmpty) return;
        if (Undoing.Top(instance) is { } top)
        {
            if (!top.UndoRunning && top.UndoDue is null) Undoing.Begin(turn, top);
        }
        else if (exit.Restarts) Restarts.Go(turn);
        else Transitions.Go(turn, exit.To, exit.Data ?? Payload.Null);
    }

    /// <summary>A body gives up some of what it asked for.</summary>
    public static void Abandon(Turn turn, Command.Abandon command)
    {
        if (!turn.Instance.Heeds(command.Visit)) return;
        foreach (var name in command.Names)
        {
            if (!turn.Instance.Journal.TryGetValue(name, out var entry) || entry.IsDone || entry.Abandoned || entry.Status == EntryStatus.Parked) continue;
            if (IsAwaited(entry)) turn.Emit(new StepAbandoned(entry.Ordinal));
            GiveUp(turn, entry);
        }
    }

    /// <summary>Gives up everything that is outstanding.</summary>
    public static void GiveUpAll(Turn turn)
    {
        foreach (var (_, name) in turn.Instance.Outstanding) GiveUp(turn, turn.Instance.Journal[name]);
    }

    /// <summary>Whether the entry's end has to be awaited although nobody wants it any more: something runs outside.</summary>
    public static bool IsAwaited(Entry entry) => entry.Status == EntryStatus.Running && entry.Kind is EntryKind.Step or EntryKind.Child;

    /// <summary>Whether nothing more is started for the entry, because the visit is being left or the body gave it up.</summary>
    public static bool IsGivenUp(Instance instance, Entry entry) => instance.Exit is not null || entry.Abandoned;

    private static void GiveUp(Turn turn, Entry entry)
    {
        if (!IsAwaited(entry)) Cancel(turn, entry, entry.Kind == EntryKind.Step && entry.EverUnknown, null);
        else if (entry.Kind == EntryKind.Step) turn.Owe(new Effect.CancelAttempt(entry.Ordinal));
        else turn.Owe(Children.Cancel(turn.Instance, entry));
    }

    /// <summary>Ends an entry without a result.</summary>
    public static void Cancel(Turn turn, Entry entry, bool unknown, Failure? failure)
    {
        if (Timers.Of(entry) is { } timer) turn.Owe(new Effect.ClearTimer(timer));
        turn.Emit(new StepCancelled(entry.Ordinal, unknown) { Failure = failure });
        Undoing.LeaveIfGone(turn, entry);
    }

    public static Instance Apply(Instance instance, ExitBegan e) => instance with { Exit = new(e.To, e.Data, e.Compensates) };

    public static Instance Apply(Instance instance, StepAbandoned e)
    {
        var entry = Attempts.Find(instance, e.Ordinal);
        return instance with { Journal = instance.Journal.Set(entry.Name, entry with { Abandoned = true }) };
    }

    public static Instance Apply(Instance instance, StepCancelled e)
    {
        var entry = Attempts.Find(instance, e.Ordinal);
        var unknown = e.Unknown || (e.Failure is { } failure ? entry.MayHaveHappened(failure) : entry.EverUnknown);
        return instance with
        {
            Journal = instance.Journal.Set(entry.Name, entry with
            {
                Status = EntryStatus.Cancelled, EverUnknown = unknown, Failure = e.Failure ?? entry.Failure, Due = null, DoneAs = instance.Outcomes + 1,
            }),
            Outstanding = instance.Outstanding.Remove(e.Ordinal),
            Outcomes = instance.Outcomes + 1,
            Stack = unknown ? instance.Stack : instance.Stack.Remove(e.Ordinal),
        };
    }
}
