namespace Perdure.Kernel;

/// <summary>What the shell must do once the events beside it are durable. The set is closed. On recovery <see cref="Decider.Pending"/> gives those that are owed.</summary>
public abstract record Effect
{
    private Effect() { }

    /// <summary>Run the body of the present visit (from its journal), or the decision of its gate. A body that already runs for it is dropped first. Not held back until durable: bodies have no effects of their own.</summary>
    public sealed record RunBody(int Visit) : Effect;

    /// <summary>Start an attempt of a step under its token. Beside <see cref="Command.Recover"/>, each attempt is given once.</summary>
    public sealed record StartAttempt(int Ordinal, int Attempt, string Name, string Operation, string Token, Payload Input) : Effect;

    /// <summary>Ask a running attempt to stop. Its end still comes as a command. One that does not run any more is left alone.</summary>
    public sealed record CancelAttempt(int Ordinal) : Effect;

    /// <summary>Start an attempt of an undo. The token is the step's own; input and output are in the log from <paramref name="IntendedAt"/> on.</summary>
    public sealed record StartUndo(int Ordinal, int Attempt, string Operation, string Token, long IntendedAt) : Effect;

    /// <summary>Keep a timer.</summary>
    public sealed record SetTimer(TimerId Timer, DateTimeOffset Due) : Effect;

    /// <summary>Forget a timer.</summary>
    public sealed record ClearTimer(TimerId Timer) : Effect;

    /// <summary>Keep a page record and tell somebody.</summary>
    public sealed record RaisePage(Page Page) : Effect;

    /// <summary>Start a sub-workflow: an idempotent start under <paramref name="RequestKey"/>.</summary>
    public sealed record StartChild(int Ordinal, string Workflow, string Key, string RequestKey, Payload Input) : Effect;

    /// <summary>Cancel a sub-workflow that is still awaited.</summary>
    public sealed record CancelChild(int Ordinal, string Workflow, string RequestKey) : Effect;

    /// <summary>Tell the parent that this instance ended; kept in the outbox until the parent has it.</summary>
    public sealed record NotifyParent(Parent Parent, string MessageId, string State, Payload Result) : Effect;

    /// <summary>Keep a step's token row: unique for ever, and on the stack where it can be undone.</summary>
    public sealed record KeepToken(int Ordinal, int Visit, string Name, int Generation, string Operation, bool OnStack) : Effect
    {
        /// <summary>The version of the record that holds the intent, and so the input; a later generation's is that of the first.</summary>
        public long IntendedAt { get; init; }
    }

    /// <summary>Take an entry off the stack: undone, or known not to have happened.</summary>
    public sealed record LeaveStack(int Ordinal) : Effect;

    /// <summary>Take everything off the stack: a settling state was entered.</summary>
    public sealed record SettleStack : Effect;

    /// <summary>Keep a message id: unique for ever in the instance.</summary>
    public sealed record KeepMessage(string MessageId) : Effect;
}
