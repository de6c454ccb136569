namespace Perdure.Kernel;

/// <summary>How a person decides at a gate: once, in the right role, on record.</summary>
internal static class Gates
{
    public static void Decide(Turn turn, Command.DecideGate command)
    {
        var instance = turn.Instance;
        if (!instance.AtGate || instance.Ended || instance.Visit != command.Visit)
            turn.Refuse(RefusalCode.GateNotOpen, $"The instance does not wait at the gate of visit {command.Visit}.");
        else if (instance.Decided is { } decided)
        {
            if (decided.Approved != command.Approved || decided.By != command.By)
                turn.Refuse(RefusalCode.GateDecided, $"{decided.By} decided already: {(decided.Approved ? "approved" : "rejected")}.");
        }
        else if (instance.Exit is not null)
            turn.Refuse(RefusalCode.GateNotOpen, "The gate is being left.");
        else if (turn.Map.Find(instance.State)?.Role is not { } role || !command.Roles.Contains(role, StringComparer.Ordinal))
            turn.Refuse(RefusalCode.GateRole, $"The gate '{instance.State}' needs the role '{turn.Map.Find(instance.State)?.Role}'.");
        else
        {
            turn.Emit(new GateDecided(command.Approved, command.By, command.Why));
            if (!instance.Halted) turn.Owe(new Effect.RunBody(instance.Visit));
        }
    }

    public static Instance Apply(Instance instance, GateDecided e, DateTimeOffset at) =>
        instance with { Decided = new(e.Approved, e.By, e.Why, at), Recoveries = 0 };
}
