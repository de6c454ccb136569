using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Perdure.AspNetCore;

/// <summary>Refuses writes that a browser makes on behalf of a page from elsewhere. Programs send neither of the headers and are not concerned.</summary>
internal static class CrossOrigin
{
    public static Problem? Refusal(HttpContext context, PerdureHttpOptions options)
    {
        var request = context.Request;
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method)) return null;
        var origin = request.Headers.Origin;
        if (origin.Count > 1) return Refused;
        if (origin is [{ } one] && options.Origins.Contains(one, StringComparer.OrdinalIgnoreCase)) return null;
        // Browsers set this one themselves and let no page change it; older ones only send where a page is from.
        if (request.Headers["Sec-Fetch-Site"] is { Count: > 0 } site) return site is ["same-origin"] or ["none"] ? null : Refused;
        if (origin is [{ } from] && !from.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase)) return Refused;
        return null;
    }

    private static Problem Refused { get; } = new(StatusCodes.Status403Forbidden, "origin.refused", "A page from elsewhere may not write here.");
}
