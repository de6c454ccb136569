using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;

namespace Perdure.AspNetCore;

/// <summary>Traces and metrics, by OpenTelemetry.</summary>
internal static class Measures
{
    // Attempts and commits take from a tenth of a millisecond to minutes.
    private static readonly double[] Seconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
    private static readonly double[] Items = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_000];

    public static void Add(IServiceCollection services)
    {
        services.AddMetrics();
        services.AddSingleton<NodeGauges>();
        services.AddOpenTelemetry()
            .WithTracing(tracing => tracing.AddSource("Perdure"))
            .WithMetrics(metrics => metrics
                .AddMeter("Perdure", NodeGauges.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel")
                .AddView(i => i is System.Diagnostics.Metrics.Histogram<double> && i.Meter.Name == "Perdure" ? new ExplicitBucketHistogramConfiguration { Boundaries = Seconds } : null)
                .AddView(i => i is System.Diagnostics.Metrics.Histogram<long> && i.Meter.Name == "Perdure" ? new ExplicitBucketHistogramConfiguration { Boundaries = Items } : null)
                .AddPrometheusExporter());
    }

    public static void Map(IEndpointRouteBuilder endpoints) => endpoints.MapPrometheusScrapingEndpoint("/metrics").Add(endpoint =>
    {
        var scrape = endpoint.RequestDelegate!;
        endpoint.RequestDelegate = async context =>
        {
            await context.RequestServices.GetRequiredService<NodeGauges>().Refresh(context.RequestAborted);
            await scrape(context);
        };
    });
}
