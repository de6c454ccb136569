using System.Collections.Immutable;
using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Perdure.Kernel;

namespace Perdure.AspNetCore;

/// <summary>Who asks.</summary>
public static class Callers
{
    /// <summary>The authenticated caller of a request.</summary>
    /// <exception cref="InvalidOperationException">The request was not authenticated.</exception>
    public static Caller Caller(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.User.Identity is { IsAuthenticated: true, Name: { } name }
            ? new(name, [.. context.User.FindAll(ClaimTypes.Role).Select(c => c.Value)])
            : throw new InvalidOperationException("The request was not authenticated.");
    }

    /// <summary>
    /// Whether the request was made on this machine: over loopback, or from the very address that it came to. That is judged by the socket; a proxy's mark, or a host name that is neither
    /// this machine's nor one of <see cref="PerdureHttpOptions.LocalHosts"/>, makes it one from elsewhere.
    /// </summary>
    public static bool IsFromThisMachine(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return LocalConnection.MadeHere(context, context.RequestServices.GetRequiredService<IOptions<PerdureHttpOptions>>().Value.LocalHosts);
    }
}

/// <summary>All the roles there are: what a person at the machine itself has while no keys are configured.</summary>
internal sealed class LocalRoles(IPerdure perdure)
{
    private readonly Lazy<ImmutableArray<string>> _all = new(() =>
    [
        Roles.Reader, Roles.Starter, Roles.Operator,
        .. perdure.Workflows.SelectMany(w => w.Map.States).Where(s => s.Kind == StateKind.Gate && s.Role is not null).Select(s => s.Role!).Distinct(StringComparer.Ordinal),
    ]);

    public ImmutableArray<string> All => _all.Value;
}
