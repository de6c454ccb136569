using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Perdure.AspNetCore;

/// <summary>Reads JSON bodies within the bounds.</summary>
public static class RequestBody
{
    /// <summary>The body's bytes, checked for type, size, encoding and form: UTF-8 JSON of bounded depth, no property twice, no control characters, no numbers beyond measure.</summary>
    /// <returns>The bytes, or what is wrong with them.</returns>
    public static async Task<(ReadOnlyMemory<byte> Bytes, Problem? Problem)> Read(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (NotJson(context.Request) is { } type) return (default, type);
        var bounds = context.RequestServices.GetRequiredService<IOptions<PerdureHttpOptions>>().Value;
        var (bytes, problem) = await ReadBytes(context, bounds);
        if (problem is not null) return (default, problem);
        if (bytes.Length == 0) return (default, Problem.Malformed("body.missing", "$", "A JSON body is needed."));
        if (!Utf8.IsValid(bytes.Span)) return (default, Problem.Malformed("body.encoding", "$", "The body is not UTF-8."));
        var faults = JsonForm.Faults(bytes, bounds.JsonDepth);
        return faults.Count == 0 ? (bytes, null) : (default, Problem.Malformed("body.malformed", faults));
    }

    internal static bool IsEmpty(HttpRequest request) => request.ContentLength is 0 || (request.ContentLength is null && !request.Headers.ContainsKey(HeaderNames.TransferEncoding)
        && request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false });

    private static Problem? NotJson(HttpRequest request)
    {
        if (request.Headers.ContentEncoding.Count > 0) return new(StatusCodes.Status415UnsupportedMediaType, "body.content-encoding", "Bodies are taken as they are, without a content encoding.");
        if (request.Headers.ContentType.Count != 1 || !MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || !type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || (type.Charset.HasValue && !type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) && !type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase)))
            return new(StatusCodes.Status415UnsupportedMediaType, "body.content-type", "The body must be application/json in UTF-8.");
        return null;
    }

    private static async Task<(ReadOnlyMemory<byte>, Problem?)> ReadBytes(HttpContext context, PerdureHttpOptions bounds)
    {
        var request = context.Request;
        if (request.ContentLength > bounds.BodyBytes) return (default, RequestBounds.TooLarge(bounds));
        var buffer = new byte[Math.Min(bounds.BodyBytes + 1, (int)(request.ContentLength ?? 4096) + 1)];
        var length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    if (length > bounds.BodyBytes) return (default, RequestBounds.TooLarge(bounds));
                    Array.Resize(ref buffer, Math.Min(bounds.BodyBytes + 1, buffer.Length * 2));
                }
                var read = await request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted);
                if (read == 0) return (buffer.AsMemory(0, length), null);
                length += read;
            }
        }
        catch (BadHttpRequestException e)
        {
            return (default, ProblemPages.Bad(e));
        }
    }
}
