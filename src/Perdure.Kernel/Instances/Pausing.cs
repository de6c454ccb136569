namespace Perdure.Kernel;

/// <summary>How an instance stands still and goes on. Standing still, it starts nothing new; what runs may end and is recorded.</summary>
internal static class Pausing
{
    public static void Pause(Turn turn, Command.Pause command)
    {
        var instance = turn.Instance;
        if (instance.Paused) return;
        if (instance.Ended)
        {
            turn.Refuse(RefusalCode.InstanceEnded, $"The instance ended in '{instance.State}'.");
            return;
        }
        var halted = instance.Halted;
        turn.Emit(new Paused(command.By));
        if (!halted) StandStill(turn);
    }

    public static void Resume(Turn turn, Command.Resume command)
    {
        // One that ended is not paused either: resuming may have been what let it end.
        if (!turn.Instance.Paused) return;
        turn.Emit(new Resumed(command.By));
        Proceed(turn);
    }

    /// <summary>Forgets the timers that would start something, and the deadline's where its clock stops. Just halted.</summary>
    public static void StandStill(Turn turn)
    {
        var instance = turn.Instance;
        foreach (var (_, name) in instance.Outstanding)
            if (instance.Journal[name] is { Status: EntryStatus.Retrying } entry) turn.Owe(new Effect.ClearTimer(new(TimerKind.Retry, entry.Ordinal)));
        if (Undoing.Waiting(instance) is { } top) turn.Owe(new Effect.ClearTimer(new(TimerKind.Undo, top.Ordinal)));
        if (instance.Deadline is { Breached: false, Left: not null }) turn.Owe(new Effect.ClearTimer(new(TimerKind.Deadline, instance.Visit)));
    }

    /// <summary>Starts what <see cref="StandStill"/> stopped, unless something else still halts it.</summary>
    public static void Proceed(Turn turn)
    {
        var instance = turn.Instance;
        if (instance.Halted || instance.Ended) return;
        if (instance.Deadline is { ClockStops: true }) Deadlines.Set(turn);
        if (instance.Exit is not null)
        {
            if (Undoing.Waiting(instance) is { } top) Undoing.Continue(turn, top);
            else Exits.Advance(turn);
            return;
        }
        foreach (var (_, name) in instance.Outstanding)
        {
            var entry = instance.Journal[name];
            if (entry.Status == EntryStatus.Retrying) Attempts.Continue(turn, entry);
            // That it could not be started may be why it stood still. A start that is repeated finds the child.
            else if (entry is { Kind: EntryKind.Child, Abandoned: false }) turn.Owe(Children.Start(instance, entry));
        }
        if (Pending.HasBody(turn.Map, turn.Instance)) turn.Owe(new Effect.RunBody(instance.Visit));
    }

    public static Instance Apply(Instance instance, bool paused, DateTimeOffset at) => Deadlines.Clock(instance with { Paused = paused }, at);
}
