using Perdure.Kernel;

namespace Perdure.AspNetCore;

/// <summary>A step, or something else that a body awaits, as far as the records name it.</summary>
internal sealed class TrailStep(int ordinal, string name, EntryKind kind, string target, string state, int visit)
{
    public int Ordinal { get; } = ordinal;
    public string Name { get; } = name;
    public EntryKind Kind { get; } = kind;
    public string Target { get; } = target;
    public string State { get; } = state;
    public int Visit { get; } = visit;
    public int Generation { get; init; } = 1;
    public bool CanUndo { get; init; }
    public int Attempt { get; set; } = 1;
    public EntryStatus Status { get; set; } = EntryStatus.Running;
    public bool Undone { get; set; }
    public DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; set; }
    public DateTimeOffset? Due { get; set; }
    public Failure? Failure { get; set; }

    public TrailStep Next(int ordinal) => new(ordinal, Name, Kind, Target, State, Visit)
    {
        Generation = Generation + 1, CanUndo = CanUndo, Attempt = Attempt, StartedAt = StartedAt, Failure = Failure,
    };
}

/// <summary>
/// What the records of an instance say of each other: the state and visit that an event belongs to, and the names behind its ordinals. Much smaller than the instance:
/// it knows the present visit's steps and those that can still be undone. Can begin at any transition, then without what could be undone before it.
/// </summary>
internal sealed class Trail
{
    private readonly bool _keepsAll;

    public Trail(bool complete, bool keepsAll = false) => (Complete, _keepsAll) = (complete, keepsAll);

    /// <summary>Whether it began with the first record, so that it knows everything that can be undone.</summary>
    public bool Complete { get; }
    public long Version { get; private set; }
    public string State { get; private set; } = "";
    public int Visit { get; private set; }
    public bool Ended { get; private set; }
    public SortedDictionary<int, TrailStep> Steps { get; } = [];
    public (Failure Failure, DateTimeOffset At)? LastError { get; private set; }

    public TrailStep? Step(int ordinal) => Steps.GetValueOrDefault(ordinal);

    /// <summary>Takes in an event of the record of that version.</summary>
    public void Apply(Event @event, long version, DateTimeOffset at)
    {
        Version = version;
        switch (@event)
        {
            case Started started:
                (State, Visit) = (started.State, 1);
                break;
            case StepIntended intended:
                Begin(new(intended.Ordinal, intended.Name, EntryKind.Step, intended.Operation, State, Visit) { Generation = intended.Generation, CanUndo = intended.CanUndo, StartedAt = at });
                break;
            case Noted noted:
                Begin(new(noted.Ordinal, noted.Name, EntryKind.Note, "", State, Visit) { StartedAt = at, EndedAt = at, Status = EntryStatus.Succeeded });
                break;
            case SleepBegan sleep:
                Begin(new(sleep.Ordinal, sleep.Name, EntryKind.Sleep, "", State, Visit) { StartedAt = at, Due = sleep.Due });
                break;
            case SignalAwaited awaited:
                Begin(new(awaited.Ordinal, awaited.Name, EntryKind.Signal, awaited.Signal, State, Visit) { StartedAt = at, Due = awaited.Due });
                break;
            case ChildIntended child:
                Begin(new(child.Ordinal, child.Name, EntryKind.Child, child.Workflow, State, Visit) { StartedAt = at });
                break;
            case StepSucceeded e: End(e.Ordinal, e.Attempt, EntryStatus.Succeeded, at, null); break;
            case StepFailed e: End(e.Ordinal, e.Attempt, EntryStatus.Failed, at, e.Failure); break;
            case StepParked e: End(e.Ordinal, e.Attempt, EntryStatus.Parked, at, e.Failure); break;
            case StepCancelled e: End(e.Ordinal, null, EntryStatus.Cancelled, at, null); break;
            case SleepEnded e: End(e.Ordinal, null, EntryStatus.Succeeded, at, null); break;
            case SignalConsumed e: End(e.Ordinal, null, EntryStatus.Succeeded, at, null); break;
            case SignalTimedOut e: End(e.Ordinal, null, EntryStatus.Succeeded, at, null); break;
            case ChildEnded e: End(e.Ordinal, null, EntryStatus.Succeeded, at, null); break;
            case StepRetryScheduled e: Wait(e, at); break;
            case StepRetried e when Step(e.Ordinal) is { } step:
                (step.Attempt, step.Status, step.Due, step.EndedAt) = (e.Attempt, EntryStatus.Running, null, null);
                break;
            case UndoSucceeded e when Step(e.Ordinal) is { } step:
                step.Undone = true;
                break;
            case UndoRetryScheduled e: LastError = (e.Failure, at); break;
            case IncidentRaised e: LastError = (e.Failure, at); break;
            case Transitioned transition:
                (State, Visit, Ended) = (transition.To, transition.Visit, transition.IsEnd);
                if (!_keepsAll) Forget(transition.Settled || transition.IsEnd);
                break;
        }
    }

    /// <summary>Passes over a record whose payload was erased.</summary>
    public void Skip(long version) => Version = version;

    private void Begin(TrailStep step) => Steps[step.Ordinal] = step;

    private void End(int ordinal, int? attempt, EntryStatus status, DateTimeOffset at, Failure? failure)
    {
        if (failure is not null) LastError = (failure, at);
        if (Step(ordinal) is not { } step) return;
        (step.Status, step.EndedAt, step.Due) = (status, at, null);
        if (attempt is { } number) step.Attempt = number;
        if (failure is not null) step.Failure = failure;
    }

    private void Wait(StepRetryScheduled e, DateTimeOffset at)
    {
        LastError = (e.Failure, at);
        if (Step(e.Ordinal) is not { } step) return;
        if (e.NextOrdinal is { } next)
        {
            // Nothing happened under the old token, so there is nothing to undo under it.
            Steps.Remove(e.Ordinal);
            Steps[next] = step = step.Next(next);
        }
        (step.Attempt, step.Status, step.Failure, step.Due) = (e.Attempt, EntryStatus.Retrying, e.Failure, e.Due);
    }

    private void Forget(bool everything)
    {
        if (everything) Steps.Clear();
        else foreach (var ordinal in Steps.Where(s => !s.Value.CanUndo || s.Value.Undone).Select(s => s.Key).ToList()) Steps.Remove(ordinal);
    }
}
