namespace Perdure;

/// <summary>What a person decided at a gate.</summary>
/// <param name="Approved">Yes or no.</param>
/// <param name="By">Who.</param>
/// <param name="Why">The reason; may be empty.</param>
/// <param name="At">When.</param>
public sealed record Decision(bool Approved, string By, string Why, DateTimeOffset At = default);
