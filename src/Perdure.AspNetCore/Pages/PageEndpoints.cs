using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>A page: somebody must be told something.</summary>
internal sealed record PageBody(
    string Key, string Severity, string Code, string Summary, string Instance, string Workflow, string State, DateTimeOffset Raised, DateTimeOffset? Delivered, int Tries, string? LastError)
{
    public static PageBody Of(StoredPage page) => new(page.Page.Key, Wire.Word(page.Page.Severity), page.Page.Code, page.Page.Summary, page.Instance.ToString(), page.Workflow, page.State,
        page.RaisedAt, page.DeliveredAt, page.Tries, page.LastError);
}

/// <summary>Pages, newest first.</summary>
internal sealed record PageList(IReadOnlyList<PageBody> Pages);

/// <summary>Shows pages.</summary>
internal static class PageEndpoints
{
    public static void Map(IEndpointRouteBuilder api) => api.MapGet("/pages", List).WithName("ListPages").WithSummary("Pages that were raised, newest first.")
        .Produces<PageList>().Problems(400).RequireAuthorization(Policies.Reader);

    private static async Task<IResult> List(HttpContext context, IPerdure perdure)
    {
        var query = new Query(context, "instance", "limit");
        var limit = (int)(query.Number("limit", 1, 500) ?? 100);
        InstanceId? instance = null;
        if (query.Value("instance") is { } id)
        {
            if (InstanceId.TryParse(id, out var parsed)) instance = parsed;
            else query.Fault("instance", "This is no instance's id.");
        }
        if (query.Problem is { } problem) return problem;
        return Wire.Ok(new PageList([.. (await perdure.Views.Pages(instance, limit, context.RequestAborted)).Select(PageBody.Of)]));
    }
}
