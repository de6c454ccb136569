using System.Collections.Immutable;
using Perdure.Kernel;

namespace Perdure.Replay;

/// <summary>What a running body needs of the node that runs it.</summary>
internal interface IBodyHost
{
    PayloadCodec Codec { get; }
    DateTimeOffset Now { get; }
    double NextShare();
    Guid NextId();
    /// <summary>The body went on outside of its lane; called from any thread.</summary>
    void Escaped(BodyRun run, string what);
    /// <summary>Whether the input that the code gives is the journaled one of that entry.</summary>
    bool IsSame(Entry entry, Payload given) => entry.Input!.Body.Span.SequenceEqual(given.Body.Span);
}

/// <summary>
/// One run of a body against the journal of its visit. It is driven by one thread at a time: <see cref="Begin"/>, then <see cref="Pump"/> whenever
/// entries are done, and in between the asks that it gathered are taken. What the journal has is given back in the order in which it was journaled;
/// what it has not is asked for.
/// </summary>
internal abstract partial class BodyRun(IBodyHost host, Instance instance, MapState state)
{
    [ThreadStatic]
    private static BodyRun? _current;

    private readonly Dictionary<string, Awaiter?> _asked = new(StringComparer.Ordinal);
    private readonly PriorityQueue<Awaiter, int> _ready = new();
    private Dictionary<string, int>? _repeats;
    private List<Intent>? _intents;
    private List<string>? _abandoned;
    private Task<object>? _body;
    private int _outstandingSteps;
    private int _outstanding;
    private bool _overlapped;

    public int Visit { get; } = instance.Visit;

    /// <summary>The instance as it now stands; the driver renews it before each pump.</summary>
    public Instance Instance { get; set; } = instance;

    /// <summary>The rule that was broken; the run is dead from then on.</summary>
    public Divergence? Broken { get; private set; }

    /// <summary>Whether the body has returned or thrown.</summary>
    public bool IsCompleted => _body is { IsCompleted: true };

    /// <summary>Whether the body waits for nothing that its visit knows: it awaits something foreign.</summary>
    public bool AwaitsForeign => !IsCompleted && _outstanding == 0 && _ready.Count == 0;

    /// <summary>The body's task, for watching one that awaits something foreign.</summary>
    public Task Body => _body!;

    public bool HasIntents => _intents is { Count: > 0 };

    public ImmutableArray<Intent> TakeIntents()
    {
        ImmutableArray<Intent> taken = [.. _intents!];
        _intents.Clear();
        return taken;
    }

    public ImmutableArray<string> TakeAbandoned()
    {
        if (_abandoned is not { Count: > 0 }) return [];
        ImmutableArray<string> taken = [.. _abandoned];
        _abandoned.Clear();
        return taken;
    }

    /// <summary>Runs the body until it waits.</summary>
    public void Begin(object data)
    {
        var outer = _current;
        _current = this;
        try
        {
            _body = state.Body!((IVisit)this, data);
        }
        catch (Exception e)      // a body that is not async and throws
        {
            _body = Task.FromException<object>(e);
        }
        finally
        {
            _current = outer;
        }
        Pump();
    }

    /// <summary>What a gate's decision leads to.</summary>
    public object Decide(object data, Decision decision)
    {
        var outer = _current;
        _current = this;
        try
        {
            return state.Decide!((IVisit)this, data, decision);
        }
        finally
        {
            _current = outer;
        }
    }

    /// <summary>An entry is done: its awaiter, if the body has asked for it already, becomes ready.</summary>
    public void Done(Entry entry)
    {
        if (_asked.TryGetValue(entry.Name, out var awaiter) && awaiter is not null) _ready.Enqueue(awaiter, entry.DoneAs);
    }

    /// <summary>Hands over what is ready, in the order of the journal; the body runs on each time until it waits again.</summary>
    public void Pump()
    {
        var outer = _current;
        _current = this;
        try
        {
            while (Broken is null && _ready.TryDequeue(out var awaiter, out _))
            {
                if (_asked[awaiter.Name] is null) continue;     // delivered already
                _asked[awaiter.Name] = null;
                var entry = Instance.Journal[awaiter.Name];
                _outstanding--;
                if (entry.Kind == EntryKind.Step) _outstandingSteps--;
                try
                {
                    awaiter.Complete(entry, host.Codec);
                }
                catch (Divergence broken)
                {
                    Break(broken);
                }
            }
        }
        finally
        {
            _current = outer;
        }
    }

