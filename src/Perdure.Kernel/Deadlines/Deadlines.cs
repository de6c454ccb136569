namespace Perdure.Kernel;

/// <summary>How a deadline passes: one page for each breach, and a clock that may stand still while the instance does.</summary>
internal static class Deadlines
{
    /// <summary>The deadline of the present visit passes.</summary>
    public static void Fire(Turn turn)
    {
        var instance = turn.Instance;
        turn.Emit(new DeadlineBreached(instance.Visit));
        turn.Owe(new Effect.RaisePage(new($"{instance.Id}/{instance.Visit}/deadline", turn.Map.Find(instance.State)?.Page ?? Severity.High, FailureCode.DeadlineBreached,
            $"{instance.Workflow} {instance.Id} is still in {instance.State}, where it came at {instance.EnteredAt:u}.")));
    }

    /// <summary>Sets the timer of the present visit's deadline, where there is one to come.</summary>
    public static void Set(Turn turn)
    {
        if (turn.Instance.Deadline is { Ticks: true } deadline) turn.Owe(new Effect.SetTimer(new(TimerKind.Deadline, turn.Instance.Visit), deadline.Due));
    }

    public static void Clear(Turn turn)
    {
        if (turn.Instance.Deadline is { Ticks: true }) turn.Owe(new Effect.ClearTimer(new(TimerKind.Deadline, turn.Instance.Visit)));
    }

    public static Instance Breach(Instance instance) =>
        instance with { Deadline = instance.Deadline! with { Breached = true } };

    /// <summary>Stops or starts the clock, as the instance stands still or does not.</summary>
    public static Instance Clock(Instance instance, DateTimeOffset at)
    {
        if (instance.Deadline is not { ClockStops: true, Breached: false } deadline || instance.Halted == deadline.Left is not null) return instance;
        return instance with
        {
            Deadline = deadline.Left is { } left
                ? deadline with { Due = Moment.After(at, left), Left = null }
                : deadline with { Left = deadline.Due > at ? deadline.Due - at : TimeSpan.Zero },
        };
    }
}
