namespace Perdure.Kernel;

/// <summary>How attempts of steps end: success, definite failure, or unknown; and what follows.</summary>
internal static class Attempts
{
    public static void End(Turn turn, Command.EndAttempt command)
    {
        if (turn.Instance.Open(command.Ordinal) is not { } entry || entry.Attempt != command.Attempt || !Exits.IsAwaited(entry)) return;
        switch (command.Outcome)
        {
            case Outcome.Success success when entry.Kind == EntryKind.Step: Succeed(turn, entry, success.Result); break;
            case Outcome.Failed failed: Fail(turn, command, entry, failed.Failure); break;
        }
        Exits.Advance(turn);
    }

    private static void Succeed(Turn turn, Entry entry, Payload result)
    {
        if (result.Body.Length <= turn.Limits.PayloadBytes)
        {
            turn.Emit(new StepSucceeded(entry.Ordinal, entry.Attempt, result));
            return;
        }
        // It happened, and there is nothing to journal: not run again without a person, and undone with the rest.
        var failure = new Failure(FailureCode.PayloadTooLarge, $"The result of '{entry.Name}' has {result.Body.Length} bytes; {turn.Limits.PayloadBytes} are allowed.", Unknown: true);
        if (Exits.IsGivenUp(turn.Instance, entry)) Exits.Cancel(turn, entry, unknown: true, failure);
        else Park(turn, entry, failure);
    }

    private static void Fail(Turn turn, Command.EndAttempt command, Entry entry, Failure failure)
    {
        if (Exits.IsGivenUp(turn.Instance, entry)) Exits.Cancel(turn, entry, failure.Unknown, failure);
        else if (entry is { Kind: EntryKind.Step, AtMostOnce: true } && (failure.Unknown || failure.Transient) && entry.MayHaveHappened(failure)) Park(turn, entry, failure);
        else if (entry.Kind == EntryKind.Step && failure.Transient
            && Backoff.Next(command.Policy, command.Jitter, entry.Attempt - entry.Spent, entry.FirstAt, turn.At) is { } due) Reschedule(turn, entry, failure, due);
        else
        {
            turn.Emit(new StepFailed(entry.Ordinal, entry.Attempt, failure));
            Undoing.LeaveIfGone(turn, entry);
        }
    }

    private static void Park(Turn turn, Entry entry, Failure failure)
    {
        turn.Emit(new StepParked(entry.Ordinal, entry.Attempt, failure));
        Incidents.RaiseForParked(turn);
    }

    private static void Reschedule(Turn turn, Entry entry, Failure failure, DateTimeOffset due)
    {
        // A definite answer belongs to its token for ever, so the next attempt needs another; while any attempt under it may have happened it must be the same one.
        int? next = entry.MayHaveHappened(failure) ? null : turn.Instance.Intents + 1;
        turn.Emit(new StepRetryScheduled(entry.Ordinal, entry.Attempt, failure, due, next));
        if (next is { } ordinal)
        {
            var instance = turn.Instance;
            var intendedAt = entry.CanUndo ? instance.Stack[ordinal].IntendedAt : turn.Version;
            turn.Owe(new Effect.KeepToken(ordinal, instance.Visit, entry.Name, entry.Generation + 1, entry.Target, entry.CanUndo) { IntendedAt = intendedAt });
            Undoing.LeaveIfGone(turn, entry);
        }
        if (!turn.Instance.Halted) turn.Owe(new Effect.SetTimer(new(TimerKind.Retry, next ?? entry.Ordinal), due));
    }

    /// <summary>Goes on with a step that waits for its next attempt: at once when it is due, else when it will be.</summary>
    public static void Continue(Turn turn, Entry entry)
    {
        if (entry.Due <= turn.At) Retry(turn, entry);
        else turn.Owe(new Effect.SetTimer(new(TimerKind.Retry, entry.Ordinal), entry.Due!.Value));
    }

