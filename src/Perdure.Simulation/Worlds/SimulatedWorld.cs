using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Simulation.Chance;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation;

/// <summary>A world as a test's invariant sees it: what is durable, and what was done outside.</summary>
public sealed class SimulatedWorld
{
    private readonly World _world;

    internal SimulatedWorld(World world) => _world = world;

    /// <summary>The world's time.</summary>
    public DateTimeOffset Now => _world.Now;

    /// <summary>What was done to the world outside.</summary>
    public Ledger Ledger => _world.Ledger;

    /// <summary>Every instance, as it is durable, in the order in which they started.</summary>
    public IEnumerable<InstanceRow> Instances => _world.Watch.Rows;

    /// <summary>
    /// Those instances of which something has become durable, or took effect outside, since invariants were checked last: an invariant of single instances that asks no others
    /// costs the same however many there are.
    /// </summary>
    public IEnumerable<InstanceRow> Changed => _world.Watch.Changed;

    /// <summary>The events of one instance, as they are durable.</summary>
    public IEnumerable<Event> History(InstanceId instance) =>
        _world.Database.Tables.Find(instance)?.Log.SelectMany(r => EventCodec.Read(r.Body)) ?? [];

    /// <summary>Page records.</summary>
    public IReadOnlyList<StoredPage> Pages => _world.Database.Tables.Pages;

    /// <summary>Fails the run.</summary>
    /// <param name="message">What was seen.</param>
    /// <exception cref="Violation">Always.</exception>
    public void Fail(string message) => throw new Violation("invariant", message);
}

/// <summary>Chance for a workload, from the run's seed.</summary>
public sealed class Dice
{
    private readonly Pcg32 _chance;

    internal Dice(Pcg32 chance) => _chance = chance;

    /// <summary>From 0 to below <paramref name="bound"/>.</summary>
    public int Below(int bound) => _chance.Below(bound);

    /// <summary>Whether something of that likelihood happens.</summary>
    public bool Happens(double likelihood) => _chance.Happens(likelihood);

    /// <summary>One of these.</summary>
    public T OneOf<T>(params ReadOnlySpan<T> choices) => choices[_chance.Below(choices.Length)];
}
