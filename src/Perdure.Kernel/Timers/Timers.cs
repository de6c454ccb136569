namespace Perdure.Kernel;

/// <summary>What happens when a moment comes. Nothing fires early, twice, or after it was cleared.</summary>
internal static class Timers
{
    public static void Fire(Turn turn, Command.FireTimer command)
    {
        var timer = command.Timer;
        if (!IsDue(turn.Instance, timer, turn.At)) return;
        turn.Owe(new Effect.ClearTimer(timer));
        switch (timer.Kind)
        {
            case TimerKind.Deadline: Deadlines.Fire(turn); break;
            case TimerKind.Undo: Undoing.Begin(turn, turn.Instance.Stack[timer.Ordinal]); break;
            case TimerKind.Retry: Attempts.Retry(turn, turn.Instance.Open(timer.Ordinal)!); break;
            case TimerKind.Sleep: turn.Emit(new SleepEnded(timer.Ordinal)); break;
            case TimerKind.Signal: turn.Emit(new SignalTimedOut(timer.Ordinal)); break;
        }
    }

    private static bool IsDue(Instance instance, TimerId timer, DateTimeOffset at)
    {
        var (kind, ordinal) = timer;
        return kind switch
        {
            TimerKind.Deadline => ordinal == instance.Visit && !instance.Ended && instance.Deadline is { Ticks: true } deadline && deadline.Due <= at,
            TimerKind.Undo => Undoing.Waiting(instance) is { } top && top.Ordinal == ordinal && top.UndoDue <= at && !instance.Halted,
            _ => instance.Open(ordinal) is { } entry && Of(entry) == timer && entry.Due <= at && !(kind == TimerKind.Retry && instance.Halted),
        };
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