    /// <summary>The record of the next state. Throws what the body threw.</summary>
    public object Next() => _body!.GetAwaiter().GetResult();

    /// <summary>Entries that an earlier run journaled and that this one did not ask for.</summary>
    public IEnumerable<string> Unasked() =>
        Instance.Journal.Keys.Where(name => !_asked.ContainsKey(name)).Order(StringComparer.Ordinal);

    private void Break(Divergence broken) => Broken ??= broken;

    /// <summary>Registers an ask. Null means that the run is dead and the caller must return a task that never ends.</summary>
    private string? Register(string name, string? key, bool isStep, string what)
    {
        if (_current != this)
        {
            host.Escaped(this, what);
            return null;
        }
        if (Broken is not null) return null;
        if (key is not null) name = $"{name}[{key}]";
        if (isStep && _outstandingSteps > 0) _overlapped = true;
        if (!_asked.TryAdd(name, null))
        {
            if (_overlapped && isStep)
            {
                Break(new($"\"{name}\" is used twice in a visit whose operations overlap. Give each use a key: visit.Run(step, input, key: …).", Divergence.NameRepeated));
                return null;
            }
            _repeats ??= new(StringComparer.Ordinal);
            ref var count = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_repeats, name, out var seen);
            count = seen ? count + 1 : 2;
            var numbered = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name}#{count}");
            if (!_asked.TryAdd(numbered, null))
            {
                Break(new($"\"{numbered}\" is the name of use {count} of \"{name}\" in this visit, and of another use, which was given it. Give that one another name, or each use of \"{name}\" a key: visit.Run(step, input, key: …).", Divergence.NameRepeated));
                return null;
            }
            name = numbered;
        }
        return name;
    }

    private Task<T> Await<T>(string name, EntryKind kind, string target, Payload? input, Func<Entry, PayloadCodec, T> value, Func<Intent> intent)
    {
        var awaiter = new Awaiter<T>(name, value);
        _asked[name] = awaiter;
        _outstanding++;
        if (kind == EntryKind.Step) _outstandingSteps++;
        if (Instance.Journal.TryGetValue(name, out var entry))
        {
            if (Differs(entry, kind, target, input) is { } difference)
            {
                Break(difference);
                return Never<T>();
            }
            if (entry.IsDone) _ready.Enqueue(awaiter, entry.DoneAs);
        }
        else (_intents ??= []).Add(intent());
        return awaiter.Task;
    }

    private Divergence? Differs(Entry entry, EntryKind kind, string target, Payload? input)
    {
        if (entry.Kind != kind || entry.Target != target)
            return Other($"The journal has \"{entry.Name}\" as {entry.Kind} of \"{entry.Target}\"; the code asks for {kind} of \"{target}\".", $"{entry.Kind} of \"{entry.Target}\"", $"{kind} of \"{target}\"");
        if (Instance.Accepted || input is null || entry.Input is null) return null;
        if (entry.Input.Type != input.Type || entry.Input.Schema != input.Schema)
            return Other($"The input of \"{entry.Name}\" was journaled as {entry.Input.Type} ({entry.Input.Schema}); the code gives {input.Type} ({input.Schema}).",
                $"{entry.Input.Type} ({entry.Input.Schema})", $"{input.Type} ({input.Schema})");
        return host.IsSame(entry, input) ? null
            : Other($"The input of \"{entry.Name}\" differs from the journaled one. A body must compute inputs from its data and from what its visit gave it.", Text(entry.Input), Text(input));

        Divergence Other(string message, string recorded, string expected) => new(message) { Step = entry.Name, Recorded = recorded, Expected = expected };
    }

    private static string Text(Payload payload) => System.Text.Encoding.UTF8.GetString(payload.Body.Span[..Math.Min(payload.Body.Length, TextMax)]);

    private const int TextMax = 2_000;

    private static Task<T> Never<T>() => new TaskCompletionSource<T>().Task;
}
