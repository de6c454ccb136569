using Perdure.Kernel;

namespace Perdure.Simulation.Tests;

/// <summary>A failing run is made small, reproduced by one line, and told as a timeline.</summary>
public sealed class AFailureIsTold
{
    private static Simulate NobodyIsCalledOff { get; } = ATripIsSimulated.Trips.Nodes(3).Invariant("nobody is called off", world =>
    {
        if (world.Instances.FirstOrDefault(i => i.State == "CalledOff") is { } gone) world.Fail($"{gone.Id} was called off.");
    });

    // Only a crash makes an instance recover.
    private static Simulate NobodyRecovers { get; } = ATripIsSimulated.Trips.Nodes(2).Invariant("nobody recovers", world =>
    {
        if (world.Instances.FirstOrDefault(i => world.History(i.Id).Any(e => e is Recovered)) is { } one) world.Fail($"{one.Id} recovered.");
    });

    [Fact]
    public void What_fails_without_faults_is_minimised_to_few_starts_and_no_faults()
    {
        var report = NobodyIsCalledOff.Run(10);
        Assert.False(report.Passed);
        var recipe = report.Failed!.Recipe;
        Assert.True(recipe.Starts[0] <= 6, report.Line);
        Assert.All(report.Failed.Struck, kind => Assert.DoesNotContain(kind, recipe.Off));
        Assert.Empty(report.Failed.Struck);
    }

    [Fact]
    public void What_needs_a_fault_keeps_it_and_loses_the_others()
    {
        var report = NobodyRecovers.Run(50);
        Assert.False(report.Passed);
        Assert.Equal("nobody recovers", report.Failed!.Violation!.Oracle);
        Assert.NotEmpty(report.Failed.Struck);
        Assert.True(report.Failed.Struck.Count <= 3, report.ToString());
        Assert.Equal(1, report.Failed.Recipe.Starts[0]);
    }

    [Fact]
    public void The_line_of_a_report_runs_it_again()
    {
        var report = NobodyRecovers.Run(50);
        var again = NobodyRecovers.Again(report.Line!);
        Assert.Equal(report.Failed!.Violation!.Message, again.Failed!.Violation!.Message);
        Assert.Equal(report.Timeline, again.Timeline);
        Assert.Equal(report.Line, again.Line);
        Assert.DoesNotContain('\n', report.Line!);
        Assert.Contains("build=", report.Line, StringComparison.Ordinal);
        Assert.Contains($"seed={report.Failed.Seed}", report.Line, StringComparison.Ordinal);
    }

