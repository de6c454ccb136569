using Perdure.Kernel;
using Perdure.Simulation.Reporting;

namespace Perdure.Simulation.Tests;

/// <summary>Whatever a failing run does not need for its failure is taken from it: kinds of faults, single strikes, nodes, messages, people. What is left fails in the same way.</summary>
public sealed class AFailureIsMadeSmall
{
    // Only the number of runs bounds it: what is found must not hang on how fast the machine is.
    private static readonly TimeSpan Unhurried = TimeSpan.FromHours(1);

    private static Simulate Trips { get; } = ATripIsSimulated.Trips.Nodes(3) with { MinimisingTime = Unhurried };

    private static Simulate Messages { get; } = CrashesMeetPeople.Patient.Nodes(2).Interrupts(pauses: 0.5, cancels: 0.5) with { MinimisingTime = Unhurried };

    // Every trip is called off, and undone.
    private static Simulate Undone { get; } = Trips.Replace<BookHotel, Trip, Booking>(_ => throw new PermanentFailure("no-hotel", "None."));

    [Theory]
    [InlineData(FaultKind.UndoFails, "simulated.busy")]
    [InlineData(FaultKind.UndoFailsAfter, "simulated.half-done")]
    public void What_one_strike_of_one_kind_brings_about_is_told_with_that_strike_alone(FaultKind kind, string code)
    {
        var simulation = Undone.Invariant("every undo succeeds at once", world =>
        {
            foreach (var row in world.Changed)
                if (world.History(row.Id).OfType<UndoRetryScheduled>().Any(e => e.Failure.Code == code)) world.Fail($"An undo of {row.Id} failed.");
        });
        var report = simulation.Run(50);
        Assert.False(report.Passed);
        var (recipe, text) = (report.Failed!.Recipe, report.ToString());
        Assert.Equal([kind], report.Failed.Struck);
        Assert.Single(report.Failed.Fell);
        Assert.Empty(report.Failed.Strikes);
        Assert.Equal((1, 1), (recipe.Nodes, recipe.Starts[0]));
        Assert.Contains($"Left: 1 start on 1 node; faults: {kind}.", text, StringComparison.Ordinal);
        Assert.EndsWith($" strikes={kind}:1", report.Line, StringComparison.Ordinal);
        IsReproduced(simulation, report);
    }

    [Fact]
    public void Messages_and_people_that_it_does_not_need_are_left_out()
    {
        var simulation = Messages.Invariant("nobody is cancelled", world =>
        {
            foreach (var row in world.Changed)
                if (world.History(row.Id).Any(e => e is CancelRequested)) world.Fail($"{row.Id} was cancelled.");
        });
        var cancelled = simulation.Run(20);
        Assert.False(cancelled.Passed);
        Assert.Equal((0, true, false), (cancelled.Failed!.Recipe.Sends[0], cancelled.Failed.Recipe.WithoutPauses, cancelled.Failed.Recipe.WithoutCancels));
        IsReproduced(simulation, cancelled);

        var written = Messages.Invariant("nobody hears", world =>
        {
            foreach (var row in world.Changed)
                if (world.History(row.Id).OfType<SignalReceived>().Any()) world.Fail($"{row.Id} was sent something.");
        });
        var sent = written.Run(20);
        Assert.False(sent.Passed);
        Assert.Equal((1, true, true), (sent.Failed!.Recipe.Sends[0], sent.Failed.Recipe.WithoutPauses, sent.Failed.Recipe.WithoutCancels));
        IsReproduced(written, sent);
    }

    [Fact]
    public void Of_the_starts_those_are_left_that_it_needs_wherever_they_stand()
    {
        var simulation = Trips.Invariant("two do not meet", world =>
        {
            if (world.Instances.Count(i => i.RequestKey is "key-5" or "key-12") == 2) world.Fail("Two have met.");
        });
        var report = simulation.Run(1);
        Assert.False(report.Passed);
        Assert.Equal((12, 2), (report.Failed!.Recipe.Starts[0], report.Failed.Recipe.StartCount));
        Assert.Equal([5, 12], Enumerable.Range(1, 12).Where(number => !report.Failed.Recipe.Unasked.Contains((0, number))));
        Assert.Contains("Left: 2 starts on 1 node; faults: none.", report.ToString(), StringComparison.Ordinal);
        Assert.EndsWith(" unasked=0:1,0:2,0:3,0:4,0:6,0:7,0:8,0:9,0:10,0:11", report.Line, StringComparison.Ordinal);
        IsReproduced(simulation, report);
    }

    [Fact]
    public void It_fails_in_the_same_way_and_not_only_by_the_same_promise()
    {
        var report = Trips.Invariant("nobody is called off", world =>
        {
            if (world.Instances.Any(i => i.State == "CalledOff")) world.Fail(world.Instances.Count() > 5 ? $"One of {world.Instances.Count()} was called off." : "One was called off alone.");
        }).Run(20);
        Assert.False(report.Passed);
        Assert.Contains("One of 6 was called off.", report.ToString(), StringComparison.Ordinal);
        Assert.Equal(6, report.Failed!.Recipe.Starts[0]);
    }

    [Fact]
    public void Failures_are_told_apart_by_their_words_without_ids_tokens_and_numbers()
    {
        static string Of(string seen) => Minimiser.ClassOf(new("effects", seen));
        Assert.Equal(Of("fly was applied twice under 01j8x2m4k6p8q.2.pack[1].1 at 00:01:02."), Of("fly was applied twice under 01j8x2m4k6p9z.1.pack[2].14 at 10:21:02.5."));
        Assert.NotEqual(Of("01j8x2m4k6p8q ended in Booked."), Of("01j8x2m4k6p8q ended in CalledOff."));
        Assert.NotEqual(Of("1"), Minimiser.ClassOf(new("starts", "1")));
    }

    [Fact]
    public void The_line_says_all_that_was_left_out()
    {
        var recipe = new Recipe(7)
        {
            Build = "1.0", Nodes = 2, Starts = [3, 0], Unasked = [(0, 2)], Sends = [0, 3], WithoutPauses = true, Off = [FaultKind.NodeCrash], Skipped = [2, 5], Unscripted = [1],
            Pinned = [(FaultKind.AnswerLate, 2), (FaultKind.UndoLate, 5)],
        };
        var read = Recipe.Parse(recipe.ToString());
        Assert.Equal(recipe.ToString(), read.ToString());
        Assert.Equal(recipe.Unasked, read.Unasked);
        Assert.Equal(2, read.StartCount);
        Assert.Contains(" unasked=0:2 sends=0,3 pauses=no off=NodeCrash strikes=AnswerLate:2,UndoLate:5 skip=2,5 unscripted=1", recipe.ToString(), StringComparison.Ordinal);
        Assert.Equal(recipe.Pinned, read.Pinned);
        Assert.Equal(recipe.Sends, read.Sends);
        Assert.Empty(Recipe.Parse((recipe with { Pinned = [] }).ToString()).Pinned!);
        var few = recipe with { Off = [.. Enum.GetValues<FaultKind>().Where(kind => kind != FaultKind.UndoLate)] };
        Assert.Contains(" on=UndoLate ", few.ToString(), StringComparison.Ordinal);
        Assert.Equal(few.Off, Recipe.Parse(few.ToString()).Off);
    }

    private static void IsReproduced(Simulate simulation, SimulationReport report)
    {
        var again = simulation.Again(report.Line!);
        Assert.Equal(report.Failed!.Violation!.Message, again.Failed?.Violation?.Message);
        Assert.Equal(report.Timeline, again.Timeline);
        Assert.Equal(report.Line, again.Line);
    }
}
