namespace Perdure.Simulation.Chance;

/// <summary>
/// All chance of a run, from one seed. Each domain draws from a stream of its own, so that one more draw in one of them leaves the others as they were: a run whose faults are
/// switched off has the same workload.
/// </summary>
internal sealed class Streams(ulong seed)
{
    /// <summary>Which of the things that could happen now happens first, and how long the machine takes to get there.</summary>
    public Pcg32 Schedule { get; } = new(seed, 1);
    /// <summary>How long messages take and what becomes of them.</summary>
    public Pcg32 Network { get; } = new(seed, 2);
    /// <summary>How long the database takes, and what it loses.</summary>
    public Pcg32 Store { get; } = new(seed, 3);
    /// <summary>What clients ask for.</summary>
    public Pcg32 Workload { get; } = new(seed, 4);
    /// <summary>Ids, salts, jitter, and the randomness that bodies ask for.</summary>
    public Pcg32 Ids { get; } = new(seed, 5);
    /// <summary>Which faults there are, and when.</summary>
    public Pcg32 Faults { get; } = new(seed, 6);
    /// <summary>How long operations take and how they end.</summary>
    public Pcg32 Operations { get; } = new(seed, 7);
    /// <summary>What clocks do.</summary>
    public Pcg32 Clocks { get; } = new(seed, 8);
    /// <summary>Whether there are faults of the kinds that came later, and when.</summary>
    public Pcg32 LaterFaults { get; } = new(seed, 9);
    /// <summary>How long it takes until those who are called have a page.</summary>
    public Pcg32 Pages { get; } = new(seed, 10);
    /// <summary>Whether downstreams refuse tokens, and when.</summary>
    public Pcg32 Refusals { get; } = new(seed, 11);
    /// <summary>How operators go on after incidents.</summary>
    public Pcg32 Operators { get; } = new(seed, 12);
    /// <summary>How undos end, other than by a failure before their effect.</summary>
    public Pcg32 Undos { get; } = new(seed, 13);
}
