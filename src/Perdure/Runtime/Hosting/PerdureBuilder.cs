using Microsoft.Extensions.DependencyInjection;

namespace Perdure;

/// <summary>What a node carries: workflows, operations, a store.</summary>
public sealed class PerdureBuilder
{
    internal PerdureBuilder(IServiceCollection services) => Services = services;

    /// <summary>The services that it is added to.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Adds a workflow. The operations, parts and workflows that its constructor takes are found and registered with it.</summary>
    public PerdureBuilder Workflow<TWorkflow>() where TWorkflow : class, IWorkflow => throw new NotImplementedException();

    /// <summary>Adds an operation that no workflow's constructor takes any more, so that what it did can still be undone.</summary>
    public PerdureBuilder Operation<TStep>() where TStep : class, IStep => throw new NotImplementedException();

    /// <summary>Sets options.</summary>
    public PerdureBuilder Configure(Action<PerdureOptions> configure) => throw new NotImplementedException();
}

/// <summary>Adds Perdure to a host.</summary>
public static class PerdureServices
{
    /// <summary>Adds the engine: <see cref="IPerdure"/>, and the hosted service that opens the store, runs and drains. A store is named on the builder, such as <c>UseSqlite</c>.</summary>
    public static IServiceCollection AddPerdure(this IServiceCollection services, Action<PerdureBuilder> configure) => throw new NotImplementedException();
}
