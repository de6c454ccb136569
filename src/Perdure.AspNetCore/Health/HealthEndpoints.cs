using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Perdure.AspNetCore;

/// <summary>How the node is. What is wrong is told to readers only.</summary>
internal sealed record HealthBody(string Status, IReadOnlyList<string>? Problems = null, int? Hot = null, int? InFlight = null, int? Queued = null);

/// <summary>Whether the process lives, and whether it can work. Open to probes, which have no key.</summary>
internal static class HealthEndpoints
{
    private static readonly TimeSpan StoreAnswersWithin = TimeSpan.FromSeconds(2);

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/health/live", () => Wire.Ok(new HealthBody("live"))).WithName("Live").WithSummary("The process lives.").RequireAuthorization(Policies.Probe);
        endpoints.MapGet("/health/ready", Ready).WithName("Ready").WithSummary("The node owns its lanes and the store answers.").Produces<HealthBody>().Produces<HealthBody>(503).RequireAuthorization(Policies.Probe);
    }

    private static async Task<IResult> Ready(HttpContext context, IPerdure perdure, TimeProvider time)
    {
        var health = perdure.Health;
        var problems = health.Problems.ToList();
        var ready = health.Ready;
        if (ready)
        {
            try
            {
                using var limit = new CancellationTokenSource(StoreAnswersWithin, time);
                await perdure.Views.FeedEnd(limit.Token).WaitAsync(limit.Token);
            }
            catch (Exception e) when (!context.RequestAborted.IsCancellationRequested)
            {
                ready = false;
                problems.Add("The store does not answer: " + (e is OperationCanceledException ? "no answer in time." : e.Message));
            }
        }
        var tells = context.User.IsInRole(Roles.Reader) || context.User.IsInRole(Roles.Operator);
        var body = new HealthBody(ready ? "ready" : "not-ready", tells ? problems : null, tells ? health.Hot : null, tells ? health.InFlight : null, tells ? health.Queued : null);
        return TypedResults.Json(body, Wire.Json, statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}
