using Perdure.AspNetCore;

namespace Shop;

/// <summary>Lets only callers on this machine in: for what stands in for other companies' services, and for samples.</summary>
public sealed class LoopbackOnly : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        IsLocal(context.HttpContext) ? next(context) : ValueTask.FromResult<object?>(new Problem(403, "access.loopback-only", "This is for callers on the same machine only."));

    /// <summary>Whether the caller is on this machine, and not behind a proxy on it.</summary>
    public static bool IsLocal(HttpContext http) => http.IsFromThisMachine();
}