    public static void Retry(Turn turn, Entry entry)
    {
        turn.Emit(new StepRetried(entry.Ordinal, entry.Attempt + 1));
        turn.Owe(Start(turn.Instance, turn.Instance.Journal[entry.Name]));
    }

    public static Effect Start(Instance instance, Entry entry) =>
        new Effect.StartAttempt(entry.Ordinal, entry.Attempt, entry.Name, entry.Target, instance.TokenOf(entry), entry.Input!);

    /// <summary>The entry of that ordinal that is not done.</summary>
    public static Entry Find(Instance instance, int ordinal) =>
        instance.Open(ordinal) ?? throw new InvalidOperationException($"Nothing of the ordinal {ordinal} is outstanding in {instance.Id}.");

    /// <summary>The instance with an entry that came to what it was asked for.</summary>
    public static Instance Succeed(Instance instance, Entry entry, Payload? result) => instance with
    {
        Journal = instance.Journal.Set(entry.Name, entry with { Status = EntryStatus.Succeeded, Result = result, DoneAs = instance.Outcomes + 1 }),
        Outstanding = instance.Outstanding.Remove(entry.Ordinal),
        Outcomes = instance.Outcomes + 1,
        Recoveries = 0,
    };

    public static Instance Apply(Instance instance, StepSucceeded e) => Succeed(instance, Find(instance, e.Ordinal), e.Result);

    public static Instance Apply(Instance instance, StepFailed e)
    {
        var entry = Find(instance, e.Ordinal);
        var unknown = entry.MayHaveHappened(e.Failure);
        return instance with
        {
            Journal = instance.Journal.Set(entry.Name, entry with { Status = EntryStatus.Failed, Failure = e.Failure, EverUnknown = unknown, DoneAs = instance.Outcomes + 1 }),
            Outstanding = instance.Outstanding.Remove(e.Ordinal),
            Outcomes = instance.Outcomes + 1,
            Stack = unknown ? instance.Stack : instance.Stack.Remove(e.Ordinal),
            Recoveries = 0,
        };
    }

    public static Instance Apply(Instance instance, StepParked e)
    {
        var entry = Find(instance, e.Ordinal);
        return instance with
        {
            Journal = instance.Journal.Set(entry.Name, entry with { Status = EntryStatus.Parked, Failure = e.Failure, EverUnknown = true }),
        };
    }

    public static Instance Apply(Instance instance, StepRetryScheduled e, long version)
    {
        var entry = Find(instance, e.Ordinal);
        var waiting = entry with { Status = EntryStatus.Retrying, Failure = e.Failure, Due = e.Due };
        if (e.NextOrdinal is not { } next)
            return instance with { Journal = instance.Journal.Set(entry.Name, waiting with { EverUnknown = true }), Recoveries = 0 };

        var stack = instance.Stack;
        if (entry.CanUndo)
        {
            var intendedAt = stack.TryGetValue(e.Ordinal, out var standing) ? standing.IntendedAt : version;
            stack = stack.Remove(e.Ordinal).Set(next, new(next, instance.Visit, entry.Name, entry.Generation + 1, entry.Target, intendedAt));
        }
        return instance with
        {
            Journal = instance.Journal.Set(entry.Name, Renumber(waiting, next)),
            Outstanding = instance.Outstanding.Remove(e.Ordinal).Set(next, entry.Name),
            Stack = stack,
            Intents = next,
            Recoveries = 0,      // an attempt that ended, however it did, has not killed the node
        };
    }

    private static Entry Renumber(Entry entry, int ordinal) => entry with { Ordinal = ordinal, Generation = entry.Generation + 1, EverUnknown = false };

    public static Instance Apply(Instance instance, StepRetried e)
    {
        var entry = Find(instance, e.Ordinal);
        return instance with { Journal = instance.Journal.Set(entry.Name, entry with { Status = EntryStatus.Running, Attempt = e.Attempt, Due = null }) };
    }
}
