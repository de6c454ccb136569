namespace Perdure.Kernel;

/// <summary>How what was or may have been done is undone: one at a time, the highest ordinal first, again until it succeeds.</summary>
internal static class Undoing
{
    /// <summary>Starts the next attempt.</summary>
    public static void Begin(Turn turn, StackEntry top)
    {
        turn.Emit(new UndoBegan(top.Ordinal, top.UndoAttempt + 1));
        turn.Owe(Start(turn.Instance, turn.Instance.Stack[top.Ordinal]));
    }

    /// <summary>Goes on with an undo that waits: at once when it is due, else when it will be.</summary>
    public static void Continue(Turn turn, StackEntry top)
    {
        if (top.UndoDue <= turn.At) Begin(turn, top);
        else turn.Owe(new Effect.SetTimer(new(TimerKind.Undo, top.Ordinal), top.UndoDue!.Value));
    }

    public static void End(Turn turn, Command.EndUndo command)
    {
        if (Top(turn.Instance) is not { UndoRunning: true } top || top.Ordinal != command.Ordinal || top.UndoAttempt != command.Attempt) return;
        if (command.Failure is not { } failure)
        {
            turn.Emit(new UndoSucceeded(top.Ordinal, top.UndoAttempt));
            turn.Owe(new Effect.LeaveStack(top.Ordinal));
            Exits.Advance(turn);
        }
        else if (failure.Transient && Backoff.Next(command.Policy, command.Jitter, top.UndoAttempt - top.UndoSpent, top.UndoFirstAt ?? turn.At, turn.At) is { } due)
        {
            turn.Emit(new UndoRetryScheduled(top.Ordinal, top.UndoAttempt, failure, due));
            if (!turn.Instance.Halted) turn.Owe(new Effect.SetTimer(new(TimerKind.Undo, top.Ordinal), due));
        }
        else Incidents.Raise(turn, Incidents.Because(FailureCode.UndoFailed, $"'{top.Name}' of visit {top.Visit} could not be undone: {failure.Message}", failure), top.Ordinal);
    }

    /// <summary>Takes an entry's token off the rows of the stack, if the last event took it off the stack.</summary>
    public static void LeaveIfGone(Turn turn, Entry entry)
    {
        if (entry.CanUndo && !turn.Instance.Stack.ContainsKey(entry.Ordinal)) turn.Owe(new Effect.LeaveStack(entry.Ordinal));
    }

    public static Effect Start(Instance instance, StackEntry entry) =>
        new Effect.StartUndo(entry.Ordinal, entry.UndoAttempt, entry.Operation, instance.TokenOf(entry), entry.IntendedAt);

    /// <summary>What is undone now, or next; null while nothing is.</summary>
    public static StackEntry? Top(Instance instance) =>
        instance.Compensating && instance.Outstanding.IsEmpty && !instance.Stack.IsEmpty && IsConcerned(instance, instance.Stack.Last.Value) ? instance.Stack.Last.Value : null;

    // A visit that begins anew undoes what it did, and nothing of those before it.
    private static bool IsConcerned(Instance instance, StackEntry entry) => instance.Exit is { Restarts: false } || entry.Visit == instance.Visit;

    /// <summary>The undo that waits for its next attempt; null where none does.</summary>
    public static StackEntry? Waiting(Instance instance) => Top(instance) is { UndoDue: not null } top ? top : null;

    public static Instance Apply(Instance instance, UndoBegan e, DateTimeOffset at) => instance.Stack.TryGetValue(e.Ordinal, out var entry)
        ? instance with
        {
            Stack = instance.Stack.Set(e.Ordinal, entry with { UndoAttempt = e.Attempt, UndoRunning = true, UndoFirstAt = entry.UndoFirstAt ?? at, UndoDue = null }),
        }
        : instance;

    public static Instance Apply(Instance instance, UndoSucceeded e) => instance with { Stack = instance.Stack.Remove(e.Ordinal), Recoveries = 0 };

    public static Instance Apply(Instance instance, UndoRetryScheduled e) => instance.Stack.TryGetValue(e.Ordinal, out var entry)
        ? instance with { Stack = instance.Stack.Set(e.Ordinal, entry with { UndoRunning = false, UndoDue = e.Due, UndoFailure = e.Failure }), Recoveries = 0 }
        : instance;

    /// <summary>The instance whose undo failed for good.</summary>
    public static Instance Stop(Instance instance, int ordinal, Failure failure) => instance.Stack.TryGetValue(ordinal, out var entry)
        ? instance with { Stack = instance.Stack.Set(ordinal, entry with { UndoRunning = false, UndoDue = null, UndoFailure = failure }) }
        : instance;

    /// <summary>The instance whose operator has that undo tried again.</summary>
    public static Instance Renew(Instance instance, int ordinal) => instance.Stack.TryGetValue(ordinal, out var entry)
        ? instance with { Stack = instance.Stack.Set(ordinal, entry with { UndoSpent = entry.UndoAttempt, UndoFirstAt = null }) }
        : instance;
}
