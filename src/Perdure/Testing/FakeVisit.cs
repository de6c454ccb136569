using System.Text.Json;
using Perdure.Kernel;

namespace Perdure.Testing;

/// <summary>
/// A visit for testing one body without an engine: what its operations, signals and children answer is scripted, what it asks for is recorded, and nothing takes time.
/// </summary>
/// <example><code>
/// var visit = new FakeVisit&lt;Order&gt;(order).Given(reserve, _ => new Hold("h-1")).Fails(capture, "declined");
/// var next = await flow.Capture(visit, new InventoryLocked(new Hold("h-1")));
/// Assert.Equal(new TransactionRevoked("declined"), next.State);
/// Assert.Equal(["capture-charge"], visit.Ran);
/// </code></example>
/// <remarks>
/// Everything is answered at once, so operations never overlap here: that overlapping ones have keys of their own is held by the analyzer PERD002 and by the engine.
/// What is asked for and not scripted throws <see cref="FakeVisitException"/>. <see cref="Now"/> begins at <see cref="Clock"/> and goes on with each sleep;
/// <see cref="Random"/> is 0.5 and <see cref="NewId"/> counts from 1 unless <see cref="Decided{T}"/> says otherwise. An operation's script that throws
/// <see cref="PermanentFailure"/>, <see cref="TransientFailure"/> or <see cref="UnknownOutcome"/> fails as it would once its retries are used up; what else it throws goes to the test.
/// </remarks>
/// <typeparam name="TInput">The workflow's input.</typeparam>
/// <param name="input">The input that the instance was started with.</param>
public sealed class FakeVisit<TInput>(TInput input) : IVisit<TInput>
{
    private readonly Script _script = new();
    private readonly Dictionary<Task, Taking> _takes = new(ReferenceEqualityComparer.Instance);
    private int _ids;

    /// <inheritdoc />
    public TInput Input => input;

    /// <inheritdoc />
    public string Instance { get; init; } = "fake";

    /// <inheritdoc />
    public int Number { get; init; } = 1;

