using System.Collections.Immutable;
using System.Security.Claims;
using Microsoft.AspNetCore.Http;
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
