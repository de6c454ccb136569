using System.Collections.Immutable;

namespace Perdure.Kernel;

/// <summary>
/// The deciding core. Every method is a pure function: no clock, randomness or I/O; time, ids and jitter arrive stamped in the commands.
/// The rules stand in a folder for each concept; here they are only dispatched to.
/// </summary>
public static class Decider
{
    /// <summary>
    /// Decides a command. The accepted verdict's instance is <paramref name="instance"/> after its events, with the version of the record that they are of.
    /// </summary>
    /// <param name="map">The instance's version of its workflow.</param>
    /// <param name="limits">The bounds in force.</param>
    /// <param name="instance">The instance; null for <see cref="Command.Start"/> only.</param>
    /// <param name="command">What is asked.</param>
    /// <param name="version">The version of the record that the events will be of, where earlier events of <paramref name="instance"/> are of the same one; else it is the next.</param>
    public static Verdict Decide(MapDefinition map, Limits limits, Instance? instance, Command command, long? version = null)
    {
        if (instance is null && command is not Command.Start) throw new ArgumentNullException(nameof(instance), "Only a start is decided without an instance.");
        var turn = Turn.Begin(map, limits, instance, command.At, version ?? (instance?.Version ?? 0) + 1);
        switch (command)
        {
            case Command.EndAttempt c: Attempts.End(turn, c); break;
            case Command.Intend c: Intents.Take(turn, c); break;
            case Command.Transit c: Transitions.Ask(turn, c); break;
            case Command.Start c: Starts.Begin(turn, c); break;
            case Command.FireTimer c: Timers.Fire(turn, c); break;
            case Command.Send c: Messages.Take(turn, c); break;
            case Command.Abandon c: Exits.Abandon(turn, c); break;
            case Command.FailBody c: Incidents.Report(turn, c); break;
            case Command.EndUndo c: Undoing.End(turn, c); break;
            case Command.EndChild c: Children.End(turn, c); break;
            case Command.DecideGate c: Gates.Decide(turn, c); break;
            case Command.Cancel c: Cancelling.Cancel(turn, c); break;
            case Command.Pause c: Pausing.Pause(turn, c); break;
            case Command.Resume c: Pausing.Resume(turn, c); break;
            case Command.Retry c: Incidents.Retry(turn, c); break;
            case Command.Recover c: Recovery.TakeUp(turn, c); break;
            default: throw new ArgumentOutOfRangeException(nameof(command), command.GetType().Name, "Not a command.");
        }
        return turn.End();
    }

    /// <summary>The instance after one event. Total over the events that <see cref="Decide"/> gives; anything else throws.</summary>
    /// <param name="instance">The instance before; null before <see cref="Started"/>.</param>
    /// <param name="event">What happened.</param>
    /// <param name="version">The version of the record that holds the event.</param>
    /// <param name="at">The moment of that record.</param>
    public static Instance Evolve(Instance? instance, Event @event, long version, DateTimeOffset at)
    {
        var after = instance is not null ? After(instance, @event, version, at)
            : @event is Started started ? Starts.Apply(started, at) : throw new InvalidOperationException("The first event of an instance is its start.");
        return Numbered(after, instance, version);
    }

    // What has just been made is nobody's yet, so that it needs no copy for its number.
    private static Instance Numbered(Instance made, Instance? before, long version)
    {
        if (ReferenceEquals(made, before)) made = made with { };
        made.Version = version;
        return made;
    }

