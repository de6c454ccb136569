namespace Perdure.PlantedBugs.Tests;

internal static partial class Catalogue
{
    /// <summary>Timers, deadlines, signals, children, pauses.</summary>
    private static IEnumerable<Bug> Waiting =>
    [
        Planted("timer-by-node-clock", "Timers fire by the node's own clock.", Database + "SimulatedStore.cs",
            "public TimeProvider Clock => link.Clock;", "public TimeProvider Clock => link.Clock.Node;") with { More = [new(Database + "StoreClock.cs", "    private DateTimeOffset _heard;", "    public TimeProvider Node => node;\n    private DateTimeOffset _heard;")] },
        Planted("timer-a-moment-early", "A timer is due a second before its moment.", Kernel + "Timers/Timers.cs",
            "Of(entry) == timer && entry.Due <= at &&", "Of(entry) == timer && entry.Due <= at.AddSeconds(1) &&") with { More = [new(Runtime + "Lanes/LaneTimers.cs", "_timers.TryTakeDue(Now, out var timer)", "_timers.TryTakeDue(Now.AddSeconds(1), out var timer)")] },
        Planted("deadline-fires-again", "A breached deadline does not know that it was.", Kernel + "Deadlines/Deadlines.cs",
            "instance.Deadline! with { Breached = true }", "instance.Deadline! with { Breached = instance.Deadline!.Breached }") with { More = [new(Kernel + "Timers/Timers.cs", "            case TimerKind.Deadline: Deadlines.Fire(turn); break;", "            case TimerKind.Deadline: Deadlines.Fire(turn); turn.Owe(new Effect.SetTimer(timer, turn.At.AddSeconds(1))); break;")] },
        Planted("deadline-of-a-visit-that-is-over", "The deadline of a state that was left is not cleared.", Kernel + "Deadlines/Deadlines.cs",
            "turn.Owe(new Effect.ClearTimer(new(TimerKind.Deadline, turn.Instance.Visit)));", "_ = turn;"),
        Planted("stopped-clock-runs-on", "A deadline whose clock stands still fires while the instance is paused.", Kernel + "Deadlines/Deadlines.cs",
            "                : deadline with { Left = deadline.Due > at ? deadline.Due - at : TimeSpan.Zero },", "                : deadline with { Left = TimeSpan.Zero, Due = at },"),
        Planted("signal-dropped-at-transition", "Messages that nobody awaited yet are lost at a transition.", Kernel + "Instances/Transitions.cs",
            "        Signals = e.Signals.IsDefaultOrEmpty ? [] : [.. e.Signals],\n", "        Signals = [],\n"),
        Planted("checkpoint-forgets-signals", "A transition's record does not keep the messages that wait.", Kernel + "Instances/Transitions.cs",
            "            Signals = instance.Signals.IsEmpty ? [] : [.. instance.Signals],\n", ""),
        Planted("newest-signal-first", "The newest message is consumed first.", Kernel + "Signals/Messages.cs",
            "            foreach (var signal in turn.Instance.Signals)\n", "            foreach (var signal in turn.Instance.Signals.Reverse())\n"),
        Planted("message-taken-twice", "A message that was taken in is not known by its id.", Kernel + "Signals/Messages.cs",
            "        if (instance.Messages.Contains(command.MessageId)) return;\n", "") with { More = [new(Kernel + "Signals/Messages.cs", "            turn.Owe(new Effect.KeepMessage(command.MessageId));\n", "")] },
        Planted("message-taken-while-leaving-is-lost", "A message that comes while a state is being left is acknowledged and dropped.", Kernel + "Signals/Messages.cs",
            "        var waiting = Waiting(instance, command.Signal);\n", "        var waiting = Waiting(instance, command.Signal);\n        if (instance.Exit is not null && !instance.Ended) return;\n"),
        Planted("signal-timer-not-cleared", "The timer of a signal that has come is not cleared.", Kernel + "Signals/Messages.cs",
            "if (entry.Due is not null) turn.Owe(new Effect.ClearTimer(new(TimerKind.Signal, entry.Ordinal)));", ""),
        Planted("resume-starts-nothing", "What waited to be tried again is not tried when an instance is resumed.", Kernel + "Instances/Pausing.cs",
            "            if (entry.Status == EntryStatus.Retrying) Attempts.Continue(turn, entry);\n            //", "            if (entry.Status == EntryStatus.Retrying) continue;\n            //"),
        Planted("resume-runs-no-body", "The body does not run on when an instance is resumed.", Kernel + "Instances/Pausing.cs",
            "if (Pending.HasBody(turn.Map, turn.Instance)) turn.Owe(new Effect.RunBody(instance.Visit));", ""),
        Planted("end-of-a-child-not-told", "A child that ends tells its parent only while it is in memory.", Runtime + "Lanes/Rows.cs",
            "            Outbox = outbox ?? (IReadOnlyList<OutboxMessage>)[],\n", "            Outbox = [],\n"),
        Planted("outbox-not-emptied", "A message that has arrived stays in the outbox.", Runtime + "Lanes/Rows.cs",
            "            OutboxDone = turn.OutboxDone,\n", ""),
        Planted("cancel-forgets-children", "Leaving a state does not cancel its children.", Kernel + "Instances/Exits.cs",
            "        else turn.Owe(Children.Cancel(turn.Instance, entry));\n", ""),
        Planted("child-started-twice", "Each start of a child has a key of its own.", Runtime + "Lanes/LaneChildren.cs",
            "Start(code, Prepared(letter) with { Letter", "Start(code, Prepared(letter) with { RequestKey = $\"{letter.RequestKey}/{Now.UtcTicks}\", Letter"),
        Planted("transition-undeclared", "An exit goes to another state than the one that was asked for.", Kernel + "Instances/Exits.cs",
            "Transitions.Go(turn, exit.To, exit.Data ?? Payload.Null);", "Transitions.Go(turn, exit.Compensates ? exit.To : turn.Map.Start.Name, exit.Data ?? Payload.Null);"),
        Planted("gate-decided-by-nobody", "A gate's decision is not followed by anything.", Kernel + "Gates/Gates.cs",
            "if (!instance.Halted) turn.Owe(new Effect.RunBody(instance.Visit));", ""),
    ];
}
