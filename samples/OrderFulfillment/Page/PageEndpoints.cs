using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Perdure;
using Perdure.AspNetCore;
using Shop.Orders;

namespace Shop.Page;

/// <summary>The page for people, and what it asks for.</summary>
public static class PageEndpoints
{
    private const string Workflow = "order-fulfillment";

    public static void MapPage(this IEndpointRouteBuilder app)
    {
        var html = Html();
        app.MapGet("/", (HttpResponse response) =>
        {
            response.Headers.ContentSecurityPolicy = "default-src 'self'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'none'";
            return Results.Bytes(html, "text/html; charset=utf-8");
        }).ExcludeFromDescription().AllowAnonymous();
        app.MapGet("/overview", Overview).ExcludeFromDescription();
        app.MapGet("/sample", () => SampleOrder.All.Select(sample => new { sample.Kind, sample.Says })).ExcludeFromDescription();
        app.MapPost("/sample/{kind}", Place).AddEndpointFilter<LoopbackOnly>().ExcludeFromDescription();
    }

    private static async Task<IResult> Overview(IPerdure perdure, CancellationToken cancellation)
    {
        var tallies = await perdure.Views.Tallies(cancellation);
        var states = perdure.Workflows.Where(w => w.Name == Workflow).SelectMany(w => w.Map.States).Select(state => state.Name).Distinct();
        var latest = await perdure.Views.List(new(Workflow: Workflow), null, 25, cancellation);
        var gates = await perdure.Views.Gates(null, 25, cancellation);
        return Results.Ok(new
        {
            counts = states.Select(state => new { state, count = tallies.Where(t => t.Workflow == Workflow && t.State == state).Sum(t => t.Count) }),
            latest = latest.Select(row => new { id = row.Id.ToString(), order = row.BusinessKey, state = row.State, status = row.Status.ToString().ToLowerInvariant(), at = row.CreatedAt }),
            gates = gates.Select(gate => new { id = $"{gate.Instance.Id}.{gate.Instance.Visit}", order = gate.Instance.BusinessKey, since = gate.Since }),
        });
    }

    // Through the front door: signed, over HTTP, as any customer's.
    private static async Task<IResult> Place(string kind, OwnAddress own, WebhookSignature signature, HttpClient http, TimeProvider time, CancellationToken cancellation)
    {
        if (SampleOrder.All.FirstOrDefault(sample => sample.Kind == kind) is not { } sample)
            return new Problem(404, "sample.unknown", $"There is no sample order {kind}. There are: {string.Join(", ", SampleOrder.All.Select(s => s.Kind))}.");

        var id = $"{kind}-{Guid.NewGuid().ToString("N")[..12]}";
        var body = JsonSerializer.SerializeToUtf8Bytes(sample.Make(id), JsonSerializerOptions.Web);
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(await own.Get(cancellation), "orders"))
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
            Headers = { { WebhookSignature.IdHeader, id }, { WebhookSignature.TimestampHeader, timestamp }, { WebhookSignature.SignatureHeader, signature.Sign(id, timestamp, body) } },
        };
        using var response = await http.SendAsync(request, cancellation);
        return response.IsSuccessStatusCode
            ? Results.Accepted(response.Headers.Location?.ToString(), new { order = id, location = response.Headers.Location?.ToString() })
            : Results.Bytes(await response.Content.ReadAsByteArrayAsync(cancellation), response.Content.Headers.ContentType?.ToString());
    }

    private static byte[] Html()
    {
        using var stream = typeof(PageEndpoints).Assembly.GetManifestResourceStream("page.html")!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
