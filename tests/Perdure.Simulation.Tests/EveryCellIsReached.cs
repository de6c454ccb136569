using Perdure.Simulation.Faults;

namespace Perdure.Simulation.Tests;

/// <summary>Every kind of fault strikes in every phase of instances in which it can.</summary>
public sealed class EveryCellIsReached
{
    [Fact]
    public void What_uses_everything_is_struck_by_every_fault_in_every_phase()
    {
        var report = PlantedBugs.Scenario.Entry.World().Refines(0).Run(100);
        Assert.True(report.Passed, report.ToString());
        // Chance reaches nearly all of them; the rest is aimed at.
        var missed = report.Reach!.Missed().ToList();
        Assert.True(missed.Count < 10, report.ToString());
        foreach (var (kind, phase) in missed)
        {
            // A page is raised while something is undone, or shortly before it is over, only where that fails again and again.
            var world = PlantedBugs.Scenario.Entry.World().Fault(kind, FaultMix.IsScheduled(kind) ? 0.1 : 0.5);
            var aimed = (phase is Phase.Compensating or Phase.Ended ? world.Fault(FaultKind.UndoFails, 0.9) : world).Refines(0).When(phase, kind).Run(10);
            Assert.True(aimed.Passed, aimed.ToString());
            Assert.True(aimed.Reach!.Count(kind, phase) > 0, $"{kind} while {phase} cannot be brought about.");
        }
    }

    [Fact]
    public void What_cannot_be_reached_is_known_and_has_its_reason()
    {
        string Cannot(FaultKind kind) => string.Join(", ", Enum.GetValues<Phase>().Except(PlantedBugs.Scenario.Entry.World().Fault(kind, 0.01).Run(1, cancellation: new(canceled: true)).Reach!.Missed().Where(m => m.Kind == kind).Select(m => m.Phase)));
        Dictionary<FaultKind, string> expected = new()
        {
            // An operation is asked for by a body; nothing of it begins at a gate, in a compensation or after the end.
            [FaultKind.OperationFailsBefore] = "Idle, AtGate, Compensating, Ended",
            [FaultKind.OperationFailsForGood] = "Idle, AtGate, Compensating, Ended",
            [FaultKind.OperationRefused] = "Idle, AtGate, Compensating, Ended",
            [FaultKind.OperationUnknownAfter] = "Idle, AtGate, Compensating, Ended",
            [FaultKind.OperationUnknownBefore] = "Idle, AtGate, Compensating, Ended",
            [FaultKind.OperationLate] = "Idle, AtGate, Compensating, Ended",
            // An undo is begun by a compensation.
            [FaultKind.UndoFails] = "Idle, Running, AtGate, Ended",
            [FaultKind.UndoFailsAfter] = "Idle, Running, AtGate, Ended",
            [FaultKind.UndoUnknownAfter] = "Idle, Running, AtGate, Ended",
            [FaultKind.UndoUnknownBefore] = "Idle, Running, AtGate, Ended",
            [FaultKind.UndoLate] = "Idle, Running, AtGate, Ended",
            [FaultKind.OperationSlow] = "Idle, AtGate, Ended",
            // Who repeats was answered, so that an instance is there.
            [FaultKind.ClientRepeats] = "Idle",
            // A page is of an instance.
            [FaultKind.PageRefused] = "Idle", [FaultKind.PageAnswerLost] = "Idle", [FaultKind.PageLate] = "Idle", [FaultKind.NodeCrashAfterPage] = "Idle",
        };
        foreach (var kind in Enum.GetValues<FaultKind>()) Assert.Equal((kind, expected.GetValueOrDefault(kind, "")), (kind, Cannot(kind)));
    }
}
