using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Perdure.AspNetCore;

namespace Perdure;

/// <summary>Puts a node on HTTP.</summary>
public static class PerdureHttp
{
    /// <summary>
    /// Adds what the API needs: bounds and problem documents for the whole application, access (a fallback policy that denies for everything that names none), events, delivery of
    /// pages, telemetry. Options come from the configuration section <c>Perdure</c>.
    /// </summary>
    public static IServiceCollection AddPerdureHttp(this IServiceCollection services, Action<PerdureHttpOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<PerdureHttpOptions>().BindConfiguration("Perdure");
        if (configure is not null) options.Configure(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.AddTransient<IStartupFilter, Edge>();
        // Before all others, so that addresses that code listens on get the defaults too, and code may set other bounds.
        services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<KestrelServerOptions>>(provider =>
            new ConfigureOptions<KestrelServerOptions>(kestrel => Bound(kestrel, provider.GetRequiredService<IOptions<PerdureHttpOptions>>()))));
        services.AddHostedService<KestrelRefusals>();
        services.AddHostedService<BindingCheck>();
        Access.Add(services);
        Measures.Add(services);
        ApiDocument.Add(services);

        services.AddSingleton(provider => new EventMapping(provider.GetRequiredService<IPerdure>(), provider.GetRequiredService<IOptions<PerdureHttpOptions>>().Value.EventSource));
        services.AddSingleton<EventStreams>();
        services.AddHostedService<JsonLinesFile>();
        services.AddSingleton<IPageSink, LogPageSink>();
        services.AddSingleton<IPageSink, PagerSink>();
        services.AddHostedService<PageDelivery>();
        return services;
    }

    /// <summary>Maps the API under <c>/api</c>, health, metrics and the OpenAPI document.</summary>
    public static IEndpointRouteBuilder MapPerdure(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var api = endpoints.MapGroup("/api");
        StartEndpoint.Map(api);
        InstanceEndpoints.Map(api);
        HistoryEndpoints.Map(api);
        CommandEndpoints.Map(api);
        Gates.Map(api);
        WorkflowEndpoints.Map(api);
        PageEndpoints.Map(api);
        EventEndpoints.Map(api);
        HealthEndpoints.Map(endpoints);
        Measures.Map(endpoints);
        endpoints.MapOpenApi("/openapi/{documentName}.json");
        return endpoints;
    }

    // The server's own bounds lie behind those of the edge, which answers with a document.
    private static void Bound(KestrelServerOptions kestrel, IOptions<PerdureHttpOptions> options)
    {
        kestrel.AddServerHeader = false;
        kestrel.ConfigureEndpointDefaults(listen =>
        {
            RemoteSocket.Prepare(listen);
            KestrelRefusals.Prepare(listen);
        });
        kestrel.Limits.MaxRequestBodySize = options.Value.BodyBytes;
        kestrel.Limits.MaxRequestHeaderCount = Math.Max(kestrel.Limits.MaxRequestHeaderCount, options.Value.HeaderCount * 10);
        kestrel.Limits.MaxRequestHeadersTotalSize = Math.Max(kestrel.Limits.MaxRequestHeadersTotalSize, options.Value.HeaderBytes * 8);
        kestrel.Limits.MaxRequestLineSize = Math.Max(kestrel.Limits.MaxRequestLineSize, options.Value.TargetBytes * 8);
    }

    private sealed class Edge : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.UseMiddleware<ProblemPages>();
            app.UseMiddleware<RequestBounds>();
            next(app);
        };
    }
}
