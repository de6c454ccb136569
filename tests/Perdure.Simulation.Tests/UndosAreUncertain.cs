using Perdure.Kernel;

namespace Perdure.Simulation.Tests;

/// <summary>An undo fails before its effect or behind it, is lost on its way there or back, or comes when nobody waits for it any more: what was done is undone, and undone once.</summary>
public sealed class UndosAreUncertain
{
    private static long Struck(SimulationReport report, FaultKind kind) => Enum.GetValues<Phase>().Sum(phase => report.Reach!.Count(kind, phase));

    [Theory]
    [InlineData(FaultKind.UndoFails, "simulated.busy", false)]
    [InlineData(FaultKind.UndoFailsAfter, "simulated.half-done", true)]
    [InlineData(FaultKind.UndoUnknownBefore, "simulated.lost", false)]
    [InlineData(FaultKind.UndoUnknownAfter, "simulated.lost", true)]
    [InlineData(FaultKind.UndoLate, "step.timeout", false)]
    public void What_was_done_is_undone_once_however_an_undo_ends(FaultKind kind, string code, bool happened)
    {
        var (again, once) = (0, 0);
        var report = ATripIsSimulated.Trips.OnlyFaults().Fault(kind, 0.5).Invariant("once", world =>
        {
            foreach (var row in world.Changed)
            {
                var (effects, history) = (world.Ledger.Of(row.Id), world.History(row.Id).ToList());
                if (effects.Where(e => e.IsUndo).GroupBy(e => e.Token).Any(g => g.Count() > 1)) world.Fail($"{row.Id} undid the same twice.");
                foreach (var failed in history.OfType<UndoRetryScheduled>())
                {
                    if (failed.Failure.Code != code) world.Fail($"{row.Id} was told {failed.Failure.Code}.");
                    again++;
                    // By what it is told, nobody can know: the effect is there, or is not.
                    if (history[^1] == failed && effects.Any(e => e.IsUndo) == happened) once++;
                }
                if (row is { Status: Status.Ended, State: "CalledOff" })
                    foreach (var done in effects.Where(e => !e.IsUndo))
                        if (world.Ledger.Stands(done.Token)) world.Fail($"The effect of {done.Token} stands.");
            }
        }).Run(20);
        Assert.True(report.Passed, report.ToString());
        Assert.True(again > 20 && once > 20, $"{again} {once}");
        Assert.True(Struck(report, kind) > 20, report.ToString());
    }

    [Fact]
    public void All_of_them_together_with_every_other_fault_keep_every_promise()
    {
        FaultKind[] kinds = [FaultKind.UndoFails, FaultKind.UndoFailsAfter, FaultKind.UndoUnknownBefore, FaultKind.UndoUnknownAfter, FaultKind.UndoLate];
        foreach (var world in (Simulate[])[PlantedBugs.Scenario.Entry.World(), PlantedBugs.Scenario.Entry.Inside(zombies: false)])
        {
            var report = kinds.Aggregate(world, (so, kind) => so.Fault(kind, 0.15)).Run(60);
            Assert.True(report.Passed, report.ToString());
            Assert.All(kinds, kind => Assert.True(Struck(report, kind) > 5, $"{kind}: {Struck(report, kind)}"));
        }
    }
}
