using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Perdure.AspNetCore;

/// <summary>Tells who calls: by key; or, while no keys are configured, as <c>local</c> where the connection was made on this machine, and as nobody otherwise.</summary>
internal sealed class CallerAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> schemes, ILoggerFactory logs, UrlEncoder encoder, KeyRing keys, LocalRoles local, IOptions<PerdureHttpOptions> options)
    : AuthenticationHandler<AuthenticationSchemeOptions>(schemes, logs, encoder)
{
    public const string LocalName = "local", UserHeader = "X-Perdure-User";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (keys.IsEmpty)
        {
            if (!LocalConnection.Made(Context, options.Value.LocalHosts)) return AuthenticateResult.NoResult();
            var name = LocalName;
            if (Request.Headers.TryGetValue(UserHeader, out var user))
            {
                if (user is not [{ } given] || !Text.IsName(given)) return AuthenticateResult.Fail($"{UserHeader} must be 1 to 100 printable characters.");
                name = given;
            }
            return Is(new(name, local.All));
        }
        if (!Presented(out var key)) return AuthenticateResult.Fail("Give one key: as Authorization: Bearer …, or as X-Api-Key.");
        if (key is null) return AuthenticateResult.NoResult();
        try
        {
            return await keys.Find(key, Context.RequestAborted) is { } caller ? Is(caller) : AuthenticateResult.Fail("The key is not known.");
        }
        catch (KeysBusyException busy)
        {
            return AuthenticateResult.Fail(busy);
        }
    }

    private bool Presented(out string? key)
    {
        key = null;
        StringValues bearer = Request.Headers.Authorization, header = Request.Headers["X-Api-Key"];
        if (bearer.Count + header.Count > 1) return false;
        if (header is [{ } plain]) key = plain;
        if (bearer is [{ } value])
        {
            if (!value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) return false;
            key = value["Bearer ".Length..].Trim();
        }
        return true;
    }

    private AuthenticateResult Is(Caller caller)
    {
        var identity = new ClaimsIdentity(Scheme.Name, ClaimTypes.Name, ClaimTypes.Role);
        identity.AddClaim(new(ClaimTypes.Name, caller.Name));
        foreach (var role in caller.Roles) identity.AddClaim(new(ClaimTypes.Role, role));
        return AuthenticateResult.Success(new(new(identity), Scheme.Name));
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var failure = (await HandleAuthenticateOnceSafeAsync()).Failure;
        var why = failure?.Message;
        if (failure is KeysBusyException)
        {
            await new Problem(StatusCodes.Status503ServiceUnavailable, "access.busy", failure.Message) { RetryAfter = TimeSpan.FromSeconds(1) }.ExecuteAsync(Context);
            return;
        }
        if (keys.IsEmpty)
        {
            if (why is not null) await Problem.Malformed("user.malformed", UserHeader, why).ExecuteAsync(Context);
            else await new Problem(StatusCodes.Status403Forbidden, "access.local-only",
                "No API keys are configured, so only direct connections from this machine, addressed to localhost, are accepted.").ExecuteAsync(Context);
            return;
        }
        Response.Headers.WWWAuthenticate = "Bearer realm=\"perdure\"";
        await new Problem(StatusCodes.Status401Unauthorized, "access.key", why ?? "This needs an API key: Authorization: Bearer …, or X-Api-Key.").ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        new Problem(StatusCodes.Status403Forbidden, "access.role", $"{Context.User.Identity?.Name} has not the role that this needs.").ExecuteAsync(Context);
}
