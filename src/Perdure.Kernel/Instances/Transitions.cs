namespace Perdure.Kernel;

/// <summary>How an instance goes from state to state: along declared edges only, and only when nothing is outstanding.</summary>
internal static class Transitions
{
    public static void Ask(Turn turn, Command.Transit command)
    {
        var instance = turn.Instance;
        if (!instance.Heeds(command.Visit)) return;

        // Stricter than the map's edges, which let cancelling leave every state.
        var target = turn.Map.Find(instance.State)!.To.Contains(command.To) ? turn.Map.Find(command.To) : null;
        if (target is null)
        {
            turn.Refuse(RefusalCode.TransitionUndeclared, $"'{turn.Map.Workflow}' version {turn.Map.Version} declares no transition from '{instance.State}' to '{command.To}'.");
            return;
        }
        if (command.Data.Body.Length > turn.Limits.PayloadBytes)
        {
            turn.Refuse(RefusalCode.PayloadTooLarge, $"The data of '{command.To}' has {command.Data.Body.Length} bytes; {turn.Limits.PayloadBytes} are allowed.");
            return;
        }
        if (!target.IsEnd && instance.Visit >= instance.VisitsAllowed)
        {
            Incidents.Raise(turn, new(FailureCode.Loop, $"{instance.Visit} visits were made, and no more are allowed; the next one would be to '{command.To}'."), 0);
            return;
        }
        if (target.Kind == StateKind.Revoked) Exits.Begin(turn, command.To, command.Data, compensates: true);
        else if (!instance.Outstanding.IsEmpty) Exits.Begin(turn, command.To, command.Data, compensates: false);
        else Go(turn, command.To, command.Data);
    }

    /// <summary>Commits the transition. Nothing is outstanding, and what had to be undone is.</summary>
    public static void Go(Turn turn, string to, Payload data)
    {
        var instance = turn.Instance;
        var target = turn.Map.Find(to) ?? throw new InvalidOperationException($"The map has no state '{to}'.");
        var due = target.IsEnd ? null : Moment.After(turn.At, target.Within);
        Deadlines.Clear(turn);
        if (target.Settles && !instance.Stack.IsEmpty) turn.Owe(SettleStack);
        turn.Emit(new Transitioned(instance.State, to, data, instance.Visit + 1, target.Settles, due, target.Kind == StateKind.Gate, target.IsEnd)
        {
            Build = target.IsEnd ? null : turn.Map.Build,
            Intents = instance.Intents,
            Incidents = instance.Incidents,
            VisitsAllowed = instance.VisitsAllowed,
            ClockStops = due is not null && target.ClockStops,
            CancelRequested = instance.CancelRequested,
            Signals = instance.Signals.IsEmpty ? [] : [.. instance.Signals],
        });
        if (target.IsEnd)
        {
            if (instance.Parent is { } parent) turn.Owe(new Effect.NotifyParent(parent, $"end:{instance.Id}", to, data));
            return;
        }
        Deadlines.Set(turn);
        if (target.Kind != StateKind.Gate) turn.Owe(new Effect.RunBody(instance.Visit + 1));
    }

    private static readonly Effect SettleStack = new Effect.SettleStack();

    public static Instance Apply(Instance instance, Transitioned e, DateTimeOffset at) => instance with
    {
        State = e.To,
        Data = e.Data,
        Visit = e.Visit,
        EnteredAt = at,
        Build = e.Build ?? instance.Build,
        VisitsAllowed = e.VisitsAllowed,
        Journal = OrderedMap<string, Entry>.Empty,
        Outstanding = OrderedMap<int, string>.Empty,
        Generations = OrderedMap<string, int>.Empty,
        Intents = e.Intents,
        Outcomes = 0,
        Decided = null,
        Exit = null,
        Stack = e.Settled ? OrderedMap<int, StackEntry>.Empty : instance.Stack,
        Signals = e.Signals.IsDefaultOrEmpty ? [] : [.. e.Signals],
        Deadline = e.DeadlineDue is { } due ? new(due, ClockStops: e.ClockStops) : null,
        CancelRequested = e.CancelRequested,
        Incidents = e.Incidents,
        Recoveries = 0,
        Accepted = false,
        EndedAt = e.IsEnd ? at : null,
        AtGate = e.AtGate,
    };
}
