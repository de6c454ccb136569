namespace Perdure.Kernel;

/// <summary>What happens when a moment comes. Nothing fires early, twice, or after it was cleared.</summary>
internal static class Timers
{
    public static void Fire(Turn turn, Command.FireTimer command)
    {
        var (kind, ordinal) = command.Timer;
        switch (kind)
        {
            case TimerKind.Deadline:
                Deadlines.Fire(turn, ordinal);
                return;
            case TimerKind.Undo:
                if (Undoing.Waiting(turn.Instance) is { } top && top.Ordinal == ordinal && top.UndoDue <= turn.At && !turn.Instance.Halted) Undoing.Begin(turn, top);
                return;
        }
        if (turn.Instance.Open(ordinal) is not { } entry || Of(entry) != command.Timer || !(entry.Due <= turn.At)) return;
        switch (kind)
        {
            case TimerKind.Retry when !turn.Instance.Halted: Attempts.Retry(turn, entry); break;
            case TimerKind.Sleep: turn.Emit(new SleepEnded(ordinal)); break;
            case TimerKind.Signal: turn.Emit(new SignalTimedOut(ordinal)); break;
        }
    }

    /// <summary>The timer that an outstanding entry waits for; null where it waits for none.</summary>
    public static TimerId? Of(Entry entry) => entry switch
    {
        { Due: null } or { IsDone: true } => null,
        { Status: EntryStatus.Retrying } => new(TimerKind.Retry, entry.Ordinal),
        { Kind: EntryKind.Sleep } => new(TimerKind.Sleep, entry.Ordinal),
        { Kind: EntryKind.Signal } => new(TimerKind.Signal, entry.Ordinal),
        _ => null,
    };

    public static void Sleep(Turn turn, int ordinal, Intent.Sleep sleep)
    {
        var due = Moment.After(turn.At, sleep.Time);
        turn.Emit(new SleepBegan(ordinal, sleep.Name, due));
        turn.Owe(new Effect.SetTimer(new(TimerKind.Sleep, ordinal), due));
    }

    public static Instance Apply(Instance instance, SleepBegan e, DateTimeOffset at) =>
        Intents.Add(instance, new(e.Name, EntryKind.Sleep, e.Ordinal, "", null, at) { Due = e.Due });

    public static Instance Apply(Instance instance, SleepEnded e) =>
        Attempts.Succeed(instance, Attempts.Find(instance, e.Ordinal), null);
}
