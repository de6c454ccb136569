using Perdure.Kernel;
using Perdure.Replay;

namespace Perdure;

/// <summary>What every side effect has in common, without its types.</summary>
public interface IStep
{
    /// <summary>The stable name, by which it is stored.</summary>
    string Name { get; }
    /// <summary>Whether it can be taken back.</summary>
    bool CanUndo { get; }
    /// <summary>Whether it is never started again after an unknown outcome.</summary>
    bool AtMostOnce { get; }
    /// <summary>When and how often it is tried again.</summary>
    Retry Retry { get; }
    /// <summary>How an undo is tried again before it becomes an incident.</summary>
    Retry UndoRetry { get; }
    /// <summary>How long an attempt may take; after it the outcome is unknown.</summary>
    TimeSpan Timeout { get; }
    /// <summary>How many attempts of this operation run at the same time on a node at the most; 0 means no bound of its own.</summary>
    int Concurrency { get; }
    /// <summary>The type of the input.</summary>
    Type InputType { get; }
    /// <summary>The type of the output.</summary>
    Type OutputType { get; }
}

/// <summary>A small, stateless, single-purpose piece of work. Not derived from directly: choose <see cref="Operation{TIn,TOut}"/>, <see cref="Irreversible{TIn,TOut}"/>, <see cref="Query{TIn,TOut}"/> or <see cref="Transacted{TIn,TOut}"/>.</summary>
/// <remarks>
/// Each attempt and each undo gets an instance of its own from a DI scope of its own. The one that a workflow receives in its constructor is only a handle:
/// its policies are read, its <see cref="Run"/> is never called.
/// An attempt ends in success; in a definite failure (<see cref="PermanentFailure"/>, <see cref="TransientFailure"/>: nothing happened); or, for every other
/// exception, a timeout or a crash, in an unknown outcome, which is tried again under the same token.
/// </remarks>
public abstract class Step<TIn, TOut> : IStep, IRunnable where TOut : class
{
    private protected Step() { }

    /// <summary>The stable name: stored in histories, so renaming the class must not change it. The class's name in kebab-case unless overridden.</summary>
    public virtual string Name => field ??= Names.Kebab(GetType());
    /// <inheritdoc />
    public virtual bool CanUndo => false;
    /// <inheritdoc />
    public virtual bool AtMostOnce => false;
    /// <inheritdoc />
    public virtual Retry Retry => Retry.Default;
    /// <inheritdoc />
    public virtual Retry UndoRetry => UndoDefault;
    /// <inheritdoc />
    public virtual TimeSpan Timeout => ThirtySeconds;
    /// <inheritdoc />
    public virtual int Concurrency => 0;
    /// <summary>Does it.</summary>
    /// <param name="input">What to do.</param>
    /// <param name="attempt">The idempotency token to hand on, the attempt's number, its cancellation, and where to report progress.</param>
    public abstract Task<TOut> Run(TIn input, Attempt attempt);

    async Task<Payload> IRunnable.Run(PayloadCodec codec, Payload input, Attempt attempt)
    {
        var output = await Run(Read<TIn>(codec, input), attempt).ConfigureAwait(false)
            ?? throw new UnusableResult("step.no-output", $"\"{Name}\" returned null; an operation must return what it did.");
        try
        {
            return codec.Encode(output);
        }
        catch (Exception e)
        {
            throw new UnusableResult("payload.unwritable", $"The result of \"{Name}\" cannot be written: {e.Message}", e);
        }
    }

    /// <summary>What cannot be read was not done, and is not done by trying again.</summary>
    private protected static T Read<T>(PayloadCodec codec, Payload payload)
    {
        try
        {
            return codec.Decode<T>(payload)!;
        }
        catch (System.Text.Json.JsonException e)
        {
            throw new PermanentFailure(FailureCode.PayloadUnreadable, e.Message, e);
        }
    }

    Task IRunnable.Undo(PayloadCodec codec, Payload input, Payload? output, Attempt attempt) => UndoErased(codec, input, output, attempt);

    private protected virtual Task UndoErased(PayloadCodec codec, Payload input, Payload? output, Attempt attempt) =>
        throw new InvalidOperationException($"\"{Name}\" cannot be undone.");

    private protected virtual bool IsTransacted => false;

    bool IRunnable.IsTransacted => IsTransacted;
    bool IRunnable.IsQuery => this is Query<TIn, TOut>;
    Type IStep.InputType => typeof(TIn);
    Type IStep.OutputType => typeof(TOut);

    private static readonly TimeSpan ThirtySeconds = TimeSpan.FromSeconds(30);
    private static readonly Retry UndoDefault = Retry.Exponential(TimeSpan.FromMilliseconds(500), cap: TimeSpan.FromMinutes(1), attempts: 12, within: TimeSpan.FromHours(1));
}

/// <summary>A side effect that can be taken back. Without an <see cref="Undo"/> it does not compile.</summary>
public abstract class Operation<TIn, TOut> : Step<TIn, TOut> where TOut : class
{
    /// <inheritdoc />
    public sealed override bool CanUndo => true;

    /// <summary>
    /// Takes it back. Must be right whether <see cref="Step{TIn,TOut}.Run"/> happened, did not, or is still on its way: a downstream that is told to undo a token that it
    /// does not know remembers it and refuses its later run. It may be called more than once.
    /// </summary>
    /// <param name="input">What was asked for.</param>
    /// <param name="output">What Run returned; null when its outcome is unknown.</param>
    /// <param name="attempt">Its token is the one that Run had.</param>
    public abstract Task Undo(TIn input, TOut? output, Attempt attempt);

    private protected sealed override Task UndoErased(PayloadCodec codec, Payload input, Payload? output, Attempt attempt) =>
        Undo(Read<TIn>(codec, input), output is null ? null : Read<TOut>(codec, output), attempt);
}

/// <summary>A side effect that cannot be taken back: the author says so.</summary>
public abstract class Irreversible<TIn, TOut> : Step<TIn, TOut> where TOut : class;

/// <summary>No side effect, nothing to undo.</summary>
public abstract class Query<TIn, TOut> : Step<TIn, TOut> where TOut : class;

/// <summary>A step as the runtime calls it, its types inside.</summary>
internal interface IRunnable : IStep
{
    /// <summary>Whether it runs inside of a transaction of the store's database.</summary>
    bool IsTransacted => false;
    /// <summary>Whether it has no effect.</summary>
    bool IsQuery { get; }
    Task<Payload> Run(PayloadCodec codec, Payload input, Attempt attempt);
    Task Undo(PayloadCodec codec, Payload input, Payload? output, Attempt attempt);
}
