using System.Collections.Immutable;
using Perdure.Kernel;
using Perdure.Replay;

namespace Perdure.Simulation.Stressing;

/// <summary>What an instance of a part begins with: the input of the whole workflow, which its bodies may ask for, and what is known in the first state.</summary>
internal sealed record PartInput<TInput, TFrom>(TInput Input, TFrom From) where TInput : class where TFrom : class;

/// <summary>
/// A part of a workflow's map, as a workflow: from one state on, until others, which are ends here. It begins in a state of its own that hands over what is known in the first one. Bodies are those
/// of the whole.
/// </summary>
internal sealed class Excerpt : IVisitable
{
    private readonly IVisitable _whole;
    private readonly Func<IBodyHost, Instance, MapState, BodyRun> _visit;

    private Excerpt(IVisitable whole, Type inputType, ImmutableArray<MapState> states, Func<IBodyHost, Instance, MapState, BodyRun> visit) =>
        (_whole, InputType, States, _visit) = (whole, inputType, states, visit);

    public string Name => _whole.Name;
    public int Version => _whole.Version;
    public Type InputType { get; }
    public ImmutableArray<MapState> States { get; }

    public string? BusinessKey(object input) => InputType == _whole.InputType ? _whole.BusinessKey(input) : null;
    public IReadOnlyList<MapProblem> Check() => new Map<object> { States = States }.Check();
    public string ToMermaid() => new Map<object> { States = States }.ToMermaid();
    public BodyRun Visit(IBodyHost host, Instance instance, MapState state) => _visit(host, instance, state);

    /// <summary>From the start on, until the given states.</summary>
    public static Excerpt Until(IVisitable whole, IReadOnlyCollection<Type> until)
    {
        var start = whole.States.First(s => s.Kind == StateKind.Start);
        return new(whole, whole.InputType, Cut(whole, start, until), whole.Visit);
    }

    /// <summary>From a state on, until the given states or the ends of the whole.</summary>
    public static Excerpt From(IVisitable whole, Type from, IReadOnlyCollection<Type> until) =>
        (Excerpt)typeof(Excerpt).GetMethod(nameof(Between), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.MakeGenericMethod(whole.InputType, from)
            .Invoke(null, System.Reflection.BindingFlags.DoNotWrapExceptions, null, [whole, until], null)!;

    private static Excerpt Between<TInput, TFrom>(IVisitable whole, IReadOnlyCollection<Type> until) where TInput : class where TFrom : class
    {
        var from = whole.States.FirstOrDefault(s => s.Type == typeof(TFrom)) ?? throw Missing(whole, typeof(TFrom));
        var start = new MapState(typeof(PartInput<TInput, TFrom>), "(part)", StateKind.Start, [typeof(TFrom)])
        {
            Body = (_, data) => Task.FromResult<object>(((PartInput<TInput, TFrom>)data).From),
        };
        return new(whole, start.Type, [start, .. Cut(whole, from, until).Select(s => s.Kind == StateKind.Start ? s with { Kind = StateKind.State } : s)],
            (host, instance, state) => new BodyRun<TInput>(host, instance, state, host.Codec.Decode<PartInput<TInput, TFrom>>(instance.Input)!.Input));
    }

    // What can be reached without passing one of the last states, in the order of the map.
    private static ImmutableArray<MapState> Cut(IVisitable whole, MapState from, IReadOnlyCollection<Type> until)
    {
        if (until.FirstOrDefault(type => whole.States.All(s => s.Type != type)) is { } missing) throw Missing(whole, missing);
        if (until.Contains(from.Type)) throw new InvalidOperationException($"The part begins and ends in {from.Name}.");
        HashSet<Type> reached = [];
        Queue<Type> next = new([from.Type]);
        while (next.TryDequeue(out var type))
            if (reached.Add(type) && !until.Contains(type))
                foreach (var to in whole.States.Where(s => s.Type == type).SelectMany(s => s.To)) next.Enqueue(to);
        if (until.FirstOrDefault(type => !reached.Contains(type)) is { } never) throw new InvalidOperationException($"No way of {whole.Name} leads from {from.Name} to {Names.Of(never)}.");
        return [.. whole.States.Where(s => reached.Contains(s.Type)).Select(s => until.Contains(s.Type) ? new MapState(s.Type, s.Name, StateKind.End, []) : s)];
    }

    private static InvalidOperationException Missing(IVisitable whole, Type state) =>
        new($"{whole.Name} has no state {Names.Of(state)}. It has: {string.Join(", ", whole.States.Select(s => Names.Of(s.Type)))}.");
}
