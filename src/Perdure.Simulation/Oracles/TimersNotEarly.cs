using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>Nothing that waits for a moment goes on before the store's clock shows it.</summary>
internal sealed class TimersNotEarly(World world) : Oracle(world)
{
    // As each visit began; a clock that stands still can only move it back.
    private readonly Dictionary<InstanceId, DateTimeOffset?> _deadlines = [];

    public override string Name => "timers";

    public override void Durable(Recorded recorded)
    {
        // When it became durable is later than when it was decided: what is early even so, is.
        var now = World.Database.Now;
        if (recorded.Record.At > now) Fail($"Record {recorded.Record.Version} of {recorded.Record.Instance} is from {recorded.Record.At:O}, and the store's clock shows {now:O}.");
        foreach (var @event in recorded.Record.Events)
        {
            if (@event is Started started) _deadlines[recorded.After.Id] = started.DeadlineDue;
            if (@event is Transitioned moved) _deadlines[recorded.After.Id] = moved.DeadlineDue;
            if (@event is DeadlineBreached && _deadlines[recorded.After.Id] is { } first && first > now) Fail($"The deadline of {recorded.After.Id} was due at {first:O} at the earliest, and was breached at {now:O}.");
        }
        if (recorded.Before is not { } before) return;
        foreach (var @event in recorded.Record.Events)
        {
            var due = @event switch
            {
                SleepEnded e => before.Open(e.Ordinal)?.Due,
                SignalTimedOut e => before.Open(e.Ordinal)?.Due,
                StepRetried e when before.Open(e.Ordinal) is { Status: EntryStatus.Retrying } entry => entry.Due,
                DeadlineBreached => before.Deadline?.Due,
                UndoBegan e when before.Stack.TryGetValue(e.Ordinal, out var entry) => entry.UndoDue,
                _ => null,
            };
            if (due > now) Fail($"{@event.GetType().Name} of {before.Id} was due at {due:O}, and happened at {now:O} by the store's clock.");
        }
    }
}
