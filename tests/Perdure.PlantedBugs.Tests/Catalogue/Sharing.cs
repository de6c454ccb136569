namespace Perdure.PlantedBugs.Tests;

internal static partial class Catalogue
{
    private const string Server = "src/Perdure.Simulation/Owning/";

    /// <summary>Lanes that come and go: fencing, commits of which nobody knows, hand-over. Looked for where nodes share lanes.</summary>
    private static IEnumerable<Bug> Sharing =>
    [
        Shared("shared-no-fence", "A batch is written whatever epoch owns the lane, where lanes are shared.", Database + "Tables.cs",
            "        if (FenceOf(lane) is not { } fence || fence.Epoch != epoch) return false;\n        _fences[lane] = fence with { Marker = marker };", "        if (FenceOf(lane) is not { } fence) return false;\n        _fences[lane] = fence with { Marker = marker };"),
        Shared("shared-epoch-not-raised", "Taking a lane does not raise its epoch, where lanes are shared.", Database + "Tables.cs",
            "new((before?.Epoch ?? 0) + 1, 0, false, owner, at)", "new(Math.Max(1, before?.Epoch ?? 0), before?.Marker ?? 0, false, owner, at)"),
        Shared("taken-from-one-that-has-it", "A lane is taken at whatever epoch and from whatever owner.", Server + "SharedRequest.cs",
            "            if ((before?.Epoch ?? 0) != lane.Epoch || (before?.Node is { } owner && owner != number && Shared.IsThere(owner))) continue;\n", ""),
        Shared("dead-before-its-lease", "A node is dead when its lease was seen unchanged for a tick or two.", Owning + "Watch.cs",
            "now - sight.RenewedAt >= node.Lease ? Death.Lease", "now - sight.RenewedAt >= node.Grace / 2 ? Death.Lease"),
        Shared("sure-without-an-end", "A node is sure of its lanes until it hears that it is not.", Owning + "Proof.cs",
            "public bool Holds => Now.Ticks < Volatile.Read(ref _until)", "public bool Holds => 0 < Volatile.Read(ref _until)")
            with { More = [new(Owning + "Proof.cs", " && time.GetUtcNow().UtcTicks < Volatile.Read(ref _wallUntil);", ";")] },
        Shared("sure-of-what-was-let-go", "A node is sure of a lane that it lets go of until it hears that the lane is let go.", Owning + "Tenure.cs",
            "public bool IsHeld => Stage is Stage.Held or Stage.HandingOver;", "public bool IsHeld => Stage is not Stage.None;"),
        Shared("renewal-without-a-row", "A node that was declared dead goes on as if its renewal had been one.", Owning + "Membership.cs",
            "            _proof.Broken();\n            _moves?.LoseAll(\"lease.lost\", \"others took this node for dead, since it was not heard of.\");\n", "            _proof.Renewed(sent, wall);\n"),
        Shared("shared-unknown-taken-as-failed", "A commit of which nobody knows is taken as not written, where lanes are shared.", Database + "SimulatedStore.cs",
            "if (failure == LinkFailure.NotDone) Answer(new CommitAnswer.Failed(reason));", "if (failure is LinkFailure.NotDone or LinkFailure.Unknown) Answer(new CommitAnswer.Failed(reason));"),
        Shared("unknown-lane-stays-nobodys", "A lane that is given up over a commit of which nobody knows is not taken again: its row has an owner, and nobody works at it.", Runtime + "NodeOwnership.cs",
            "        Store.GivenUp(lane.Lease);\n", ""),
        Shared("unwritable-for-ever", "What a lane said of the store before it went stays said: its node takes no commands any more.", Runtime + "Lanes/LaneCommits.cs",
            "        _node.Withdraw(this);\n", ""),
        Shared("handed-over-while-it-is-written", "A lane is handed over with batches under way.", Runtime + "Lanes/LaneHandOver.cs",
            "if (_handedOver.Count == 0 || !(_halted || IsSettled)) return;", "if (_handedOver.Count == 0) return;"),
        Shared("let-go-before-the-node-has", "A lane is let go of before the node has handed it over.", Owning + "LaneMoves.cs",
            "if (tenure is { IsLetGo: true, Fault: null }) tenure", "if (tenure is { Fault: null }) tenure"),
        Shared("gained-and-not-told", "A lane that was taken is told of only where its owner before died.", Owning + "LaneMoves.cs",
            "            if (IsStill(taken.Lane))\n            {\n", "            if (IsStill(taken.Lane) && taken.Unclean)\n            {\n"),
    ];
}
