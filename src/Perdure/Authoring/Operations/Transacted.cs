using Perdure.Kernel;
using Perdure.Replay;

namespace Perdure;

/// <summary>
/// A side effect in tables of one's own that live in the same database as the store. It runs inside of a transaction in which the record of its success and the intents that follow are
/// written too: exactly once, and no token is needed.
/// </summary>
/// <remarks>
/// It has no unknown outcome: whatever ends the attempt other than success (an exception, its time, a crash) has undone what it wrote, and it is tried again as <see cref="IStep.Retry"/> says;
/// a <see cref="PermanentFailure"/> is final. What the database refuses when the transaction is committed (a deferred constraint, a serialization failure) is a failure of the attempt.
/// Do nothing in it that the transaction cannot take back; call other services from other operations. Keep it short: locks that its statements take are held until it ends, and an
/// embedded store has only one writer (see <c>docs/transactions.md</c>).
/// </remarks>
public abstract class Transacted<TIn, TOut> : TransactedStep<TIn, TOut> where TOut : class
{
    /// <inheritdoc />
    public sealed override bool CanUndo => true;

    /// <summary>Takes it back, in a transaction of its own with the record of that. Called only where <c>Run</c> was committed, and committed once.</summary>
    /// <param name="input">What was asked for.</param>
    /// <param name="output">What Run returned.</param>
    /// <param name="store">The transaction to do it in.</param>
    /// <param name="attempt">Its token is the one that Run had.</param>
    public abstract Task Undo(TIn input, TOut output, StoreTransaction store, Attempt attempt);

    private protected sealed override Task UndoErased(PayloadCodec codec, Payload input, Payload? output, Attempt attempt) =>
        output is null ? Task.CompletedTask : Undo(Read<TIn>(codec, input), Read<TOut>(codec, output), Of(attempt), attempt);
}

/// <summary>The same as <see cref="Transacted{TIn,TOut}"/> where it cannot be taken back, or need not be: the author says so.</summary>
public abstract class TransactedIrreversible<TIn, TOut> : TransactedStep<TIn, TOut> where TOut : class;

/// <summary>What both kinds of transacted operations have in common. Not derived from directly.</summary>
public abstract class TransactedStep<TIn, TOut> : Step<TIn, TOut> where TOut : class
{
    private protected TransactedStep() { }

    /// <inheritdoc />
    public sealed override bool AtMostOnce => false;

    /// <summary>Does it.</summary>
    /// <param name="input">What to do.</param>
    /// <param name="store">The transaction to do it in.</param>
    /// <param name="attempt">The attempt's number, its cancellation (hand it to the statements), and where to report progress.</param>
    public abstract Task<TOut> Run(TIn input, StoreTransaction store, Attempt attempt);

    /// <summary>Called by the engine, with an attempt that has the transaction.</summary>
    public sealed override Task<TOut> Run(TIn input, Attempt attempt) => Run(input, Of(attempt), attempt);

    private protected sealed override bool IsTransacted => true;

    private protected StoreTransaction Of(Attempt attempt) =>
        attempt.Store ?? throw new InvalidOperationException($"\"{Name}\" runs inside of a transaction: call the Run that takes one.");
}
