namespace Perdure.Kernel;

/// <summary>
/// Something that was or may have been done and can be undone. It stands on the stack from its intent until it is undone, is known not to have happened,
/// or a state that settles is entered.
/// </summary>
/// <param name="Ordinal">The intent's number; undoing goes from the highest to the lowest.</param>
/// <param name="Visit">The visit that asked for it.</param>
/// <param name="Name">Its journal name in that visit.</param>
/// <param name="Generation">The token's generation.</param>
/// <param name="Operation">The operation's stable name.</param>
/// <param name="IntendedAt">The version of the record that holds the intent, and so the input.</param>
public sealed record StackEntry(int Ordinal, int Visit, string Name, int Generation, string Operation, long IntendedAt)
{
    /// <summary>The attempt of the undo that runs or ran last; 0 before the first.</summary>
    public int UndoAttempt { get; init; }

    /// <summary>Whether an attempt of the undo runs, or may be running.</summary>
    public bool UndoRunning { get; init; }

    /// <summary>How many attempts of the undo do not count against the policy: those before an operator had it tried again, and those that ended with their node.</summary>
    public int UndoSpent { get; init; }

    /// <summary>When the first attempt of the undo was asked for, or an operator last had it tried again.</summary>
    public DateTimeOffset? UndoFirstAt { get; init; }

    /// <summary>When the next attempt of the undo starts, while it waits.</summary>
    public DateTimeOffset? UndoDue { get; init; }

    /// <summary>The undo's last failure.</summary>
    public Failure? UndoFailure { get; init; }
}

/// <summary>How an instance is leaving its state: what it waits for, and where it then goes.</summary>
/// <param name="To">The target state.</param>
/// <param name="Data">The target's data; null where the engine's own <c>CANCELLED</c> is the target.</param>
/// <param name="Compensates">Whether the stack is undone first.</param>
public sealed record Exit(string To, Payload? Data, bool Compensates)
{
    /// <summary>Whether the visit is begun anew: the state is not left, and only what the visit did is undone.</summary>
    public bool Restarts { get; init; }

    /// <summary>Whether the messages that the visit consumed are not there for it again.</summary>
    public bool DropsMessages { get; init; }
}
