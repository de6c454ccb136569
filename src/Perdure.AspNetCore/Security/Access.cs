using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Perdure.AspNetCore;

/// <summary>Authentication by key or by being local, and the policies. What names no policy falls back to one that denies whoever is nobody.</summary>
internal static class Access
{
    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<KeyRing>();
        services.AddSingleton<LocalRoles>();
        services.AddAuthentication(options => options.DefaultScheme ??= Policies.Scheme).AddScheme<AuthenticationSchemeOptions, CallerAuthentication>(Policies.Scheme, null);
        services.AddSingleton<IAuthorizationHandler, ProbeHandler>();
        services.AddAuthorization(options =>
        {
            var somebody = Needs(policy => policy.RequireAuthenticatedUser());
            options.FallbackPolicy = somebody;
            options.AddPolicy(Policies.Somebody, somebody);
            options.AddPolicy(Policies.Reader, Needs(policy => policy.RequireRole(Roles.Reader, Roles.Operator)));
            options.AddPolicy(Policies.Starter, Needs(policy => policy.RequireRole(Roles.Starter, Roles.Operator)));
            options.AddPolicy(Policies.Operator, Needs(policy => policy.RequireRole(Roles.Operator)));
            options.AddPolicy(Policies.Probe, Needs(policy => policy.AddRequirements(new ProbeRequirement())));
        });
    }

    private static AuthorizationPolicy Needs(Action<AuthorizationPolicyBuilder> configure)
    {
        var builder = new AuthorizationPolicyBuilder(Policies.Scheme);
        configure(builder);
        return builder.Build();
    }

    private sealed class ProbeRequirement : IAuthorizationRequirement;

    private sealed class ProbeHandler(KeyRing keys) : AuthorizationHandler<ProbeRequirement>
    {
        protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ProbeRequirement requirement)
        {
            if (!keys.IsEmpty || context.User.Identity is { IsAuthenticated: true }) context.Succeed(requirement);
            return Task.CompletedTask;
        }
    }
}
