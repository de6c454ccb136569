namespace Perdure.AspNetCore;

/// <summary>What callers may do, beside deciding at gates, which takes the gate's own role.</summary>
public static class Roles
{
    /// <summary>Looks at everything.</summary>
    public const string Reader = "reader";
    /// <summary>Starts instances and sends them messages.</summary>
    public const string Starter = "starter";
    /// <summary>Cancels, pauses, resumes, retries; does what readers and starters do.</summary>
    public const string Operator = "operator";
}

/// <summary>The names of the authorization policies, for endpoints of one's own.</summary>
public static class Policies
{
    /// <summary>The authentication scheme that they use.</summary>
    public const string Scheme = "Perdure";
    /// <summary>Needs the role of a reader.</summary>
    public const string Reader = "perdure.reader";
    /// <summary>Needs the role of a starter.</summary>
    public const string Starter = "perdure.starter";
    /// <summary>Needs the role of an operator.</summary>
    public const string Operator = "perdure.operator";
    /// <summary>Open to everybody who can connect; while no keys are configured, to this machine only.</summary>
    public const string Probe = "perdure.probe";
    /// <summary>Needs to be somebody. The fallback policy of every endpoint and path that names no other.</summary>
    public const string Somebody = "perdure.somebody";
}
