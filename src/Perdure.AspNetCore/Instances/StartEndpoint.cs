using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Perdure.AspNetCore;

/// <summary>Starts instances.</summary>
internal static class StartEndpoint
{
    public const string KeyHeader = "Idempotency-Key";

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/workflows/{workflow}/instances", Start).WithName("StartInstance")
            .WithSummary("Starts an instance of a workflow; the same Idempotency-Key gives the same instance.")
            .Accepts<object>("application/json").Produces<StartedBody>(StatusCodes.Status201Created).Produces<StartedBody>()
            .Problems(400, 404, 409, 413, 415, 422, 429, 503).RequireAuthorization(Policies.Starter);

    private static async Task<IResult> Start(HttpContext context, string workflow, IPerdure perdure)
    {
        var query = new Query(context, "version", "namespace", "priority");
        var version = query.Number("version", 1, int.MaxValue);
        var @namespace = query.Value("namespace") ?? "default";
        var priority = query.Number("priority", 0, 1_000) ?? 0;
        if (query.Problem is { } malformed) return malformed;
        var (key, noKey) = Key(context.Request);
        if (noKey is not null) return noKey;
        if (!Text.IsName(workflow)) return new Problem(StatusCodes.Status404NotFound, "workflow.not-found", "There is no such workflow.");
        var (input, bad) = await RequestBody.Read(context);
        if (bad is not null) return bad;
        var answer = await perdure.Start(new(workflow, key!, input)
        {
            Version = (int?)version, Namespace = @namespace, Priority = (int)priority, TraceParent = TraceParent(context),
        }, context.RequestAborted);
        if (Answers.Problem(answer) is { } problem) return problem;
        var accepted = (StartAnswer.Accepted)answer;
        context.Response.Headers.Location = Wire.InstancePath(accepted.Instance);
        var body = new StartedBody(accepted.Instance.ToString(), accepted.Workflow, accepted.Version, accepted.Key, accepted.CreatedAt);
        return TypedResults.Json(body, Wire.Json, statusCode: accepted.Created ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    /// <summary>The idempotency key of a request.</summary>
    public static (string? Key, Problem? Problem) Key(HttpRequest request) => request.Headers[KeyHeader] switch
    {
        [] => (null, Problem.Malformed("key.missing", KeyHeader, $"The header {KeyHeader} is needed: a repeat under the same key has the effect of once.")),
        [{ } key] when Text.IsKey(key) => (key, null),
        _ => (null, Problem.Malformed("key.malformed", KeyHeader, $"The header {KeyHeader} must be given once, as 1 to {Text.KeyLength} printable ASCII characters.")),
    };

    private static string? TraceParent(HttpContext context)
    {
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id }) return id;
        return context.Request.Headers["traceparent"] is [{ } given] && ActivityContext.TryParse(given, null, out _) ? given : null;
    }
}
