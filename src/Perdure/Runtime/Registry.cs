using System.Collections.Frozen;
using System.Collections.Immutable;
using Perdure.Kernel;
using Perdure.Replay;

namespace Perdure.Runtime;

/// <summary>A version of a workflow whose code this node carries.</summary>
internal sealed class Carried
{
    public Carried(IVisitable workflow, PayloadCodec codec)
    {
        Workflow = workflow;
        var names = workflow.States.ToDictionary(s => s.Type, s => s.Name);
        Map = new(workflow.Name, workflow.Version,
            [.. workflow.States.Select(s => new StateDefinition(s.Name, s.Kind, [.. s.To.Select(to => names[to])], codec.ShapeOf(s.Type).Fingerprint)
            {
                Role = s.Role, Within = s.Within, Page = s.Page, ClockStops = s.ClockStops, Settles = s.Settles,
            })],
            workflow.States.FirstOrDefault(s => s.OnCancel is not null)?.Name) { Build = CodeBuild.Of(workflow.GetType()) };
        ByName = workflow.States.ToFrozenDictionary(s => s.Name, StringComparer.Ordinal);
        ByType = workflow.States.ToFrozenDictionary(s => s.Type);
        Cancelled = workflow.States.FirstOrDefault(s => s.OnCancel is not null)?.OnCancel;
    }

    public IVisitable Workflow { get; }
    public MapDefinition Map { get; }
    public FrozenDictionary<string, MapState> ByName { get; }
    public FrozenDictionary<Type, MapState> ByType { get; }
    public Func<Cancellation, object>? Cancelled { get; }

    /// <summary>The data of the end that a cancelled instance reaches; null where the map makes none.</summary>
    public Payload? DataOfCancelled(PayloadCodec codec, string by, string reason) =>
        Cancelled?.Invoke(new(by, reason)) is { } state ? codec.Encode(state, state.GetType(), state.GetType()) : null;
}

/// <summary>An operation whose code this node carries.</summary>
/// <param name="Type">The class to resolve for each attempt.</param>
/// <param name="Handle">An instance to read policies from.</param>
internal sealed record CarriedStep(Type Type, IRunnable Handle);

/// <summary>All code that this node carries.</summary>
internal sealed class Registry
{
    private readonly FrozenDictionary<(string, int), Carried> _workflows;
    private readonly FrozenDictionary<string, Carried> _newest;
    private readonly FrozenDictionary<string, CarriedStep> _steps;

    /// <exception cref="MapException">A map has problems; all are listed.</exception>
    /// <exception cref="InvalidOperationException">Two things of one name.</exception>
    public Registry(IEnumerable<IWorkflow> workflows, IEnumerable<IStep> steps, PayloadCodec codec)
    {
        Dictionary<(string, int), Carried> carried = [];
        foreach (var workflow in workflows)
        {
            if (workflow.Check() is { Count: > 0 } problems) throw new MapException(workflow.Name, workflow.Version, problems);
            if (!carried.TryAdd((workflow.Name, workflow.Version), new((IVisitable)workflow, codec)))
                throw new InvalidOperationException($"{workflow.Name} version {workflow.Version} is registered twice: {carried[(workflow.Name, workflow.Version)].Workflow.GetType()} and {workflow.GetType()}.");
        }
        Dictionary<string, CarriedStep> byName = new(StringComparer.Ordinal);
        foreach (var step in steps)
        {
            if (byName.TryGetValue(step.Name, out var other) && other.Type != step.GetType())
                throw new InvalidOperationException($"Two operations are named \"{step.Name}\": {other.Type} and {step.GetType()}. Override Name in one.");
            byName[step.Name] = new(step.GetType(), (IRunnable)step);
        }
        _workflows = carried.ToFrozenDictionary();
        _newest = carried.Values.GroupBy(c => c.Map.Workflow).ToFrozenDictionary(g => g.Key, g => g.MaxBy(c => c.Map.Version)!, StringComparer.Ordinal);
        _steps = byName.ToFrozenDictionary(StringComparer.Ordinal);
        All = [.. carried.Values.OrderBy(c => c.Map.Workflow, StringComparer.Ordinal).ThenBy(c => c.Map.Version)];
    }

    public ImmutableArray<Carried> All { get; }

    public Carried? Find(string workflow, int? version) =>
        version is { } number ? _workflows.GetValueOrDefault((workflow, number)) : _newest.GetValueOrDefault(workflow);

    public IEnumerable<CarriedStep> Steps => _steps.Values;

    public CarriedStep? Step(string name) => _steps.GetValueOrDefault(name);
}
