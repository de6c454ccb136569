namespace Perdure.Simulation.Stressing;

/// <summary>What is done to the attempts of an operation, or of all operations, on their way.</summary>
/// <param name="Transient">Share that fails before its effect and may be tried again.</param>
/// <param name="Permanent">Share that fails for good before its effect.</param>
/// <param name="Unknown">Share whose answer is lost after its effect.</param>
/// <param name="Timeout">Share that is never answered, and holds its place until its time is over.</param>
internal sealed record FaultShares(double Transient, double Permanent, double Unknown, double Timeout)
{
    public static FaultShares None { get; } = new(0, 0, 0, 0);

    public override string ToString() => string.Join(", ", new[] { ("transient", Transient), ("permanent", Permanent), ("unknown", Unknown), ("timeout", Timeout) }
        .Where(share => share.Item2 > 0).Select(share => $"{share.Item1} {Figures.Share(share.Item2)}"));
}

/// <summary>How an attempt is made to end.</summary>
internal enum InjectedEnd
{
    None,
    Transient,
    Permanent,
    Unknown,
    Timeout,
}