    /// <summary>The time that the body sees. Sleeping and waiting move it on.</summary>
    public DateTimeOffset Clock { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Everything that was asked for, in that order.</summary>
    public IReadOnlyList<Asked> Asked => _script.Asked;

    /// <summary>The journal names of the operations that were run, in the order in which they were asked for.</summary>
    public IReadOnlyList<string> Ran => [.. _script.Asked.Where(a => a.Kind == EntryKind.Step).Select(a => a.Name)];

    /// <summary>How long the body slept, each time.</summary>
    public IReadOnlyList<TimeSpan> Slept => [.. _script.Asked.Where(a => a.Kind == EntryKind.Sleep).Select(a => (TimeSpan)a.Input!)];

    /// <summary>What an operation returns.</summary>
    /// <param name="step">The operation; another instance than the workflow's will do, it is found by its name.</param>
    /// <param name="output">Makes the output from the input; may throw a failure.</param>
    /// <param name="key">Only for the use with that key.</param>
    /// <param name="name">Only for the use with that journal name; <c>poll#2</c> is the second of two.</param>
    public FakeVisit<TInput> Given<TIn, TOut>(Step<TIn, TOut> step, Func<TIn, TOut> output, string? key = null, string? name = null) where TOut : class
    {
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(output);
        _script.Step(Script.Keyed(name ?? step.Name, key), input => output((TIn)input!));
        return this;
    }

    /// <summary>An operation that fails for good.</summary>
    /// <param name="step">The operation.</param>
    /// <param name="code">The failure's code.</param>
    /// <param name="transient">Whether trying again might have helped.</param>
    /// <param name="unknown">Whether it may have happened all the same.</param>
    /// <param name="key">Only for the use with that key.</param>
    /// <param name="name">Only for the use with that journal name.</param>
    public FakeVisit<TInput> Fails<TIn, TOut>(Step<TIn, TOut> step, string code, bool transient = false, bool unknown = false, string? key = null, string? name = null) where TOut : class =>
        Given(step, _ => throw new OperationFailed(new(code, $"\"{step.Name}\" was told to fail.", transient, unknown)), key, name);

    /// <summary>How a child ends: with the record of one of its ends.</summary>
    /// <param name="child">The child workflow.</param>
    /// <param name="end">Makes the end's record from the child's input.</param>
    /// <param name="key">Only for the child of that key.</param>
    public FakeVisit<TInput> Ends<TIn>(Workflow<TIn> child, Func<TIn, object> end, string? key = null) where TIn : class
    {
        ArgumentNullException.ThrowIfNull(child);
        ArgumentNullException.ThrowIfNull(end);
        _script.Child(Script.Keyed(child.Name, key), data =>
        {
            var record = end((TIn)data!);
            var state = child.States.FirstOrDefault(s => s.Type == record.GetType() && s.Kind is StateKind.End or StateKind.Revoked)
                ?? throw new FakeVisitException($"{record.GetType().Name} is no end of {child.Name}. Its ends are {string.Join(", ", child.States.Where(s => s.Kind is StateKind.End or StateKind.Revoked).Select(s => s.Type.Name))}.");
            return new(state.Name, JsonSerializer.SerializeToElement(record, record.GetType(), PerdureOptions.DefaultJson()));
        });
        return this;
    }

    /// <summary>A message that comes. Several of a type are consumed in this order.</summary>
    /// <param name="message">The message.</param>
    /// <param name="after">How long the body waits for it.</param>
    public FakeVisit<TInput> Sends<TSignal>(TSignal message, TimeSpan after = default) where TSignal : class
    {
        ArgumentNullException.ThrowIfNull(message);
        _script.Signal(Names.Kebab(typeof(TSignal)), message, after);
        return this;
    }

    /// <summary>No message of that type comes: waiting for one ends with its time, or never.</summary>
    public FakeVisit<TInput> SendsNothing<TSignal>() where TSignal : class
    {
        _script.Signal(Names.Kebab(typeof(TSignal)), null, default);
        return this;
    }

    /// <summary>What was decided under a name, as if it stood in the journal: for <c>Once</c>, <c>Now</c>, <c>Random</c>, <c>NewId</c>, and the winner's index for <c>Race</c>.</summary>
    public FakeVisit<TInput> Decided<T>(string name, T value)
    {
        _script.Value(name, value);
        return this;
    }

    /// <inheritdoc />
    public Task<TOut> Run<TIn, TOut>(Step<TIn, TOut> step, TIn input, string? key = null, string? name = null) where TOut : class
    {
        ArgumentNullException.ThrowIfNull(step);
        var named = Script.Keyed(name ?? step.Name, key);
        var journal = _script.Ask(EntryKind.Step, named, step.Name, input);
        try
        {
            return Answer((TOut)_script.RunStep(journal, named, step.Name, input)!, new(Clock, TimeSpan.Zero));
        }
        catch (OperationFailed e)
        {
            return Failure<TOut>(e, new(Clock, TimeSpan.Zero));
        }
    }

    /// <inheritdoc />
    public async Task<Outcome<TOut>> Try<TIn, TOut>(Step<TIn, TOut> step, TIn input, string? key = null, string? name = null) where TOut : class
    {
        try
        {
            return new(await Run(step, input, key, name).ConfigureAwait(false), null);
        }
        catch (OperationFailed e)
        {
            return new(null, e.Failure);
        }
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<TOut>> Each<TIn, TOut>(Step<TIn, TOut> step, IEnumerable<TIn> inputs, Func<TIn, string> key, int atOnce = 8) where TOut : class
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentOutOfRangeException.ThrowIfLessThan(atOnce, 1);
        List<TOut> results = [];
        OperationFailed? failed = null;
        foreach (var (index, one) in inputs.Index())
        {
            if (failed is not null && index >= atOnce) break;       // those that were under way at the time are there all the same
            try
            {
                results.Add(await Run(step, one, key(one)).ConfigureAwait(false));
            }
            catch (OperationFailed e)
            {
                failed ??= e;
            }
        }
        return failed is null ? results : throw new OperationFailed(failed.Failure);
    }

    /// <inheritdoc />
    public Task<TSignal?> Signal<TSignal>(TimeSpan? within = null, string? name = null) where TSignal : class
    {
        var signal = Names.Kebab(typeof(TSignal));
        var journal = _script.Ask(EntryKind.Signal, name ?? signal, signal, within);
        var askedAt = Clock;
        if (_script.Take(journal, signal, within) is { } next)
        {
            Clock += next.After;
            return Answer((TSignal?)next.Message, new(askedAt, next.After) { Signal = signal, Message = next.Message });
        }
        if (within is not { } patience)
            return Failure<TSignal?>(new FakeVisitException($"The body waits for \"{journal}\" for ever: no further message was scripted, and it gave no time."), new(askedAt, TimeSpan.MaxValue));
        Clock += patience;
        return Answer<TSignal?>(null, new(askedAt, patience));
    }

    /// <inheritdoc />
    public Task Sleep(TimeSpan time, string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        _script.Ask(EntryKind.Sleep, name ?? "sleep", "", time);
        var askedAt = Clock;
        Clock += time;
        return Answer(true, new(askedAt, time));
    }

    /// <inheritdoc />
    public Task<ChildEnd> Child<TIn>(Workflow<TIn> child, string key, TIn input) where TIn : class
    {
        ArgumentNullException.ThrowIfNull(child);
        var keyed = Script.Keyed(child.Name, key);
        var journal = _script.Ask(EntryKind.Child, keyed, child.Name, input);
        return Answer(_script.RunChild(journal, keyed, child.Name, input), new(Clock, TimeSpan.Zero));
    }

    /// <inheritdoc />
    public T Once<T>(string name, Func<T> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var journal = _script.Ask(EntryKind.Note, name, "", null);
        var decided = _script.Decide(journal, name, value);
        _script.Asked[^1] = _script.Asked[^1] with { Input = decided };
        return decided;
    }

    /// <inheritdoc />
    public DateTimeOffset Now(string name = "now") => Once(name, () => Clock);

    /// <inheritdoc />
    public double Random(string name = "random") => Once(name, () => 0.5);

    /// <inheritdoc />
    public Guid NewId(string name = "id") => Once(name, () => new Guid(++_ids, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]));

