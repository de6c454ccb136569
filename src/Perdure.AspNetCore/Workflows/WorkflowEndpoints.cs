using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using Perdure.Kernel;

namespace Perdure.AspNetCore;

internal sealed record CountBody(string State, string Status, long Count);
internal sealed record WorkflowSummary(string Name, int Version, string Map, IReadOnlyList<CountBody> Counts);
internal sealed record WorkflowList(IReadOnlyList<WorkflowSummary> Workflows);
internal sealed record StateBody(string Name, string Kind, IReadOnlyList<string> To, string? Role, double? WithinSeconds, string? Page, bool? ClockStops, bool? Settles, string Schema);

/// <summary>A version's map.</summary>
internal sealed record MapBody(string Workflow, int Version, string Start, string CancelsTo, IReadOnlyList<StateBody> States);

/// <summary>Shows the workflows that this node carries, and their maps.</summary>
internal static class WorkflowEndpoints
{
    private const string Mermaid = "text/vnd.mermaid";

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/workflows", List).WithName("ListWorkflows").WithSummary("The workflows and how many instances there are in each state.").Produces<WorkflowList>().RequireAuthorization(Policies.Reader);
        api.MapGet("/workflows/{name}/versions/{version}", Get).WithName("GetMap").WithSummary("A version's map, as JSON or as a Mermaid state diagram.")
            .Produces<MapBody>(StatusCodes.Status200OK, "application/json", Mermaid).Problems(400, 404).RequireAuthorization(Policies.Reader);
    }

    private static async Task<IResult> List(HttpContext context, IPerdure perdure)
    {
        if (new Query(context).Problem is { } problem) return problem;
        var tallies = (await perdure.Views.Tallies(context.RequestAborted)).ToLookup(t => (t.Workflow, t.WorkflowVersion));
        var known = perdure.Workflows.Select(w => (Name: w.Name, Version: w.Version)).Union(tallies.Select(t => (Name: t.Key.Workflow, Version: t.Key.WorkflowVersion))).Order();
        return Wire.Ok(new WorkflowList([.. known.Select(w => new WorkflowSummary(w.Name, w.Version, $"/api/workflows/{Uri.EscapeDataString(w.Name)}/versions/{w.Version}",
            [.. tallies[w].Where(t => t.Count > 0).Select(t => new CountBody(t.State, Wire.Word(t.Status), t.Count))]))]));
    }

    private static IResult Get(HttpContext context, string name, string version, IPerdure perdure)
    {
        var query = new Query(context, "format");
        var format = query.Value("format");
        if (format is not (null or "json" or "mermaid")) query.Fault("format", "One of these is taken: json, mermaid.");
        if (query.Problem is { } problem) return problem;
        var found = perdure.Workflows.FirstOrDefault(w => w.Name == name && w.Version.ToString(System.Globalization.CultureInfo.InvariantCulture) == version);
        if (found is null) return new Problem(StatusCodes.Status404NotFound, "workflow.not-found", "This node carries no such workflow and version.");
        if (format == "mermaid" || (format is null && Wants(context.Request))) return TypedResults.Text(found.Workflow.ToMermaid(), Mermaid);
        var map = found.Map;
        return Wire.Ok(new MapBody(map.Workflow, map.Version, map.Start.Name, map.CancelsTo, [.. map.States.Select(Told)]));
    }

    private static StateBody Told(StateDefinition state) => new(
        state.Name, Wire.Word(state.Kind), state.To, state.Role, state.Within?.TotalSeconds, state.Within is null ? null : Wire.Word(state.Page),
        state.ClockStops ? true : null, state.Settles ? true : null, state.Schema);

    private static bool Wants(HttpRequest request) => MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted)
        && accepted.Any(t => t.MediaType.Equals(Mermaid, StringComparison.OrdinalIgnoreCase));
}
