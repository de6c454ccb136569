using System.Collections.Immutable;
using Perdure.Kernel;

namespace Perdure;

/// <summary>A state of a map, as data: what a map is made of, what is printed, compared, stored and drawn.</summary>
/// <param name="Type">The record of what is known in it.</param>
/// <param name="Name">Its stable name.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="To">The records of the states that its body may go to.</param>
public sealed record MapState(Type Type, string Name, StateKind Kind, ImmutableArray<Type> To)
{
    /// <summary>For a gate: who may decide.</summary>
    public string? Role { get; init; }
    /// <summary>How long a visit may last before a page is raised.</summary>
    public TimeSpan? Within { get; init; }
    /// <summary>The severity of that page.</summary>
    public Severity Page { get; init; }
    /// <summary>Whether the deadline's clock stands still while the instance is paused or in an incident.</summary>
    public bool ClockStops { get; init; }
    /// <summary>Whether entering it settles what was done so far.</summary>
    public bool Settles { get; init; }

    internal Func<IVisit, object, Task<object>>? Body { get; init; }
    internal Func<IVisit, object, Decision, object>? Decide { get; init; }
    /// <summary>For a revoked end: makes its data from who cancelled and why; cancelling then ends here.</summary>
    internal Func<Cancellation, object>? OnCancel { get; init; }

    /// <summary>The same state with its edges to one record led to another.</summary>
    internal MapState Redirected<TOld, TNew>(Func<TOld, TNew> convert) where TOld : class where TNew : class => this with
    {
        To = [.. To.Select(to => to == typeof(TOld) ? typeof(TNew) : to).Distinct()],
        Body = Body is not { } body ? null : async (visit, data) => await body(visit, data).ConfigureAwait(false) is var next && next is TOld old ? convert(old) : next,
        Decide = Decide is not { } decide ? null : (visit, data, decision) => decide(visit, data, decision) is var next && next is TOld old ? convert(old) : next,
    };
}

/// <summary>Who cancelled an instance, and why.</summary>
public sealed record Cancellation(string By, string Reason);

/// <summary>Something that is wrong with a map, with its fix.</summary>
/// <param name="Code">A stable code, such as <c>map.unreachable</c>.</param>
/// <param name="State">The state it is about; empty where it is about the map.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Fix">What to do.</param>
public sealed record MapProblem(string Code, string State, string Message, string Fix)
{
    /// <inheritdoc />
    public override string ToString() => $"{Code}: {Message} {Fix}";
}

/// <summary>A map that was registered and has problems; all of them are listed.</summary>
public sealed class MapException(string workflow, int version, IReadOnlyList<MapProblem> problems)
    : PerdureException("map.invalid", $"The map of {workflow} version {version} has {problems.Count} problem(s):\n" + string.Join('\n', problems.Select(p => "  - " + p)))
{
    /// <summary>All problems.</summary>
    public IReadOnlyList<MapProblem> Problems => problems;

    /// <summary>The list alone: the fixes are in the map, so where it was checked would only push them out of sight.</summary>
    public override string ToString() => $"{GetType()}: {Message}";
}
