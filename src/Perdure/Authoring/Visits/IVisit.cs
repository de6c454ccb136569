namespace Perdure;

/// <summary>
/// What a body does durably. Everything that a body awaits comes from its visit; a body that runs again in the same visit gets journaled results back
/// instead of doing things twice. Bodies may use <c>ConfigureAwait(false)</c>, <c>Task.WhenAll</c> and any library; they must not decide by what was not journaled: the
/// clock, randomness, who won a race. For those there are <see cref="Now"/>, <see cref="Random"/>, <see cref="NewId"/>, <see cref="Once{T}"/> and <see cref="Race"/>.
/// </summary>
public interface IVisit
{
    /// <summary>The instance's id.</summary>
    string Instance { get; }
    /// <summary>The number of the visit, from 1.</summary>
    int Number { get; }

    /// <summary>Runs an operation and returns its result.</summary>
    /// <param name="step">The operation, as injected into the workflow.</param>
    /// <param name="input">What to do. It is stored.</param>
    /// <param name="key">Tells apart several uses of one operation in a visit; needed once operations have overlapped. Sequential repeats are numbered.</param>
    /// <param name="name">The journal name; the operation's name unless given.</param>
    /// <exception cref="OperationFailed">It failed for good.</exception>
    Task<TOut> Run<TIn, TOut>(Step<TIn, TOut> step, TIn input, string? key = null, string? name = null) where TOut : class;

    /// <summary>Runs an operation and returns its outcome as a value.</summary>
    /// <inheritdoc cref="Run{TIn,TOut}" path="/param" />
    Task<Outcome<TOut>> Try<TIn, TOut>(Step<TIn, TOut> step, TIn input, string? key = null, string? name = null) where TOut : class;

    /// <summary>Runs an operation for each input, at most <paramref name="atOnce"/> at the same time, and returns the results in the order of the inputs.</summary>
    /// <exception cref="OperationFailed">One failed for good; the others have ended by then, and none is started after it.</exception>
    Task<IReadOnlyList<TOut>> Each<TIn, TOut>(Step<TIn, TOut> step, IEnumerable<TIn> inputs, Func<TIn, string> key, int atOnce = 8) where TOut : class;

    /// <summary>Awaits the next message of that type; null when <paramref name="within"/> passes first.</summary>
    /// <remarks>Messages that came early have been kept and are consumed in the order of their coming.</remarks>
    Task<TSignal?> Signal<TSignal>(TimeSpan? within = null, string? name = null) where TSignal : class;

    /// <summary>Waits. Never ends early by the store's clock.</summary>
    Task Sleep(TimeSpan time, string? name = null);

    /// <summary>Starts a sub-workflow and awaits its end; a body that runs again in the same visit finds the one that it started. Cancelling this instance cancels it.</summary>
    /// <param name="child">The sub-workflow, as injected into the workflow.</param>
    /// <param name="key">Tells this child apart from the others of its workflow in the visit. Asked for again under the same key, once the first has ended, it is another child.</param>
    /// <param name="input">What it starts with. It is stored.</param>
    Task<ChildEnd> Child<TIn>(Workflow<TIn> child, string key, TIn input) where TIn : class;

    /// <summary>Decides a value once: later runs of the body in this visit get the same one.</summary>
    T Once<T>(string name, Func<T> value);

    /// <summary>The time, journaled.</summary>
    DateTimeOffset Now(string name = "now");

    /// <summary>A random number from 0 to below 1, journaled.</summary>
    double Random(string name = "random");

    /// <summary>A new unique id, journaled.</summary>
    Guid NewId(string name = "id");

    /// <summary>Which of these tasks of the visit ended first, journaled. Losers are cancelled; an operation among them that may have happened stays on the compensation stack.</summary>
    /// <returns>The index of the winner.</returns>
    Task<int> Race(string name, params IReadOnlyList<Task> contenders);
}

/// <summary>What a body does durably, with the input of its workflow. A body that needs only an interface of the input fits any workflow whose input has it.</summary>
public interface IVisit<out TInput> : IVisit
{
    /// <summary>The input that the instance was started with.</summary>
    TInput Input { get; }
}

/// <summary>How a sub-workflow ended.</summary>
/// <param name="State">The name of the end.</param>
/// <param name="Data">Its data, as JSON.</param>
public sealed record ChildEnd(string State, System.Text.Json.JsonElement Data);
