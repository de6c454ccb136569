using System.Collections.Immutable;
using Perdure.Kernel;

namespace Perdure;

/// <summary>A reusable piece of a map.</summary>
/// <typeparam name="TInput">What its bodies need to know of the workflow it is put into; <c>object</c>: nothing.</typeparam>
public interface IPart<in TInput>
{
    /// <summary>Its states.</summary>
    ImmutableArray<MapState> States { get; }
}

/// <summary>
/// A map: immutable data. Code can take its states into another workflow, replace, redirect or rearrange them; each call gives a new map. <see cref="Check"/> says all that is wrong with it.
/// </summary>
public sealed record Map<TInput> : IPart<TInput> where TInput : class
{
    /// <inheritdoc />
    public ImmutableArray<MapState> States { get; init; } = [];

    internal Map<TInput> Put(MapState state, bool replace = false) =>
        this with { States = replace ? [.. States.Select(s => s.Type == state.Type ? state : s)] : States.Add(state) };

    /// <summary>Where instances begin; its data is the input.</summary>
    /// <param name="name">The stable name; the type's name unless given.</param>
    /// <param name="within">How long a visit may last before a page is raised.</param>
    /// <param name="page">The severity of that page.</param>
    /// <param name="clockStops">The deadline's clock stands still while the instance is paused or in an incident.</param>
    public At<TInput, TInput> Start(string? name = null, TimeSpan? within = null, Severity page = Severity.Low, bool clockStops = false) =>
        new(this, new(typeof(TInput), name ?? Names.Of(typeof(TInput)), StateKind.Start, []) { Within = within, Page = page, ClockStops = clockStops });

    /// <summary>A state.</summary>
    /// <param name="name">The stable name; the type's name unless given.</param>
    /// <param name="within">How long a visit may last before a page is raised.</param>
    /// <param name="page">The severity of that page.</param>
    /// <param name="settles">Entering it settles what was done so far: it will not be undone any more.</param>
    /// <param name="clockStops">The deadline's clock stands still while the instance is paused or in an incident.</param>
    public At<TInput, TState> State<TState>(string? name = null, TimeSpan? within = null, Severity page = Severity.Low, bool settles = false, bool clockStops = false) where TState : class =>
        new(this, new(typeof(TState), name ?? Names.Of(typeof(TState)), StateKind.State, []) { Within = within, Page = page, Settles = settles, ClockStops = clockStops });

    /// <summary>A state that waits for the decision of a person who has the role.</summary>
    /// <param name="role">Who may decide.</param>
    /// <param name="name">The stable name; the type's name unless given.</param>
    /// <param name="within">How long it may wait before a page is raised.</param>
    /// <param name="page">The severity of that page.</param>
    /// <param name="clockStops">The deadline's clock stands still while the instance is paused or in an incident.</param>
    public GateAt<TInput, TState> Gate<TState>(string role, string? name = null, TimeSpan? within = null, Severity page = Severity.Low, bool clockStops = false) where TState : class =>
        new(this, new(typeof(TState), name ?? Names.Of(typeof(TState)), StateKind.Gate, []) { Role = role, Within = within, Page = page, ClockStops = clockStops });

    /// <summary>An end.</summary>
    public Map<TInput> End<TState>(string? name = null) where TState : class =>
        Put(new(typeof(TState), name ?? Names.Of(typeof(TState)), StateKind.End, []));

    /// <summary>An end that is reached once everything done has been undone.</summary>
    /// <param name="name">The stable name; the type's name unless given.</param>
    /// <param name="cancelled">Where given, cancelling an instance ends here too, with the data that this makes. One end of a map may have it.</param>
    public Map<TInput> Revoked<TState>(string? name = null, Func<Cancellation, TState>? cancelled = null) where TState : class =>
        Put(new(typeof(TState), name ?? Names.Of(typeof(TState)), StateKind.Revoked, []) { OnCancel = cancelled });

    /// <summary>Takes all states of a part in. Its start, where it has one, becomes an ordinary state.</summary>
    public Map<TInput> Include(IPart<TInput> part) =>
        this with { States = States.AddRange(part.States.Select(s => s.Kind == StateKind.Start ? s with { Kind = StateKind.State } : s)) };

    /// <summary>That one state, to be taken in elsewhere.</summary>
    /// <exception cref="InvalidOperationException">The map has no such state.</exception>
    public Map<TInput> Only<TState>() where TState : class => this with { States = [Find<TState>("take")] };

