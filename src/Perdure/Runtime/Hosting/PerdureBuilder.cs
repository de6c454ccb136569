using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Perdure.Ports;
using Perdure.Replay;
using Perdure.Runtime;

namespace Perdure;

/// <summary>What a node carries: workflows, operations, a store.</summary>
public sealed class PerdureBuilder
{
    internal PerdureBuilder(IServiceCollection services) => Services = services;

    /// <summary>The services that it is added to.</summary>
    public IServiceCollection Services { get; }

    internal HashSet<Type> Workflows { get; } = [];
    internal HashSet<Type> Steps { get; } = [];

    /// <summary>Adds a workflow. The operations, parts and workflows that its constructor takes are found and registered with it.</summary>
    public PerdureBuilder Workflow<TWorkflow>() where TWorkflow : class, IWorkflow
    {
        Workflows.Add(typeof(TWorkflow));
        Find(typeof(TWorkflow));
        return this;
    }

    /// <summary>Adds an operation that no workflow's constructor takes any more, so that what it did can still be undone.</summary>
    public PerdureBuilder Operation<TStep>() where TStep : class, IStep
    {
        Find(typeof(TStep));
        return this;
    }

    /// <summary>Sets options.</summary>
    public PerdureBuilder Configure(Action<PerdureOptions> configure)
    {
        Services.Configure(configure);
        return this;
    }

    /// <summary>Names the store. For packages that bring one.</summary>
    public PerdureBuilder UseStore(Func<IServiceProvider, IStore> store)
    {
        Services.Replace(ServiceDescriptor.Singleton(store));
        return this;
    }

    // An operation is made anew in the scope of each attempt; workflows and parts live in the scope of the node's own.
    private void Find(Type type)
    {
        if (typeof(IStep).IsAssignableFrom(type))
        {
            if (Steps.Add(type)) Services.TryAddTransient(type);
            return;
        }
        Services.TryAddScoped(type);
        foreach (var constructor in type.GetConstructors())
            foreach (var parameter in constructor.GetParameters())
                if (parameter.ParameterType is { IsClass: true, IsAbstract: false } dependency
                    && (typeof(IStep).IsAssignableFrom(dependency) || typeof(IWorkflow).IsAssignableFrom(dependency) || IsPart(dependency)))
                    Find(dependency);
    }

    private static bool IsPart(Type type) =>
        type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IPart<>));
}

/// <summary>Adds Perdure to a host.</summary>
public static class PerdureServices
{
    /// <summary>Adds the engine: <see cref="IPerdure"/>, and the hosted service that opens the store, runs and drains. A store is named on the builder, such as <c>UseSqlite</c>.</summary>
    public static IServiceCollection AddPerdure(this IServiceCollection services, Action<PerdureBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var builder = new PerdureBuilder(services);
        configure(builder);
        services.AddOptions<PerdureOptions>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<INodeShell>(provider => new ThreadedShell(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new Definitions(provider, builder));
        services.AddSingleton(provider => new Node(
            provider.GetRequiredService<Definitions>().Registry,
            provider.GetService<IStore>() ?? throw new InvalidOperationException("No store is named. Add one: AddPerdure(p => p.UseSqlite(\"data/perdure.db\")…)."),
            provider.GetRequiredService<INodeShell>(),
            new ScopedOperations(provider.GetRequiredService<IServiceScopeFactory>()),
            provider.GetRequiredService<IOptions<PerdureOptions>>().Value,
            provider.GetRequiredService<Definitions>().Codec,
            provider.GetRequiredService<ILoggerFactory>().CreateLogger("Perdure")));
        services.TryAddSingleton<IPerdure>(provider => new Engine(provider.GetRequiredService<Node>()));
        services.AddHostedService(provider => new NodeService(provider.GetRequiredService<Node>(), provider.GetService<IHostApplicationLifetime>()));
        return services;
    }
}

/// <summary>The workflows and operations as they are defined: made once, in a scope that lives as long as the node.</summary>
internal sealed class Definitions : IDisposable
{
    private readonly IServiceScope _scope;

    public Definitions(IServiceProvider provider, PerdureBuilder builder)
    {
        Codec = new(provider.GetRequiredService<IOptions<PerdureOptions>>().Value.Json);
        _scope = provider.CreateScope();
        Registry = new(
            builder.Workflows.Select(type => (IWorkflow)_scope.ServiceProvider.GetRequiredService(type)),
            builder.Steps.Select(type => (IStep)_scope.ServiceProvider.GetRequiredService(type)),
            Codec);
    }

    public Registry Registry { get; }
    public PayloadCodec Codec { get; }

    public void Dispose() => _scope.Dispose();
}
