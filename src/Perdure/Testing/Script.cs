using Perdure.Kernel;

namespace Perdure.Testing;

/// <summary>What a fake visit has been told to answer, and the journal names that it has given away.</summary>
internal sealed class Script
{
    private readonly Dictionary<string, Func<object?, object?>> _steps = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Func<object?, ChildEnd>> _children = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LinkedList<(object Message, TimeSpan After)>> _signals = new(StringComparer.Ordinal);
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string> _journal = new(StringComparer.Ordinal);

    public List<Asked> Asked { get; } = [];

    public static string Keyed(string name, string? key) => key is null ? name : $"{name}[{key}]";

    public void Step(string name, Func<object?, object?> output) => _steps[name] = output;

    public void Child(string name, Func<object?, ChildEnd> end) => _children[name] = end;

    public void Value(string name, object? value) => _values[name] = value;

    public void Signal(string name, object? message, TimeSpan after)
    {
        if (!_signals.TryGetValue(name, out var messages)) _signals[name] = messages = [];
        if (message is not null) messages.AddLast((message, after));
    }

    /// <summary>Takes a journal name, numbering repeats as the engine does, and notes what was asked.</summary>
    public string Ask(EntryKind kind, string name, string target, object? input)
    {
        if (name.Length == 0) throw new FakeVisitException($"The body asked for a {kind} of an empty name.");
        var count = _names[name] = _names.GetValueOrDefault(name) + 1;
        var journal = count == 1 ? name : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name}#{count}");
        if (!_journal.Add(journal))
            throw new FakeVisitException($"\"{journal}\" is the name of use {count} of \"{name}\" in this visit, and of another use, which was given it. Give that one another name, or each use of \"{name}\" a key.");
        Asked.Add(new(kind, journal, target, input));
        return journal;
    }

    public object? RunStep(string journal, string named, string operation, object? input)
    {
        if (Find(_steps, journal, named, operation) is not { } output)
            throw new FakeVisitException($"The body runs \"{journal}\" with {input}, and the test has not said what comes of it. Add .Given(step, input => output), or .Fails(step, code). {Known(_steps.Keys)}");
        try
        {
            return output(input) ?? throw new FakeVisitException($"The scripted output of \"{journal}\" is null; an operation returns what it did.");
        }
        catch (PerdureException e) when (e is PermanentFailure or TransientFailure or UnknownOutcome)
        {
            throw new OperationFailed(Runtime.Failures.OfAttempt(e));
        }
        catch (OperationFailed e)
        {
            throw new OperationFailed(e.Failure);
        }
    }

    public ChildEnd RunChild(string journal, string keyed, string workflow, object input) =>
        Find(_children, journal, keyed, workflow) is { } end
            ? end(input)
            : throw new FakeVisitException($"The body starts the child \"{journal}\", and the test has not said how it ends. Add .Ends(child, input => new SomeEnd(…)). {Known(_children.Keys)}");

    /// <summary>Takes the next message that comes in time; null where none does.</summary>
    public (object Message, TimeSpan After)? Take(string journal, string signal, TimeSpan? within)
    {
        if (!_signals.TryGetValue(signal, out var messages))
            throw new FakeVisitException($"The body waits for \"{journal}\", and the test has not said what comes. Add .Sends(…) with a message, or .SendsNothing<…>(). {Known(_signals.Keys)}");
        if (messages.First is not { Value: var next }) return null;
        messages.RemoveFirst();
        if (within is null || next.After <= within) return next;
        messages.AddFirst((next.Message, next.After - within.Value));
        return null;
    }

    /// <summary>The wait for a message was given up: it comes later.</summary>
    public void PutBack(string signal, object message, TimeSpan after) => _signals[signal].AddFirst((message, after < TimeSpan.Zero ? TimeSpan.Zero : after));

    public T Decide<T>(string journal, string name, Func<T> value)
    {
        if (!_values.TryGetValue(journal, out var given) && !_values.TryGetValue(name, out given)) return value();
        return given is T or null ? (T)given! : throw new FakeVisitException($"The test gives \"{name}\" the value {given} of type {given.GetType().Name}; the body decides a {typeof(T).Name}.");
    }

    private static T? Find<T>(Dictionary<string, T> scripted, params ReadOnlySpan<string> names) where T : class
    {
        foreach (var name in names)
            if (scripted.TryGetValue(name, out var found)) return found;
        return null;
    }

    private static string Known(IEnumerable<string> names) => string.Join(", ", names.Order(StringComparer.Ordinal)) is { Length: > 0 } all ? $"It has been said for: {all}." : "Nothing of the kind has been said.";
}
