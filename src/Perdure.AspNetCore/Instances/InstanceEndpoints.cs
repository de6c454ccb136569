using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>Shows instances.</summary>
internal static class InstanceEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/instances", List).WithName("ListInstances").WithSummary("Instances that fit, newest first.")
            .Produces<InstanceList>().Problems(400).RequireAuthorization(Policies.Reader);
        api.MapGet("/instances/{id}", Get).WithName("GetInstance").WithSummary("One instance: where it is, its steps, what it waits for, what went wrong last.")
            .Produces<InstanceBody>().Problems(404, 410).RequireAuthorization(Policies.Reader);
    }

    private static async Task<IResult> List(HttpContext context, IPerdure perdure)
    {
        var query = new Query(context, "namespace", "workflow", "state", "status", "businessKey", "cursor", "limit", OldReads.Parameter);
        var filter = new InstanceFilter(query.Value("namespace"), query.Value("workflow"), query.Value("state"), query.Word<Status>("status"));
        var business = query.Value("businessKey");
        if (business is not null && filter.Workflow is null) query.Fault("businessKey", "A business key is one of a workflow: name it with ?workflow=.");
        var (limit, below) = query.Page();
        var stale = query.Flag(OldReads.Parameter);
        if (query.Problem is { } problem) return problem;
        var reads = perdure.Reads(context, stale);
        if (business is not null)
        {
            var found = await reads.FindByBusinessKey(filter.Namespace ?? "default", filter.Workflow!, business, context.RequestAborted);
            return Wire.Ok(new InstanceList(found is null ? [] : [InstanceSummary.Of(found)], null));
        }
        var rows = await reads.List(filter, below, limit + 1, context.RequestAborted);
        var page = rows.Take(limit).ToList();
        return Wire.Ok(new InstanceList([.. page.Select(InstanceSummary.Of)], rows.Count > limit ? Cursor.Write(page[^1].Id) : null));
    }

    private static async Task<IResult> Get(HttpContext context, string id, IPerdure perdure)
    {
        var query = new Query(context, OldReads.Parameter);
        var stale = query.Flag(OldReads.Parameter);
        if (query.Problem is { } problem) return problem;
        var reads = perdure.Reads(context, stale);
        if (!InstanceId.TryParse(id, out var instance) || await reads.Get(instance, context.RequestAborted) is not { } view) return await Answers.Missing(id, reads, context.RequestAborted);
        var (steps, from, error, head) = await InstanceSteps.Of(view, reads, context.RequestAborted);
        var role = view.Instance.AtGate ? Gates.RoleOf(perdure, view.Instance.Workflow, view.Instance.WorkflowVersion, view.Instance.State) : null;
        return Wire.Ok(InstanceBody.Of(view, steps, from, error, role, head));
    }
}

/// <summary>A place in a list of instances, as an opaque text.</summary>
internal static class Cursor
{
    public static string Write(InstanceId id) => Base64Url.EncodeToString(Encoding.ASCII.GetBytes("i1:" + id));

    public static bool TryRead(string text, out InstanceId id)
    {
        id = default;
        Span<byte> bytes = stackalloc byte[64];
        if (text.Length > 64 || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out var length)) return false;
        var plain = Encoding.ASCII.GetString(bytes[..length]);
        return plain.StartsWith("i1:", StringComparison.Ordinal) && InstanceId.TryParse(plain[3..], out id);
    }
}
