namespace Perdure.Kernel;

/// <summary>How an instance comes to need a person, and how it goes on afterwards.</summary>
internal static class Incidents
{
    public static void Report(Turn turn, Command.FailBody command)
    {
        var instance = turn.Instance;
        // What is broken needs a person also where no body runs: at a gate, on the way out, paused.
        var broken = command.Failure.Code == FailureCode.Broken && instance is { Ended: false, Incident: null };
        if (instance.Heeds(command.Visit) || broken) Raise(turn, command.Failure, 0);
    }

    /// <summary>Raises an incident and its page. One is open at a time.</summary>
    public static void Raise(Turn turn, Failure failure, int ordinal)
    {
        var instance = turn.Instance;
        if (instance.Incident is not null) throw new InvalidOperationException($"{instance.Id} has an open incident already.");
        var halted = instance.Halted;
        var number = instance.Incidents + 1;
        turn.Emit(new IncidentRaised(number, failure, ordinal));
        turn.Owe(new Effect.RaisePage(new($"{instance.Id}/incident/{number}", Severity.High, failure.Code,
            $"{instance.Workflow} {instance.Id} in {instance.State} needs an operator: {failure.Message}")));
        if (!halted) Pausing.StandStill(turn);
    }

    /// <summary>Raises the incident of the first step that is parked, unless another one is open: each needs its own consent.</summary>
    public static void RaiseForParked(Turn turn)
    {
        var instance = turn.Instance;
        if (instance.Incident is not null || instance.Exit is not null) return;
        foreach (var (ordinal, name) in instance.Outstanding)
        {
            if (instance.Journal[name] is not { Status: EntryStatus.Parked, Failure: { } failure }) continue;
            Raise(turn, failure.Code == FailureCode.PayloadTooLarge
                ? failure
                : Because(FailureCode.OutcomeUnknown, $"Whether '{name}' happened is unknown, and it must not happen twice: {failure.Message}", failure), ordinal);
            return;
        }
    }

    /// <summary>A failure of the engine's own with its cause.</summary>
    public static Failure Because(string code, string message, Failure cause) =>
        new(code, message, cause.Transient, cause.Unknown) { Causes = [new(cause.Code, cause.Message), .. cause.Causes], Stack = cause.Stack };

    public static void Retry(Turn turn, Command.Retry command)
    {
        var instance = turn.Instance;
        if (instance.Incident is not { } incident || incident.Number != command.Incident)
        {
            if (command.Incident < 1 || command.Incident > instance.Incidents)
                turn.Refuse(RefusalCode.IncidentNone, $"There is no incident {command.Incident} to continue after.");
            return;
        }
        if (command.Mode == RetryMode.RestartVisit && instance.Exit is null)
        {
            if (Restarts.Against(instance, command.Queries) is { } why)
            {
                turn.Refuse(RefusalCode.VisitStands, why);
                return;
            }
            Restarts.Begin(turn, incident);
        }
        turn.Emit(new IncidentResolved(incident.Number, command.By, command.Mode)
        {
            VisitsAllowed = incident.Failure.Code == FailureCode.Loop ? instance.VisitsAllowed + turn.Limits.Visits : null,
        });
        RaiseForParked(turn);
        Pausing.Proceed(turn);
    }

    public static Instance Apply(Instance instance, IncidentRaised e, DateTimeOffset at)
    {
        if (e.Ordinal > 0 && instance.Compensating) instance = Undoing.Stop(instance, e.Ordinal, e.Failure);
        return Deadlines.Clock(instance with { Incident = new(e.Number, e.Failure, e.Ordinal, at), Incidents = e.Number }, at);
    }

    public static Instance Apply(Instance instance, IncidentResolved e, DateTimeOffset at)
    {
        var incident = instance.Incident ?? throw new InvalidOperationException($"{instance.Id} has no open incident.");
        instance = Deadlines.Clock(instance with { Incident = null, Recoveries = 0, VisitsAllowed = e.VisitsAllowed ?? instance.VisitsAllowed }, at);
        if (instance.Exit is not null) return Undoing.Renew(instance, incident.Ordinal);
        return e.Mode switch
        {
            // As it was recorded before a restart undid anything.
            RetryMode.RestartVisit => Restarts.Forget(instance),
            RetryMode.Accept => instance with { Accepted = true },
            _ when incident.Ordinal > 0 => Again(instance, incident.Ordinal, at),
            _ when incident.Failure.Code is FailureCode.Loop or FailureCode.JournalFull or FailureCode.Quarantined => instance,
            _ => DropFailed(instance, at),
        };
    }

    private static Instance Again(Instance instance, int ordinal, DateTimeOffset at) =>
        instance.Open(ordinal) is { Status: EntryStatus.Parked } entry
            ? instance with { Journal = instance.Journal.Set(entry.Name, TriedAgain(entry, at)) }
            : instance;

    // A failure for good is the downstream's answer to the token, which is spent with it. One that was only of an attempt says nothing of an earlier attempt that may have happened:
    // the step goes on under the same token.
    private static Instance DropFailed(Instance instance, DateTimeOffset at)
    {
        var (journal, outstanding, generations) = (instance.Journal, instance.Outstanding, instance.Generations);
        foreach (var (name, entry) in instance.Journal)
        {
            if (entry is not { Status: EntryStatus.Failed, Failure: { } failure }) continue;
            if (entry.Kind == EntryKind.Step && (failure.Unknown || (failure.Transient && entry.EverUnknown)))
            {
                journal = journal.Set(name, TriedAgain(entry, at));
                outstanding = outstanding.Set(entry.Ordinal, name);
            }
            else
            {
                journal = journal.Remove(name);
                generations = generations.Set(name, entry.Generation);
            }
        }
        return instance with { Journal = journal, Outstanding = outstanding, Generations = generations };
    }

    private static Entry TriedAgain(Entry entry, DateTimeOffset at) =>
        entry with { Status = EntryStatus.Retrying, Due = at, FirstAt = at, Spent = entry.Attempt, DoneAs = 0 };
}
