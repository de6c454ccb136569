using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Perdure.Kernel;

/// <summary>What kind of place a state is.</summary>
public enum StateKind
{
    /// <summary>Where an instance begins.</summary>
    Start,
    /// <summary>A state with a body.</summary>
    State,
    /// <summary>A state that waits for a person's decision.</summary>
    Gate,
    /// <summary>An end.</summary>
    End,
    /// <summary>An end that is reached once everything done has been undone.</summary>
    Revoked,
}

/// <summary>A state as data.</summary>
/// <param name="Name">Its stable name.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="To">The names of the states it may go to, in the order of declaration. Empty for ends.</param>
/// <param name="Schema">Fingerprint of the shape of the state's data.</param>
public sealed record StateDefinition(string Name, StateKind Kind, ImmutableArray<string> To, string Schema)
{
    /// <summary>For a gate: who may decide.</summary>
    public string? Role { get; init; }

    /// <summary>How long a visit may last before a page is raised. Configuration: not part of the fingerprint.</summary>
    public TimeSpan? Within { get; init; }

    /// <summary>The severity of that page. Configuration.</summary>
    public Severity Page { get; init; }

    /// <summary>Whether the deadline's clock stands still while the instance is paused or in an incident. Configuration.</summary>
    public bool ClockStops { get; init; }

    /// <summary>Entering this state settles what was done so far: it will not be undone any more.</summary>
    public bool Settles { get; init; }

    /// <summary>Whether the state is an end.</summary>
    public bool IsEnd => Kind is StateKind.End or StateKind.Revoked;
}

/// <summary>
/// A version of a workflow as data: its states and declared transitions. Every map has, beside its own, the end
/// <see cref="Cancelled"/>, which cancelling reaches from any state unless the map names another end for it.
/// </summary>
public sealed class MapDefinition
{
    /// <summary>The name of the end that cancelling reaches unless the map names another.</summary>
    public const string Cancelled = "CANCELLED";

    private readonly FrozenDictionary<string, StateDefinition> _states;

    /// <summary>Makes a map. The caller has checked it; names must be unique.</summary>
    /// <exception cref="ArgumentException">Two states of one name, or no start, or several.</exception>
    public MapDefinition(string workflow, int version, ImmutableArray<StateDefinition> states, string? cancelsTo = null)
    {
        Workflow = workflow;
        Version = version;
        CancelsTo = cancelsTo ?? Cancelled;
        States = states;
        _states = states.ToFrozenDictionary(s => s.Name, StringComparer.Ordinal);
        Start = states.Single(s => s.Kind == StateKind.Start);
    }

    /// <summary>The stable name of the workflow.</summary>
    public string Workflow { get; }

    /// <summary>The version, from 1.</summary>
    public int Version { get; }

    /// <summary>The build of the code that carries the map on this node, recorded with each visit. Not part of the map's identity.</summary>
    public string? Build { get; init; }

    /// <summary>The states in the order of declaration, without the implicit <see cref="Cancelled"/>.</summary>
    public ImmutableArray<StateDefinition> States { get; }

    /// <summary>Where instances begin.</summary>
    public StateDefinition Start { get; }

    /// <summary>The revoked end that a cancelled instance reaches.</summary>
    public string CancelsTo { get; }

    /// <summary>The state of that name; the implicit <see cref="Cancelled"/> end included; null where there is none.</summary>
    public StateDefinition? Find(string name) =>
        _states.TryGetValue(name, out var state) ? state : name == Cancelled ? CancelledState : null;

    /// <summary>Whether the map declares that transition. Cancelling may leave every state that is not an end.</summary>
    public bool Declares(string from, string to) =>
        Find(from) is { IsEnd: false } state && (state.To.Contains(to) || to == CancelsTo);

    /// <summary>Every declared edge, those of cancelling included, in a stable order without repetition.</summary>
    public IEnumerable<(string From, string To)> Edges() =>
        States.Where(s => !s.IsEnd).SelectMany(s => s.To.Append(CancelsTo).Distinct(StringComparer.Ordinal).Select(to => (s.Name, to)));

    private static StateDefinition CancelledState { get; } = new(Cancelled, StateKind.Revoked, [], "");
}
