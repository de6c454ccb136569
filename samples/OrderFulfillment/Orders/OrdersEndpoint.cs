using Microsoft.AspNetCore.OpenApi;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;
using Perdure;
using Perdure.AspNetCore;
using Perdure.Kernel;

namespace Shop.Orders;

/// <summary>What became of an order that was taken: facts that never change.</summary>
public sealed record OrderTaken(string Id, string Workflow, int Version, string Key, DateTimeOffset Created);

/// <summary>Where orders come in: signed per Standard Webhooks, checked before an instance is made of them.</summary>
public static class OrdersEndpoint
{
    private const int LargestBody = 64 * 1024;

    public static void MapOrders(this IEndpointRouteBuilder app)
    {
        var orders = app.MapPost("/orders", Take).WithName("PlaceOrder").WithTags("Orders").AllowAnonymous()
            .WithSummary("Takes an order, signed as Standard Webhooks says; the webhook-id is its idempotency key.").Produces<OrderTaken>(StatusCodes.Status202Accepted)
            .AddOpenApiOperationTransformer(Describe);
        foreach (var status in (int[])[400, 401, 409, 413, 415, 422, 429, 503]) orders.ProducesProblem(status);
    }

    // The body is read as it came, for the signature: the framework sees no parameters to describe.
    private static async Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        var order = await context.GetOrCreateSchemaAsync(typeof(Order), null, cancellation);
        operation.RequestBody = new OpenApiRequestBody { Required = true, Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new() { Schema = order } } };
        operation.Parameters = [.. ((string[])[WebhookSignature.IdHeader, WebhookSignature.TimestampHeader, WebhookSignature.SignatureHeader])
            .Select(name => new OpenApiParameter { Name = name, In = ParameterLocation.Header, Required = true, Schema = new OpenApiSchema { Type = JsonSchemaType.String } })];
    }

    private static async Task<IResult> Take(HttpContext http, WebhookSignature signature, OrderSettings settings, IPerdure perdure)
    {
        if (!IsJson(http.Request.ContentType)) return new Problem(415, "body.content-type", "Send the order as application/json.");
        if (await Body(http.Request) is not { } body) return new Problem(413, "body.too-large", $"An order has {LargestBody} bytes at the most.");
        if (signature.Check(http.Request.Headers, body) is { } fault) return new Problem(401, fault.Code, fault.Message);
        if (settings.WebhookSecret.Contains(OrderSettings.DevelopmentSecret, StringComparison.Ordinal) && !LoopbackOnly.IsLocal(http))
            return new Problem(401, "webhook.development-secret", "Everybody knows the development secret: it opens to callers on the same machine only. Set Orders:WebhookSecret.");
        if (OrderSchema.Faults(body) is { Count: > 0 } faults) return Problem.Malformed("input.invalid", faults);

        var key = http.Request.Headers[WebhookSignature.IdHeader].ToString();
        var answer = await perdure.Start(new("order-fulfillment", key, body) { TraceParent = System.Diagnostics.Activity.Current?.Id }, http.RequestAborted);
        // What the engine calls the key came as another header.
        if (answer is StartAnswer.Invalid invalid)
            answer = new StartAnswer.Invalid([.. invalid.Faults.Select(fault => fault.Path == "Idempotency-Key" ? fault with { Path = WebhookSignature.IdHeader } : fault)]);
        return answer is StartAnswer.Accepted taken
            ? Results.Accepted(At(taken.Instance), new OrderTaken(taken.Instance.ToString(), taken.Workflow, taken.Version, taken.Key, taken.CreatedAt))
            : Answers.Problem(answer)!;
    }

    private static string At(InstanceId instance) => $"/api/instances/{instance}";

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
