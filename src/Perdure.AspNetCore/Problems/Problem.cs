using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Perdure.AspNetCore;

/// <summary>An error as RFC 9457 describes it, with a stable <see cref="Code"/>. It is a result: an endpoint returns it.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">The stable code, lower case with dots and dashes.</param>
/// <param name="Detail">What happened, for people.</param>
public sealed record Problem(int Status, string Code, string Detail) : IResult
{
    /// <summary>The media type.</summary>
    public const string ContentType = "application/problem+json";

    /// <summary>What does not fit, where the input is malformed.</summary>
    public IReadOnlyList<InputFault> Faults { get; init; } = [];
    /// <summary>The instance that it is about: given as the <c>Location</c> header too.</summary>
    public Kernel.InstanceId? Instance { get; init; }
    /// <summary>When to try again: the <c>Retry-After</c> header.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>A malformed request, with one fault.</summary>
    public static Problem Malformed(string code, string path, string message) => new(StatusCodes.Status400BadRequest, code, message) { Faults = [new(path, message)] };

    /// <summary>A malformed request, with all its faults.</summary>
    public static Problem Malformed(string code, IReadOnlyList<InputFault> faults) => new(StatusCodes.Status400BadRequest, code, "The request does not fit.") { Faults = faults };

    /// <summary>The document.</summary>
    public byte[] ToUtf8()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("type", "urn:perdure:problem:" + Code);
            json.WriteString("title", ReasonPhrases.GetReasonPhrase(Status));
            json.WriteNumber("status", Status);
            json.WriteString("code", Code);
            json.WriteString("detail", Detail);
            if (Instance is { } instance) json.WriteString("instance", Wire.InstancePath(instance));
            if (Faults.Count > 0)
            {
                json.WriteStartArray("faults");
                foreach (var fault in Faults)
                {
                    json.WriteStartObject();
                    json.WriteString("path", fault.Path);
                    json.WriteString("message", fault.Message);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }

    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var response = httpContext.Response;
        var body = ToUtf8();
        response.StatusCode = Status;
        response.ContentType = ContentType;
        response.ContentLength = body.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (Instance is { } instance) response.Headers.Location = Wire.InstancePath(instance);
        if (RetryAfter is { } wait) response.Headers.RetryAfter = Wire.Seconds(wait);
        if (!HttpMethods.IsHead(httpContext.Request.Method)) await response.Body.WriteAsync(body, httpContext.RequestAborted);
    }
}