    private static Instance After(Instance instance, Event @event, long version, DateTimeOffset at) =>
        @event switch
        {
            StepSucceeded e => Attempts.Apply(instance, e),
            StepIntended e => Intents.Apply(instance, e, version, at),
            Transitioned e => Transitions.Apply(instance, e, at),
            Noted e => Intents.Apply(instance, e, at),
            StepRetryScheduled e => Attempts.Apply(instance, e, version),
            StepRetried e => Attempts.Apply(instance, e),
            StepFailed e => Attempts.Apply(instance, e),
            StepParked e => Attempts.Apply(instance, e),
            StepCancelled e => Exits.Apply(instance, e),
            StepAbandoned e => Exits.Apply(instance, e),
            SleepBegan e => Timers.Apply(instance, e, at),
            SleepEnded e => Timers.Apply(instance, e),
            SignalAwaited e => Messages.Apply(instance, e, at),
            SignalReceived e => Messages.Apply(instance, e),
            SignalConsumed e => Messages.Apply(instance, e),
            SignalTimedOut e => Messages.Apply(instance, e),
            ChildIntended e => Children.Apply(instance, e, at),
            ChildEnded e => Children.Apply(instance, e),
            GateDecided e => Gates.Apply(instance, e, at),
            ExitBegan e => Exits.Apply(instance, e),
            RestartBegan e => Restarts.Apply(instance, e),
            VisitRestarted e => Restarts.Apply(instance, e),
            UndoBegan e => Undoing.Apply(instance, e, at),
            UndoSucceeded e => Undoing.Apply(instance, e),
            UndoRetryScheduled e => Undoing.Apply(instance, e),
            DeadlineBreached => Deadlines.Breach(instance),
            IncidentRaised e => Incidents.Apply(instance, e, at),
            IncidentResolved e => Incidents.Apply(instance, e, at),
            Paused => Pausing.Apply(instance, true, at),
            Resumed => Pausing.Apply(instance, false, at),
            CancelRequested => instance with { CancelRequested = true },
            Recovered e => Recovery.Apply(instance, e, at),
            _ => throw new InvalidOperationException($"{@event.GetType().Name} cannot happen to an instance that exists."),
        };

    /// <summary>The instance after a record: all its events, and the record's version.</summary>
    /// <exception cref="InvalidOperationException">The record is not the next one.</exception>
    public static Instance Replay(Instance? instance, Record record)
    {
        var next = (instance?.Version ?? 0) + 1;
        if (record.Version != next) throw new InvalidOperationException($"Record {record.Version} of {record.Instance} is not the next one, {next}.");
        if (instance is not null && instance.Id != record.Instance) throw new InvalidOperationException($"A record of {record.Instance} is not one of {instance.Id}.");
        if (record.Events.IsEmpty) return instance is null ? throw new InvalidOperationException("The first record of an instance holds its start.") : Numbered(instance, instance, record.Version);
        foreach (var @event in record.Events) instance = Evolve(instance, @event, record.Version, record.At);
        return instance!;
    }

    /// <summary>
    /// The instance at its last checkpoint, from which the tail of its log is <see cref="Replay">replayed</see>: recovery reads nothing else.
    /// </summary>
    /// <param name="started">The first event of the first record.</param>
    /// <param name="startedAt">The moment of the first record.</param>
    /// <param name="checkpoint">The record that holds the last <see cref="Transitioned"/>; the first record where there has been none.</param>
    /// <param name="stack">What stands on the stack now: whether the tail put or left it there makes no difference.</param>
    /// <param name="messages">The ids of all messages taken in until now.</param>
    public static Instance FromCheckpoint(
        Started started, DateTimeOffset startedAt, Record checkpoint, IEnumerable<StackEntry> stack, IEnumerable<string> messages) =>
        Checkpoint.Restore(started, startedAt, checkpoint, stack, messages);

    /// <summary>
    /// The effects that are owed to an instance as it stands: what a node that takes it up must start, set and send (again). For one that is paused,
    /// in an incident or only waiting, these are its timers and what it said to its children.
    /// </summary>
    public static ImmutableArray<Effect> Pending(MapDefinition map, Instance instance)
    {
        var effects = ImmutableArray.CreateBuilder<Effect>();
        Kernel.Pending.Gather(map, instance, effects.Add);
        return effects.DrainToImmutable();
    }
}
