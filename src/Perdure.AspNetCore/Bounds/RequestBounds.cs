using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace Perdure.AspNetCore;

/// <summary>The edge: what is refused before anything looks at it.</summary>
internal sealed class RequestBounds(RequestDelegate next, IOptions<PerdureHttpOptions> options)
{
    public Task Invoke(HttpContext context)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return Refusal(context) is { } problem ? problem.ExecuteAsync(context) : next(context);
    }

    private Problem? Refusal(HttpContext context)
    {
        var (request, bounds) = (context.Request, options.Value);
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        if (target.Length > bounds.TargetBytes) return new(StatusCodes.Status414UriTooLong, "path.too-long", "The path and query are longer than this server takes.");
        if (Path(target) is { } path) return path;

        int count = 0, bytes = 0;
        foreach (var (name, values) in request.Headers)
            foreach (var value in values)
            {
                count++;
                bytes += name.Length + (value?.Length ?? 0) + 4;
            }
        if (count > bounds.HeaderCount || bytes > bounds.HeaderBytes)
            return new(StatusCodes.Status431RequestHeaderFieldsTooLarge, "headers.too-large", $"No more than {bounds.HeaderCount} header fields and {bounds.HeaderBytes} bytes of them are taken.");
        if (request.ContentLength > bounds.BodyBytes)
            return TooLarge(bounds);
        return CrossOrigin.Refusal(context, bounds);
    }

    internal static Problem TooLarge(PerdureHttpOptions bounds) => new(StatusCodes.Status413PayloadTooLarge, "body.too-large", $"No more than {bounds.BodyBytes} bytes are taken.");

    // Names on the wire have none of these; a path that does tries to be read differently by different readers of it.
    private static Problem? Path(string target)
    {
        var end = target.IndexOf('?', StringComparison.Ordinal);
        var path = end < 0 ? target : target[..end];
        if (path.Contains("//", StringComparison.Ordinal) || path.Contains('\\', StringComparison.Ordinal)) return Ambiguous;
        foreach (var segment in path.Split('/'))
        {
            var plain = Uri.UnescapeDataString(segment);
            if (plain is "." or ".." || plain.Contains('/', StringComparison.Ordinal) || plain.Contains('\\', StringComparison.Ordinal) || Text.HasControls(plain) || plain.Contains('\uFFFD', StringComparison.Ordinal))
                return Ambiguous;
        }
        return null;
    }

    private static Problem Ambiguous { get; } = new(StatusCodes.Status400BadRequest, "path.malformed", "The path has parts that are not taken: dots alone, separators or control characters.");
}
