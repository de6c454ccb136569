using System.Collections.Immutable;
using Perdure.Replay;
using Perdure.Simulation.Operations;

namespace Perdure.Simulation.Stressing;

/// <summary>What all stages of a stress run have in common, and the rate of one.</summary>
internal sealed record StageOptions
{
    public double Rate { get; init; }
    public Arrivals Arrivals { get; init; }
    /// <summary>How long it is measured.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromMinutes(1);
    /// <summary>How long arrivals come before it is measured; a tenth of the measured time unless given.</summary>
    public TimeSpan? WarmUp { get; init; }
    /// <summary>How many are under way at the same time at the most; the others wait.</summary>
    public int? Concurrency { get; init; }
    /// <summary>How many wait at the most; those beyond are turned away.</summary>
    public int WaitingMax { get; init; } = 100_000;
    public Latency? LatencyOfAll { get; init; }
    public ImmutableDictionary<Type, Latency> Latencies { get; init; } = ImmutableDictionary<Type, Latency>.Empty;
    public FaultShares FaultsOfAll { get; init; } = FaultShares.None;
    public ImmutableDictionary<Type, FaultShares> Faults { get; init; } = ImmutableDictionary<Type, FaultShares>.Empty;
    public ImmutableDictionary<Type, Stand> Stands { get; init; } = ImmutableDictionary<Type, Stand>.Empty;
    public ImmutableList<Answering> Answers { get; init; } = [];
    public TimeSpan? P99Within { get; init; }
    public double? FailuresWithin { get; init; }

    public TimeSpan WarmsUp => WarmUp ?? Time / 10;
}

/// <summary>What people and others do once an instance has entered a state: they decide at a gate, or send a message.</summary>
/// <param name="State">The record of the state; null for every gate.</param>
/// <param name="After">How long they take; at once where null.</param>
/// <param name="Approved">For a gate: how likely it is approved.</param>
/// <param name="Signal">For a message: its name.</param>
/// <param name="Message">For a message: makes it.</param>
internal sealed record Answering(Type? State, Latency? After, double Approved = 1, string? Signal = null, Func<Dice, byte[]>? Message = null);
