namespace Perdure.Simulation;

/// <summary>A promise that did not hold in a simulated world.</summary>
/// <param name="oracle">Which one: <c>effects</c>, <c>starts</c>, <c>transitions</c>, …; or the name of an invariant of the test's own.</param>
/// <param name="message">What was seen.</param>
public sealed class Violation(string oracle, string message) : Exception($"{oracle}: {message}")
{
    /// <summary>Which promise.</summary>
    public string Oracle => oracle;
    /// <summary>Whether it is an invariant of the test's own, whatever it is called.</summary>
    public bool IsInvariant { get; internal init; }
    /// <summary>What was seen.</summary>
    public string Seen => message;
}