    /// <summary>The contender that takes the least time; of equals the first. <see cref="Decided{T}"/> under the race's name says otherwise.</summary>
    public Task<int> Race(string name, params IReadOnlyList<Task> contenders)
    {
        ArgumentOutOfRangeException.ThrowIfZero(contenders.Count);
        var times = contenders.Select(task => _takes.GetValueOrDefault(task) ?? new(Clock, TimeSpan.Zero)).ToList();
        var winner = Once(name, () => times.FindIndex(t => t.Takes == times.Min(other => other.Takes)));
        var took = times[winner].Takes;
        if (took == TimeSpan.MaxValue) throw new FakeVisitException($"Nobody wins the race \"{name}\": the body waits for ever.");
        Clock = times.Min(t => t.AskedAt) + took;
        foreach (var loser in times.Where((_, index) => index != winner))
            if (loser.Message is { } message) _script.PutBack(loser.Signal!, message, loser.Takes - took);
        return Task.FromResult(winner);
    }

    // A task of its own each time: the framework shares those of common values, and races tell theirs apart.
    private Task<T> Answer<T>(T value, Taking taking)
    {
        var source = new TaskCompletionSource<T>();
        source.SetResult(value);
        _takes[source.Task] = taking;
        return source.Task;
    }

    private Task<T> Failure<T>(Exception exception, Taking taking)
    {
        var task = Task.FromException<T>(exception);
        _takes[task] = taking;
        return task;
    }

    private sealed record Taking(DateTimeOffset AskedAt, TimeSpan Takes)
    {
        public string? Signal { get; init; }
        public object? Message { get; init; }
    }
}
