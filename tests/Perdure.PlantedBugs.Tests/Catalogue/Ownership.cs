namespace Perdure.PlantedBugs.Tests;

internal static partial class Catalogue
{
    /// <summary>Who may write.</summary>
    private static IEnumerable<Bug> Ownership =>
    [
        Planted("no-fence", "A batch is written whatever epoch owns the lane.", Database + "Tables.cs",
            "        if (FenceOf(lane) is not { } fence || fence.Epoch != epoch) return false;\n        _fences[lane] = fence with { Marker = marker };", "        if (FenceOf(lane) is not { } fence) return false;\n        _fences[lane] = fence with { Marker = marker };"),
        Planted("fence-outside-of-the-transaction", "The fence is checked when the batch is sent, in a transaction before the one that writes.", Database + "SimulatedStore.cs",
            "(durable, lost) => database.Write(tables => Transaction(tables, batch, marker), durable, lost, batch),",
            "(durable, lost) => database.Write(tables => tables.FenceOf(batch.Lane)?.Epoch == batch.Epoch, free => { if (free) link.Send<CommitAnswer>(\"write\", writes: true, (d, l) => database.Write(tables => Unfenced(tables, batch), d, l, batch), durable, (_, _) => lost()); else durable(new CommitAnswer.Fenced(0)); }, lost),")
            with { More = [new(Database + "SimulatedStore.cs", "    // A look would not do:", "    private static CommitAnswer Unfenced(Tables tables, Batch batch) => new CommitAnswer.Committed([.. batch.Items.Select(tables.Write)]);\n\n    // A look would not do:")] },
        Planted("fence-read-without-a-lock", "Two owners read the same fence and both take the lane under the same epoch.", Database + "Tables.cs",
            "new((before?.Epoch ?? 0) + 1, 0, false, owner, at)", "new(before is { Clean: false } ? before.Epoch : (before?.Epoch ?? 0) + 1, 0, false, owner, at)"),
        Planted("epoch-not-raised", "Opening a lane does not raise its epoch.", Database + "Tables.cs",
            "new((before?.Epoch ?? 0) + 1, 0, false, owner, at)", "new(before?.Epoch ?? 1, before?.Marker ?? 0, false, owner, at)"),
        Planted("fenced-owner-goes-on", "An owner whose write was refused by the fence tries again rather than stop.", Runtime + "Lanes/LaneCommits.cs",
            "                HaltLane(\"lane.fenced\", $\"Another node owns the lane, with epoch {epoch} over {_lease.Epoch}.\");\n", "                _sent.Dequeue();\n                _ = epoch;\n                foreach (var turn in turns) turn.Hot.AtStore--;\n"),
        Planted("busy-instance-evicted", "An instance with turns that are not yet written can be evicted.", Runtime + "Lanes/LaneRecovery.cs",
            "        while (_idle.Count > _node.Options.HotMax && _idle.First is { Value: var hot })\n        {\n            Wake(hot);", "        while (_hot.Count > _node.Options.HotMax && _hot.Values.FirstOrDefault(h => !h.Loading && h.Uncommitted > 0) is { } hot)\n        {\n            Wake(hot);"),
        Planted("recovery-reads-one-page-too-few", "Instances that were running when a node died are not taken up again.", Runtime + "Lanes/LaneRecovery.cs",
            "foreach (var some in page.Where(id => Find(id) is null)", "foreach (var some in page.Skip(1).Where(id => Find(id) is null)"),
        Planted("recovery-keeps-attempts-running", "An attempt that ran when the node died is not marked as unknown.", Kernel + "Instances/Recovery.cs",
            "entry = entry with { EverUnknown = true, Spent = entry.Spent + 1 };", "entry = entry with { Spent = entry.Spent + 1 };"),
        Planted("recovery-uses-up-attempts", "An attempt that ended with its node counts against the policy.", Kernel + "Instances/Recovery.cs",
            "{ EverUnknown = true, Spent = entry.Spent + 1 }", "{ EverUnknown = true }"),
        Planted("recovery-starts-at-most-once-again", "An at-most-once attempt that ran when the node died is started again.", Kernel + "Instances/Recovery.cs",
            "            else if (entry.AtMostOnce) turn.Emit(new StepParked(entry.Ordinal, entry.Attempt, Lost));\n", ""),
        new Bug("parked-at-most-once-started-again", "An at-most-once operation that is parked after a crash is called again, and nothing of that is in the log.",
            new Change(Kernel + "Instances/Pending.cs", "            case { Kind: EntryKind.Step, Status: EntryStatus.Running }:\n", "            case { Kind: EntryKind.Step, Status: EntryStatus.Running or EntryStatus.Parked }:\n"),
            new Change(Kernel + "Instances/Pending.cs", "else if (!instance.Halted) owe(Attempts.Start(instance, entry));", "else if (!instance.Halted || entry.Status == EntryStatus.Parked) owe(Attempts.Start(instance, entry));"))
            with { BuiltInOnly = true, Seen = ["at-most-once"] },
        Planted("recovery-forgets-timers", "A recovered instance does not get on where an attempt waits to be tried again.", Kernel + "Instances/Recovery.cs",
            "        Pending.Gather(turn.Map, turn.Instance, turn.Owe);\n", ""),
        Planted("timers-not-scanned", "Timers that were set before the node began are not read from the database.", Runtime + "Lanes/LaneTimers.cs",
            "foreach (var timer in page)\n", "foreach (var timer in page.Take(0))\n"),
    ];
}
