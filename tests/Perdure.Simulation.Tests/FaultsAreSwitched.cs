namespace Perdure.Simulation.Tests;

/// <summary>Every kind of fault has a rate, and can be switched off and scripted: also that operations are slow, and that a write is torn.</summary>
public sealed class FaultsAreSwitched
{
    private static Simulate Trips => ATripIsSimulated.Trips.Nodes(2);

    private static long Struck(SimulationReport report, FaultKind kind) => Enum.GetValues<Phase>().Sum(phase => report.Reach!.Count(kind, phase));

    [Fact]
    public void A_batch_that_is_torn_is_not_there_what_was_written_before_it_is_and_every_promise_holds()
    {
        var report = Trips.OnlyFaults().Fault(FaultKind.TornWrite, 0.05).Run(20);
        Assert.True(report.Passed, report.ToString());
        Assert.True(Struck(report, FaultKind.TornWrite) > 20, report.ToString());
    }

    [Fact]
    public void A_torn_write_is_brought_about_where_a_test_says_so_and_not_where_it_is_switched_off()
    {
        var once = Trips.WithoutFaults().At(TimeSpan.FromSeconds(3), FaultKind.TornWrite).Run(1);
        Assert.True(once.Passed, once.ToString());
        Assert.True(Struck(once, FaultKind.TornWrite) > 0);
        var compensating = Trips.WithoutFaults().When(Phase.Compensating, FaultKind.TornWrite).Run(3);
        Assert.True(compensating.Passed, compensating.ToString());
        Assert.True(Struck(compensating, FaultKind.TornWrite) > 0);
        Assert.Equal(0, Struck(Trips.Fault(FaultKind.TornWrite, 0).Run(5), FaultKind.TornWrite));
    }

    [Fact]
    public void Operations_are_as_slow_as_the_rate_says()
    {
        Assert.Equal(0, Struck(Trips.WithoutFaults().Run(2), FaultKind.OperationSlow));
        Assert.Equal(0, Struck(Trips.Fault(FaultKind.OperationSlow, 0).Run(5), FaultKind.OperationSlow));
        var (some, all) = (Trips.OnlyFaults(FaultKind.OperationSlow).Run(5), Trips.OnlyFaults().Fault(FaultKind.OperationSlow, 1).Run(5));
        Assert.True(some.Passed, some.ToString());
        Assert.True(all.Passed, all.ToString());
        Assert.InRange(Struck(some, FaultKind.OperationSlow), 1, Struck(all, FaultKind.OperationSlow) / 4);
        var scripted = Trips.WithoutFaults().When(Phase.Running, FaultKind.OperationSlow).Run(1);
        Assert.True(Struck(scripted, FaultKind.OperationSlow) > 0);
    }

    [Fact]
    public void The_jump_with_which_the_clock_of_a_life_begins_is_counted_and_shown_and_can_be_switched_off()
    {
        var jumps = Trips.OnlyFaults().Fault(FaultKind.ClockJump, 1e-9).Invariant("nobody books", world =>
        {
            if (world.Instances.Any(i => i.State == "Booked")) world.Fail("Somebody did.");
        });
        var shown = (jumps with { MinimisingRuns = 0 }).Run(1);
        Assert.Equal(2, Struck(shown, FaultKind.ClockJump));
        Assert.Contains("fault: ClockJump", shown.Timeline, StringComparison.Ordinal);
        var without = jumps.Run(1);
        Assert.Empty(without.Failed!.Struck);
        Assert.Contains("faults=none", without.Line, StringComparison.Ordinal);
    }
}