    [Fact]
    public void The_bound_ends_the_shrinking_and_the_report_says_so()
    {
        var report = (NobodyRecovers with { MinimisingRuns = 3 }).Run(50);
        Assert.False(report.Passed);
        Assert.Contains("Minimised in 3 runs, where the bound ended it", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_report_is_a_sentence_a_line_and_a_timeline_as_text_and_as_a_page_of_its_own()
    {
        var report = NobodyRecovers.Run(50);
        var text = report.ToString();
        Assert.StartsWith($"Seed {report.Failed!.Seed}: nobody recovers: ", text, StringComparison.Ordinal);
        Assert.Contains($"Again: {report.Line}", text, StringComparison.Ordinal);
        Assert.EndsWith(report.Failed.Violation!.Message, text, StringComparison.Ordinal);
        Assert.Contains("is gone", text, StringComparison.Ordinal);

        var file = Path.Combine(Path.GetTempPath(), $"perdure-timeline-{Environment.ProcessId}.html");
        try
        {
            report.WriteHtml(file);
            var page = File.ReadAllText(file);
            Assert.Contains("<th scope=\"col\">node-0</th>", page, StringComparison.Ordinal);
            Assert.Contains("recovered", page, StringComparison.Ordinal);
            Assert.DoesNotContain("://", page, StringComparison.Ordinal);
            Assert.DoesNotContain("src=", page, StringComparison.Ordinal);
        }
        finally
        {
            if (Environment.GetEnvironmentVariable("PERDURE_KEEP") is null) File.Delete(file);
        }
    }

    [Fact]
    public void A_scripted_fault_strikes_when_and_where_it_is_told_to()
    {
        var report = NobodyRecovers.WithoutFaults().At(TimeSpan.FromSeconds(8), FaultKind.NodeCrash, node: 1, name: "the machine room floods").Run(1);
        Assert.False(report.Passed);
        Assert.Contains("00:00:08.000  script          ! the machine room floods", report.Timeline, StringComparison.Ordinal);
        Assert.Contains("node-1.1 is gone", report.Timeline, StringComparison.Ordinal);
        Assert.DoesNotContain("node-0.1 is gone", report.Timeline, StringComparison.Ordinal);
        Assert.True(NobodyRecovers.WithoutFaults().Run(1).Passed);
    }

    [Fact]
    public void Scripted_faults_are_minimised_too()
    {
        var report = NobodyRecovers.WithoutFaults()
            .At(TimeSpan.FromSeconds(2), FaultKind.DiskSlow).At(TimeSpan.FromSeconds(8), FaultKind.NodeCrash, node: 1).At(TimeSpan.FromSeconds(9), FaultKind.ClockJump).Run(1);
        Assert.False(report.Passed);
        Assert.Equal([1, 3], report.Failed!.Recipe.Unscripted);
        Assert.DoesNotContain("DiskSlow", report.Timeline, StringComparison.Ordinal);
        Assert.Contains("unscripted=1,3", report.Line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_can_wait_for_what_an_instance_does()
    {
        var report = ATripIsSimulated.Trips.Nodes(3).WithoutFaults().When(Phase.Compensating, FaultKind.NodeCrash).Run(1);
        Assert.True(report.Passed, report.ToString());
        Assert.Equal(1, report.Reach!.Count(FaultKind.NodeCrash, Phase.Compensating));
    }

    [Fact]
    public void A_failover_to_a_replica_that_lags_loses_what_was_acknowledged_and_is_caught()
    {
        var lags = ATripIsSimulated.Trips.WithoutFaults().At(TimeSpan.FromSeconds(5), FaultKind.FailoverAsynchronous);
        Assert.False((lags with { MinimisingRuns = 0 }).Run(5).Passed);
    }

    [Fact]
    public void A_report_says_which_faults_struck_in_which_phase_and_which_did_not()
    {
        var report = ATripIsSimulated.Trips.OnlyFaults(FaultKind.NodeCrash, FaultKind.UndoFails).Run(40);
        Assert.True(report.Passed, report.ToString());
        Assert.True(report.Reach!.Count(FaultKind.NodeCrash, Phase.Running) > 0);
        Assert.Equal(0, report.Reach.Count(FaultKind.NodePause, Phase.Running));
        Assert.DoesNotContain(report.Reach.Missed(), m => m.Kind == FaultKind.NodePause || m.Phase == Phase.AtGate);

        var none = ATripIsSimulated.Trips.OnlyFaults().Fault(FaultKind.UndoFails, 1e-9).Run(1);
        Assert.Equal([(FaultKind.UndoFails, Phase.Compensating)], none.Reach!.Missed());
        Assert.Contains("Not reached: UndoFails while Compensating.", none.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void As_many_seeds_are_run_as_were_asked_for_wherever_they_begin()
    {
        var trips = ATripIsSimulated.Trips.WithoutFaults();
        Assert.Equal(1, trips.Run(1, ulong.MaxValue).Seeds);
        Assert.Equal(3, trips.Run(3, ulong.MaxValue - 1).Seeds);
        var failed = trips.Invariant("never", world => world.Fail("It does.")).Run(1, ulong.MaxValue);
        Assert.Equal(ulong.MaxValue, failed.Failed!.Seed);
    }

    [Fact]
    public void A_run_of_no_seed_is_refused_and_one_that_was_stopped_before_its_first_has_not_passed()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ATripIsSimulated.Trips.Run(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => ATripIsSimulated.Trips.Run(-1));
        var stopped = ATripIsSimulated.Trips.Run(1, cancellation: new(canceled: true));
        Assert.Equal(0, stopped.Seeds);
        Assert.False(stopped.Passed);
        Assert.Null(stopped.Failed);
    }

    [Fact]
    public void A_failure_that_does_not_come_again_is_told_as_one_that_does_not_with_what_is_known_of_it()
    {
        var once = 0;
        var report = ATripIsSimulated.Trips.Invariant("only once", world =>
        {
            if (world.Instances.Any(i => i.State == "Booked") && once++ == 0) world.Fail("It was the first time.");
        }).Run(5);
        Assert.False(report.Passed);
        Assert.False(report.Failed!.Repeats);
        Assert.Null(report.Line);
        var text = report.ToString();
        Assert.StartsWith("Seed 1: only once: It was the first time.\nThe same seed did not fail again: something outside of the simulation decides.", text, StringComparison.Ordinal);
        Assert.Contains($"{report.Failed.Events:N0} events", text, StringComparison.Ordinal);
        Assert.Contains("seed=1", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Again:", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Minimised", text, StringComparison.Ordinal);
        Assert.Contains("did not fail again", Page(report), StringComparison.Ordinal);
    }

    [Fact]
    public void A_seed_that_fails_otherwise_the_second_time_is_told_with_both_failures()
    {
        var runs = 0;
        var report = ATripIsSimulated.Trips.Starts("book-trip", (_, _) => { runs++; return new Trip("one more", "Oslo"); }, count: 1)
            .Invariant("first", world => { if (runs == 1) world.Fail("First."); }).Invariant("second", world => { if (runs > 1) world.Fail("Second."); }).Run(1);
        Assert.False(report.Failed!.Repeats);
        Assert.StartsWith("Seed 1: first: First.\nThe same seed failed otherwise the second time, with second: Second.", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_seed_that_fails_is_told_at_once_and_who_stops_the_shrinking_has_the_failure()
    {
        using var stop = new CancellationTokenSource();
        var told = new List<SimulationReport>();
        var report = NobodyRecovers.Run(50, progress: so =>
        {
            told.Add(so);
            if (so.Failed is not null) stop.Cancel();
        }, cancellation: stop.Token);
        Assert.Equal(report.Failed!.Seed, told.First(so => so.Failed is not null).Failed!.Seed);
        Assert.StartsWith($"Seed {report.Failed.Seed}: nobody recovers: ", report.ToString(), StringComparison.Ordinal);
        Assert.Contains("Not minimised, since it was stopped.", report.ToString(), StringComparison.Ordinal);
        Assert.Contains($"Again: {report.Line}", report.ToString(), StringComparison.Ordinal);
        Assert.False(NobodyRecovers.Again(report.Line!).Passed);
    }

    private static string Page(SimulationReport report)
    {
        var file = Path.Combine(Path.GetTempPath(), $"perdure-timeline-{Guid.NewGuid():N}.html");
        try
        {
            report.WriteHtml(file);
            return File.ReadAllText(file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
