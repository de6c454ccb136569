using System.Collections.Immutable;

namespace Perdure.Kernel;

/// <summary>
/// The deciding core. Every method is a pure function: no clock, randomness or I/O; time, ids and jitter arrive stamped in the commands.
/// </summary>
public static class Decider
{
    /// <summary>
    /// Decides a command. The accepted verdict's instance is <paramref name="instance"/> after its events (its <see cref="Instance.Version"/> is the caller's
    /// to advance, once a record, through <see cref="Replay"/> or <c>with</c>).
    /// </summary>
    /// <param name="map">The instance's version of its workflow.</param>
    /// <param name="limits">The bounds in force.</param>
    /// <param name="instance">The instance; null for <see cref="Command.Start"/> only.</param>
    /// <param name="command">What is asked.</param>
    public static Verdict Decide(MapDefinition map, Limits limits, Instance? instance, Command command) => throw new NotImplementedException();

    /// <summary>The instance after one event. Total over the events that <see cref="Decide"/> gives; anything else throws.</summary>
    public static Instance Evolve(Instance? instance, Event @event, long version, DateTimeOffset at) => throw new NotImplementedException();

    /// <summary>The instance after a record: all its events, and the record's version.</summary>
    /// <exception cref="InvalidOperationException">The record is not the next one.</exception>
    public static Instance Replay(Instance? instance, Record record) => throw new NotImplementedException();

    /// <summary>The effects that are owed to an instance as it stands: what a node that takes it up must start, set and send (again).</summary>
    public static ImmutableArray<Effect> Pending(MapDefinition map, Instance instance) => throw new NotImplementedException();
}
