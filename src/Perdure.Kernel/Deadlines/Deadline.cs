namespace Perdure.Kernel;

/// <summary>The deadline of the present visit.</summary>
/// <param name="Due">When it passes. Meaningless while <paramref name="Left"/> is set.</param>
/// <param name="Left">What was left when the clock was stopped; null while it runs.</param>
/// <param name="Breached">Whether it has passed and its page was raised.</param>
/// <param name="ClockStops">Whether its clock stands still while the instance is paused or in an incident.</param>
public sealed record Deadline(DateTimeOffset Due, TimeSpan? Left = null, bool Breached = false, bool ClockStops = false)
{
    /// <summary>Whether its clock runs towards a breach.</summary>
    public bool Ticks => !Breached && Left is null;
}

/// <summary>A page: a record that a person must be told something. Raised once for its key, delivered at least once.</summary>
/// <param name="Key">The stable deduplication key.</param>
/// <param name="Severity">How urgent.</param>
/// <param name="Code">The stable code of the reason.</param>
/// <param name="Summary">One line for people.</param>
public sealed record Page(string Key, Severity Severity, string Code, string Summary);
