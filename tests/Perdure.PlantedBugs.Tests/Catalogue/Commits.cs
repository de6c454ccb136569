namespace Perdure.PlantedBugs.Tests;

internal static partial class Catalogue
{
    /// <summary>What leaves before it is durable, or is forgotten although it was.</summary>
    private static IEnumerable<Bug> Commits =>
    [
        Planted("acknowledge-before-commit", "A start and a command are answered when they are decided, not when they are durable.", Runtime + "Lanes/LaneCommits.cs",
            "        _items.Add(ItemOf(turn));\n", "        _items.Add(ItemOf(turn));\n        turn.Reply?.Committed(turn);\n        turn.Reply = null;\n"),
        Planted("lying-disk", "The database answers a commit before it is synced.", Database + "SimulatedDatabase.cs",
            "public bool Lies { get; set; }", "public bool Lies { get; set; } = true;"),
        Planted("failover-to-a-lagging-replica", "A failover to a replica that lags is taken as durable.", Faults + "Nemesis.cs",
            "world.Database.Crash(kind == FaultKind.Failover ? chance.Between(Second, 5 * Second) : chance.Between(Second / 20, Second));",
            "world.Database.Crash(kind == FaultKind.Failover ? chance.Between(Second, 5 * Second) : chance.Between(Second / 20, Second), kind == FaultKind.Failover ? 5 : 0);"),
        Planted("effects-before-commit", "Operations, undos and timers start when they are decided: an intent is journaled after its operation started.", Runtime + "Lanes/LaneCommits.cs",
            "        _items.Add(ItemOf(turn));\n", "        _items.Add(ItemOf(turn));\n        foreach (var effect in turn.Effects) Carry(hot, effect);\n        turn.Effects.RemoveAll(e => e is Effect.StartAttempt or Effect.StartUndo);\n"),
        Planted("unknown-commit-by-a-look", "An unknown commit is resolved by a look at the marker, which a lost transaction can still pass.", Database + "SimulatedStore.cs",
            "        tables.Close(batch.Lane, fence, marker);\n", ""),
        Planted("unknown-taken-as-failed", "A commit of which nobody knows is taken as not written.", Database + "SimulatedStore.cs",
            "if (failure == LinkFailure.NotDone) Answer(new CommitAnswer.Failed(reason));", "if (failure is LinkFailure.NotDone or LinkFailure.Unknown) Answer(new CommitAnswer.Failed(reason));"),
        Planted("unknown-taken-as-committed", "A commit of which nobody knows is taken as written.", Database + "SimulatedStore.cs",
            "if (fence.Marker < marker) return new CommitAnswer.Failed(reason);", ""),
        Planted("one-bad-item-fails-its-batch", "One item that is a duplicate or refused makes the others of its batch fail.", Database + "SimulatedStore.cs",
            "answers[i] = left.Contains(item.Instance) ? ItemAnswer.Skipped.Item : tables.Write(item);", "answers[i] = left.Count > 0 ? ItemAnswer.Skipped.Item : tables.Write(item);"),
        Planted("deduplication-forgotten-after-restart", "The keys of starts are not looked up in the database.", Database + "Tables.cs",
            "            if (FindKey(start.Namespace, item.Workflow, start.RequestKey) is { } key) return new ItemAnswer.KeyTaken(key);\n", "            if (FindKey(start.Namespace, item.Workflow, start.RequestKey) is { } key && key.CreatedAt > item.At.AddSeconds(-3)) return new ItemAnswer.KeyTaken(key);\n            _requestKeys.Remove((start.Namespace, item.Workflow, start.RequestKey));\n"),
        Planted("messages-forgotten-after-restart", "A loaded instance does not know which messages it has taken in, and the database does not either.", Kernel + "Instances/Checkpoint.cs",
            "Messages = Instance.NoMessages.Union(messages)", "Messages = Instance.NoMessages"),
        Planted("page-before-commit", "A page is kept although its record is not, and not with its record.", Runtime + "Lanes/Rows.cs",
            "            Pages = pages ?? (IReadOnlyList<Page>)[],\n", "            Pages = [],\n"),
        Planted("hash-of-the-wrong-record", "A record is chained to the record before the one that it follows.", Runtime + "Lanes/LaneCommits.cs",
            "        hot.Head = hash;\n", "        if (turn.Version % 7 != 0) hot.Head = hash;\n"),
        Planted("checkpoint-links-to-itself", "After a restart the chain goes on from the checkpoint, not from the tail.", Runtime + "Lanes/LaneRecovery.cs",
            "hot.Head = last.Hash.ToArray();", "hot.Head = stored.Checkpoint.Hash.ToArray();"),
        Planted("failed-batch-forgotten", "A batch that was not written is not tried again.", Runtime + "Lanes/LaneCommits.cs",
            "([.. turns, .. _turns], [.. first.Batch.Items, .. _items], _bytes + first.Batch.Items.Sum(i => i.Body.Length));", "(_turns, _items, _bytes);"),
        Planted("writes-on-before-it-hears", "A lane gives its store the next batch before it has heard that the last one was refused.", Runtime + "Lanes/LaneCommits.cs",
            "        if (answer is CommitAnswer.Committed) Interlocked.Increment(ref _durable);\n", "        Interlocked.Increment(ref _durable);\n") with
        {
            More =
            [
                new(Runtime + "Lanes/LaneCommits.cs", "        if (answer is CommitAnswer.Committed) Interlocked.Decrement(ref _durable);\n", "        Interlocked.Decrement(ref _durable);\n"),
                new(Runtime + "Lanes/LaneCommits.cs", "        if (_passed) return;\n", ""),
            ],
        },
        Planted("failed-batch-out-of-order", "A batch that was not written is tried again behind what was decided after it.", Runtime + "Lanes/LaneCommits.cs",
            "([.. turns, .. _turns], [.. first.Batch.Items, .. _items],", "([.. _turns, .. turns], [.. _items, .. first.Batch.Items],"),
        Planted("sleep-not-cleared", "A timer that has fired stays in the database.", Kernel + "Timers/Timers.cs",
            "        turn.Owe(new Effect.ClearTimer(timer));\n", ""),
    ];
}
