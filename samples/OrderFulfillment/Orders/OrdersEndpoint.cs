using Microsoft.Net.Http.Headers;
using Perdure;

namespace Shop.Orders;

/// <summary>Where orders come in: signed per Standard Webhooks, checked before an instance is made of them.</summary>
public static class OrdersEndpoint
{
    private const int LargestBody = 64 * 1024;

    public static void MapOrders(this IEndpointRouteBuilder app) => app.MapPost("/orders", Take)
        .WithName("PlaceOrder").WithTags("Orders").AllowAnonymous();

    private static async Task<IResult> Take(HttpContext http, WebhookSignature signature, OrderSettings settings, IPerdure perdure)
    {
        if (!IsJson(http.Request.ContentType)) return Problems.Of(415, "body.content-type", "Send the order as application/json.");
        if (await Body(http.Request) is not { } body) return Problems.Of(413, "body.too-large", $"An order has {LargestBody} bytes at the most.");
        if (signature.Check(http.Request.Headers, body) is { } fault) return Problems.Of(401, fault.Code, fault.Message);
        if (settings.WebhookSecret.Contains(OrderSettings.DevelopmentSecret, StringComparison.Ordinal) && !LoopbackOnly.IsLocal(http))
            return Problems.Of(401, "webhook.development-secret", "Everybody knows the development secret: it opens to callers on the same machine only. Set Orders:WebhookSecret.");
        if (OrderSchema.Faults(body) is { Count: > 0 } faults) return Malformed(faults);

        var key = http.Request.Headers[WebhookSignature.IdHeader].ToString();
        var answer = await perdure.Start(new("order-fulfillment", key, body) { TraceParent = System.Diagnostics.Activity.Current?.Id }, http.RequestAborted);
        return Say(answer, http.Response);
    }

    private static IResult Say(StartAnswer answer, HttpResponse response)
    {
        switch (answer)
        {
            case StartAnswer.Accepted ok:
                return Results.Accepted(At(ok.Instance), new { id = ok.Instance.ToString(), workflow = ok.Workflow, version = ok.Version, key = ok.Key, created = ok.CreatedAt });
            case StartAnswer.KeyReused other:
                response.Headers.Location = At(other.Instance);
                return Problems.Of(422, "key.reused", $"This {WebhookSignature.IdHeader} came with another order before.");
            case StartAnswer.BusinessKeyTaken first:
                response.Headers.Location = At(first.Instance);
                return Problems.Of(409, "business-key.taken", $"The order {first.BusinessKey} came under another {WebhookSignature.IdHeader} before.");
            case StartAnswer.Invalid invalid:
                return Malformed(invalid.Faults);
            case StartAnswer.Overloaded busy:
                return Later(response, 429, "engine.overloaded", "Too much is under way. Nothing was kept: send it again.", busy.RetryAfter);
            case StartAnswer.Unavailable down:
                return Later(response, 503, down.Code, down.Message, down.RetryAfter);
            case StartAnswer.NoWorkflow none:
                return Problems.Of(503, "workflow.not-found", none.Message);
            default:
                throw new InvalidOperationException($"There is no answer {answer.GetType().Name}.");
        }
    }

    private static string At(object instance) => $"/api/instances/{instance}";

    private static IResult Malformed(IReadOnlyList<InputFault> faults) =>
        Problems.Of(400, "order.malformed", $"The order has {faults.Count} fault(s).", ("faults", faults.Select(fault => new { path = fault.Path, message = fault.Message })));

    private static IResult Later(HttpResponse response, int status, string code, string message, TimeSpan after)
    {
        response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(after.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        return Problems.Of(status, code, message);
    }

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type) && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase));

    // Null where it is too large.
    private static async Task<byte[]?> Body(HttpRequest request)
    {
        if (request.ContentLength > LargestBody) return null;
        var body = new byte[LargestBody + 1];
        var length = await request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, request.HttpContext.RequestAborted);
        return length > LargestBody ? null : body[..length];
    }
}