    /// <summary>All states but that one.</summary>
    /// <exception cref="InvalidOperationException">The map has no such state.</exception>
    public Map<TInput> Without<TState>() where TState : class
    {
        var state = Find<TState>("drop");
        return this with { States = States.RemoveAll(s => s.Type == state.Type) };
    }

    /// <summary>The same state with another body; its name, deadline and place stay.</summary>
    /// <exception cref="InvalidOperationException">The map has no such state, or it has no body.</exception>
    public At<TInput, TState> Replace<TState>() where TState : class => Find<TState>("replace") switch
    {
        { Kind: StateKind.Gate } gate => throw new InvalidOperationException($"{gate.Name} is a gate, which decides and has no body: use ReplaceGate<{Names.Of(typeof(TState))}>()."),
        { Kind: StateKind.End or StateKind.Revoked } end => throw new InvalidOperationException($"{end.Name} is an end, which has no body: drop it by Without<{Names.Of(typeof(TState))}>() and add the state."),
        var state => new(this, state, true),
    };

    /// <summary>The same gate with another decision; its name, role, deadline and place stay.</summary>
    /// <exception cref="InvalidOperationException">The map has no such gate.</exception>
    public GateAt<TInput, TState> ReplaceGate<TState>() where TState : class => Find<TState>("replace") switch
    {
        { Kind: StateKind.Gate } gate => new(this, gate, true),
        var state => throw new InvalidOperationException($"{state.Name} is no gate."),
    };

    /// <summary>Every edge to <typeparamref name="TOld"/>, of the states so far, goes to <typeparamref name="TNew"/> instead.</summary>
    /// <param name="convert">Makes the new state's data from the old one's.</param>
    /// <param name="from">Only the edges that leave this state; null means all.</param>
    /// <exception cref="InvalidOperationException">There is no such edge.</exception>
    public Map<TInput> Redirect<TOld, TNew>(Func<TOld, TNew> convert, Type? from = null) where TOld : class where TNew : class
    {
        bool Leads(MapState state) => state.To.Contains(typeof(TOld)) && (from is null || from == state.Type);
        if (!States.Any(Leads))
            throw new InvalidOperationException($"This map has no edge{(from is null ? "" : " from " + Names.Of(from))} to {Names.Of(typeof(TOld))} to redirect. Only the states added before are looked at.");
        return this with { States = [.. States.Select(s => Leads(s) ? s.Redirected(convert) : s)] };
    }

    private MapState Find<TState>(string what) where TState : class =>
        States.FirstOrDefault(s => s.Type == typeof(TState)) ?? throw new InvalidOperationException($"This map has no state {Names.Of(typeof(TState))} to {what}.");

    /// <summary>All problems of the map, each with its fix; none when it is sound. The same check that registering makes, as one call in a test.</summary>
    public IReadOnlyList<MapProblem> Check() => MapCheck.Problems(States);

    /// <summary>The map as a Mermaid state diagram.</summary>
    public string ToMermaid() => MapDrawing.Mermaid(States);
}

/// <summary>A state that still needs its body: without <see cref="Runs{TNext}"/> the map cannot go on.</summary>
public readonly struct At<TInput, TState> where TInput : class where TState : class
{
    private readonly Map<TInput> _map;
    private readonly MapState _state;
    private readonly bool _replace;

    internal At(Map<TInput> map, MapState state, bool replace = false) => (_map, _state, _replace) = (map, state, replace);

    /// <summary>The state's body. Its return type is the list of its transitions.</summary>
    public Map<TInput> Runs<TNext>(Func<IVisit<TInput>, TState, Task<TNext>> body) where TNext : INext => _map.Put(_state with
    {
        To = TNext.Targets,
        Body = async (visit, data) => (await body((IVisit<TInput>)visit, (TState)data).ConfigureAwait(false)).State,
    }, _replace);
}

/// <summary>A gate that still needs to know what a decision leads to.</summary>
public readonly struct GateAt<TInput, TState> where TInput : class where TState : class
{
    private readonly Map<TInput> _map;
    private readonly MapState _state;
    private readonly bool _replace;

    internal GateAt(Map<TInput> map, MapState state, bool replace = false) => (_map, _state, _replace) = (map, state, replace);

    /// <summary>What a decision leads to. Its return type is the list of the gate's transitions.</summary>
    public Map<TInput> Decides<TNext>(Func<IVisit<TInput>, TState, Decision, TNext> decide) where TNext : INext => _map.Put(_state with
    {
        To = TNext.Targets,
        Decide = (visit, data, decision) => decide((IVisit<TInput>)visit, (TState)data, decision).State,
    }, _replace);
}
