namespace Perdure.Kernel;

/// <summary>What a person decided at a gate.</summary>
/// <param name="Approved">Yes or no.</param>
/// <param name="By">Who, as authenticated.</param>
/// <param name="Why">The reason given; may be empty.</param>
/// <param name="At">When.</param>
public sealed record GateDecision(bool Approved, string By, string Why, DateTimeOffset At);
