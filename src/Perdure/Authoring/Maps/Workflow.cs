using System.Collections.Immutable;
using Perdure.Kernel;
using Perdure.Replay;

namespace Perdure;

/// <summary>A reusable piece of a map, defined once and included by workflows whose input has what it needs.</summary>
public abstract class Part<TInput> : IPart<TInput> where TInput : class
{
    /// <summary>Its map.</summary>
    public Map<TInput> Map => field ??= Define(new());
    /// <inheritdoc />
    public ImmutableArray<MapState> States => Map.States;
    /// <summary>Adds the states to the empty map.</summary>
    protected abstract Map<TInput> Define(Map<TInput> map);
}

/// <summary>A workflow without its input's type.</summary>
public interface IWorkflow
{
    /// <summary>The stable name.</summary>
    string Name { get; }
    /// <summary>The version, from 1.</summary>
    int Version { get; }
    /// <summary>The type of the input.</summary>
    Type InputType { get; }
    /// <summary>Its states.</summary>
    ImmutableArray<MapState> States { get; }
    /// <summary>The workflow's own key of an input; null where it has none.</summary>
    string? BusinessKey(object input);
    /// <summary>All problems of its map.</summary>
    IReadOnlyList<MapProblem> Check();
    /// <summary>Its map as a Mermaid state diagram.</summary>
    string ToMermaid();
}

/// <summary>A named, versioned map of states. Dependencies come by the constructor; operations that it takes there are found and registered.</summary>
/// <param name="name">The stable name: lower case, digits and dashes.</param>
/// <param name="version">From 1. A changed map requires a new one; a mended body does not.</param>
public abstract class Workflow<TInput>(string name, int version) : Part<TInput>, IWorkflow, IVisitable where TInput : class
{
    /// <inheritdoc />
    public string Name => name;
    /// <inheritdoc />
    public int Version => version;
    /// <summary>The workflow's own key of an input, unique among its instances; null, unless overridden, where it has none.</summary>
    protected virtual string? BusinessKey(TInput input) => null;
    /// <summary>All problems of its map and of its own name, each with its fix.</summary>
    public IReadOnlyList<MapProblem> Check() => [.. MapCheck.Problems(Name, Version), .. Map.Check()];
    /// <summary>Its map as a Mermaid state diagram.</summary>
    public string ToMermaid() => Map.ToMermaid();

    BodyRun IVisitable.Visit(IBodyHost host, Instance instance, MapState state) =>
        new BodyRun<TInput>(host, instance, state, host.Codec.Decode<TInput>(instance.Input)!);

    Type IWorkflow.InputType => typeof(TInput);
    string? IWorkflow.BusinessKey(object input) => BusinessKey((TInput)input);
}

/// <summary>A workflow as the runtime enters it, its input's type inside.</summary>
internal interface IVisitable : IWorkflow
{
    BodyRun Visit(IBodyHost host, Instance instance, MapState state);
}
