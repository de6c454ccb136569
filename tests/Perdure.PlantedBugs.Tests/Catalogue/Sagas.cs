namespace Perdure.PlantedBugs.Tests;

internal static partial class Catalogue
{
    /// <summary>What must be undone.</summary>
    private static IEnumerable<Bug> Sagas =>
    [
        Planted("lost-undo", "A revoked end is reached without undoing.", Kernel + "Instances/Exits.cs",
            "if (Undoing.Top(instance) is { } top)", "if (Undoing.Top(instance) is { } top && instance.Stack.Count() > 1)"),
        new Bug("undo-in-forward-order", "What was done first is undone first.",
            new Change(Kernel + "Instances/Exits.cs", "if (Undoing.Top(instance) is { } top)", "if (Undoing.Top(instance) is { } _ && instance.Stack.First().Value is var top)"),
            new Change(Kernel + "Sagas/Undoing.cs", "instance.Stack.Last.Value) ? instance.Stack.Last.Value : null;", "instance.Stack.Last.Value) ? instance.Stack.First().Value : null;")),
        Planted("restart-undoes-nothing", "A visit that begins anew leaves what it did.", Kernel + "Sagas/Undoing.cs",
            "instance.Exit is { Restarts: false } || entry.Visit == instance.Visit;", "instance.Exit is { Restarts: false };"),
        Planted("restart-undoes-everything", "A visit that begins anew undoes what earlier ones did too.", Kernel + "Sagas/Undoing.cs",
            "instance.Exit is { Restarts: false } || entry.Visit == instance.Visit;", "instance.Exit is not null;"),
        Planted("restart-does-irreversible-things-again", "A visit begins anew although something in it stands for good.", Kernel + "Instances/Restarts.cs",
            "return standing.Count == 0 ? null", "return standing.Count >= 0 ? null"),
        Planted("restart-loses-messages", "What a visit consumed is not there when it begins anew.", Kernel + "Instances/Restarts.cs",
            "instance.Exit is { DropsMessages: true } ? instance.Signals", "instance.Exit is not null ? instance.Signals"),
        Planted("definite-failure-stays-on-the-stack", "A definite failure leaves its entry on the stack in the rows.", Kernel + "Sagas/Undoing.cs",
            "if (entry.CanUndo && !turn.Instance.Stack.ContainsKey(entry.Ordinal)) turn.Owe(new Effect.LeaveStack(entry.Ordinal));", "_ = (turn, entry);"),
        Planted("unknown-leaves-the-stack", "A failure of unknown outcome leaves the stack.", Kernel + "Steps/Attempts.cs",
            "            Stack = unknown ? instance.Stack : instance.Stack.Remove(e.Ordinal),\n            Recoveries = 0,", "            Stack = instance.Stack.Remove(e.Ordinal),\n            Recoveries = 0,"),
        Planted("cancelled-leaves-the-stack", "An attempt that was cancelled leaves the stack although it may have happened.", Kernel + "Instances/Exits.cs",
            "            Stack = unknown ? instance.Stack : instance.Stack.Remove(e.Ordinal),\n", "            Stack = instance.Stack.Remove(e.Ordinal),\n"),
        Planted("settling-forgotten-in-the-rows", "A state that settles leaves the stack's rows.", Kernel + "Instances/Transitions.cs",
            "if (target.Settles && !instance.Stack.IsEmpty) turn.Owe(SettleStack);", "_ = SettleStack;"),
        Planted("every-state-settles", "Every transition clears the stack.", Kernel + "Instances/Transitions.cs",
            "Stack = e.Settled ? OrderedMap<int, StackEntry>.Empty : instance.Stack,", "Stack = OrderedMap<int, StackEntry>.Empty,"),
        Planted("intent-not-on-the-stack", "An undoable operation stands on the stack only in memory.", Kernel + "Steps/Intents.cs",
            "generation, step.Operation, step.CanUndo) { IntendedAt = turn.Version });", "generation, step.Operation, false) { IntendedAt = turn.Version });"),
        Planted("failed-undo-dropped", "An undo that fails is taken as done.", Kernel + "Sagas/Undoing.cs",
            "if (command.Failure is not { } failure)", "if (command.Failure is not { Transient: false } failure)"),
        Planted("undo-under-a-new-token", "An undo comes under another token than its run.", Kernel + "Sagas/Undoing.cs",
            "entry.Operation, instance.TokenOf(entry), entry.IntendedAt);", "entry.Operation, Token.For(instance.Id, entry.Visit, entry.Name, entry.Generation + 1), entry.IntendedAt);"),
        Planted("undo-without-waiting-for-attempts", "Undoing begins while attempts still run.", Kernel + "Instances/Exits.cs",
            "|| instance.Halted || !instance.Outstanding.IsEmpty) return;", "|| instance.Halted) return;"),
        Planted("undo-finished-stays-in-the-rows", "An undo that is done stays on the stack in the rows.", Kernel + "Sagas/Undoing.cs",
            "            turn.Owe(new Effect.LeaveStack(top.Ordinal));\n", ""),
        Planted("new-generation-not-on-the-stack", "An attempt under a new token does not stand on the stack.", Kernel + "Steps/Attempts.cs",
            "stack = stack.Remove(e.Ordinal).Set(next, new(next,", "stack = stack.Remove(e.Ordinal); _ = (intendedAt, new StackEntry(next,"),
    ];
}
