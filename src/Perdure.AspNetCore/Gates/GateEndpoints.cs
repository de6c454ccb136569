using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>A gate that waits for a person.</summary>
internal sealed record OpenGateBody(string Id, string Instance, int Visit, string Workflow, int Version, string? BusinessKey, string State, string? Role, DateTimeOffset Since, JsonElement? Data = null);

/// <summary>Gates, longest waiting first; <paramref name="Next"/> is the cursor of the page after it.</summary>
internal sealed record GateList(IReadOnlyList<OpenGateBody> Gates, string? Next);

/// <summary>A decision.</summary>
internal sealed record DecisionRequest(bool Approved, string? Why = null);

/// <summary>A decision as it was recorded.</summary>
internal sealed record DecisionBody(string Gate, string Instance, bool Approved, string By);

/// <summary>Shows gates and takes decisions.</summary>
internal static class Gates
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/gates", List).WithName("ListGates").WithSummary("Instances that wait for a person.").Produces<GateList>().Problems(400).RequireAuthorization(Policies.Reader);
        api.MapGet("/gates/{id}", Get).WithName("GetGate").WithSummary("One gate, with what is to be decided about.").Produces<OpenGateBody>().Problems(404).RequireAuthorization(Policies.Reader);
        api.MapPost("/gates/{id}/decision", Decide).WithName("DecideGate").WithSummary("Decides; needs the gate's role.")
            .Accepts<DecisionRequest>("application/json").Produces<DecisionBody>().Problems(400, 403, 404, 409, 410, 429, 503).RequireAuthorization(Policies.Somebody);
    }

    /// <summary>The role that decides in a state; null where this node carries no such map.</summary>
    public static string? RoleOf(IPerdure perdure, string workflow, int version, string state) =>
        perdure.Workflows.FirstOrDefault(w => w.Name == workflow && w.Version == version)?.Map.Find(state)?.Role;

    private static async Task<IResult> List(HttpContext context, IPerdure perdure)
    {
        var query = new Query(context, "role", "cursor", "limit", OldReads.Parameter);
        var role = query.Value("role");
        var (limit, after) = query.Page();
        var stale = query.Flag(OldReads.Parameter);
        if (query.Problem is { } problem) return problem;
        var open = await perdure.Reads(context, stale).Gates(after, limit + 1, context.RequestAborted);
        var page = open.Take(limit).ToList();
        return Wire.Ok(new GateList([.. page.Where(g => role is null || g.Role == role).Select(Told)], open.Count > limit ? Cursor.Write(page[^1].Instance.Id) : null));
    }

    private static async Task<IResult> Get(HttpContext context, string id, IPerdure perdure)
    {
        var query = new Query(context, OldReads.Parameter);
        var stale = query.Flag(OldReads.Parameter);
        if (query.Problem is { } problem) return problem;
        if (!GateId.TryParse(id, out var instance, out var visit) || await perdure.Reads(context, stale).Get(instance, context.RequestAborted) is not { } view
            || view.Instance is not { AtGate: true, Ended: false } waiting || waiting.Visit != visit) return NoGate();
        return Wire.Ok(Told(new(view.Row, RoleOf(perdure, waiting.Workflow, waiting.WorkflowVersion, waiting.State) ?? "", waiting.EnteredAt)) with { Visit = visit, Id = id, Data = Wire.Show(waiting.Data) });
    }

    private static async Task<IResult> Decide(HttpContext context, string id, IPerdure perdure, IStore store)
    {
        var (request, malformed) = await CommandInput.Read<DecisionRequest>(context, needed: true);
        if (malformed is not null) return malformed;
        var why = request!.Why ?? "";
        if (why.Length > Text.ReasonLength || Text.HasControls(why, linesAllowed: true)) return Problem.Malformed("input.invalid", "$.why", $"No more than {Text.ReasonLength} characters are taken.");
        if (!GateId.TryParse(id, out var instance, out var visit)) return NoGate();
        var caller = context.Caller();
        var answer = await perdure.Decide(instance, visit, request.Approved, caller, why, context.RequestAborted);
        if (answer is CommandAnswer.Refused { Code: not "gate.role" } && await PastDecision.Find(store, instance, visit, context.RequestAborted) is { } past)
        {
            if (past.Approved == request.Approved && past.By == caller.Name) answer = new CommandAnswer.Done(Changed: false);
            else return new Problem(StatusCodes.Status409Conflict, "gate.decided", $"{past.By} decided this already: {(past.Approved ? "approved" : "not approved")}.");
        }
        return (IResult?)Answers.Problem(answer) ?? Wire.Ok(new DecisionBody(id, instance.ToString(), request.Approved, caller.Name));
    }

    private static OpenGateBody Told(OpenGate gate)
    {
        var row = gate.Instance;
        return new(GateId.Of(row.Id, row.Visit), row.Id.ToString(), row.Visit, row.Workflow, row.WorkflowVersion, row.BusinessKey, row.State, gate.Role, gate.Since);
    }

    private static Problem NoGate() => new(StatusCodes.Status404NotFound, "gate.not-found", "No such gate waits for a decision: it was decided, or there never was one.");
}
