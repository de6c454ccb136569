namespace Perdure.Kernel;

/// <summary>How an attempt ended.</summary>
public abstract record Outcome
{
    /// <summary>It happened.</summary>
    public sealed record Success(Payload Result) : Outcome;
    /// <summary>It failed: definitely, or with <see cref="Perdure.Failure.Unknown"/> set, perhaps not.</summary>
    public sealed record Failed(Failure Failure) : Outcome;
}
