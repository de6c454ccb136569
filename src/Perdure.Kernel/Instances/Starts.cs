namespace Perdure.Kernel;

/// <summary>How an instance begins to exist.</summary>
internal static class Starts
{
    public static void Begin(Turn turn, Command.Start command)
    {
        if (turn.Exists) return;
        if (command.Input.Body.Length > turn.Limits.PayloadBytes)
        {
            turn.Refuse(RefusalCode.PayloadTooLarge, $"The input has {command.Input.Body.Length} bytes; {turn.Limits.PayloadBytes} are allowed.");
            return;
        }
        var start = turn.Map.Start;
        var due = Moment.After(turn.At, start.Within);
        turn.Emit(new Started(command.Id, command.Namespace, turn.Map.Workflow, turn.Map.Version, command.RequestKey, command.BusinessKey,
            start.Name, command.Input, due, turn.Limits.Visits)
        {
            ClockStops = due is not null && start.ClockStops,
            Parent = command.Parent,
            Build = turn.Map.Build,
            TraceParent = command.TraceParent,
            Priority = command.Priority,
            Attributes = command.Attributes,
        });
        Deadlines.Set(turn);
        turn.Owe(new Effect.RunBody(1));
    }

    public static Instance Apply(Started e, DateTimeOffset at) => new()
    {
        Id = e.Id,
        Namespace = e.Namespace,
        Workflow = e.Workflow,
        WorkflowVersion = e.WorkflowVersion,
        RequestKey = e.RequestKey,
        BusinessKey = e.BusinessKey,
        Input = e.Input,
        StartedAt = at,
        Parent = e.Parent,
        TraceParent = e.TraceParent,
        Priority = e.Priority,
        Attributes = e.Attributes,
        Build = e.Build,
        State = e.State,
        Data = e.Input,
        EnteredAt = at,
        VisitsAllowed = e.VisitsAllowed,
        Deadline = e.DeadlineDue is { } due ? new(due, ClockStops: e.ClockStops) : null,
        AtGate = e.AtGate,
    };
}
