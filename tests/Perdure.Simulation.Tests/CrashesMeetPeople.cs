namespace Perdure.Simulation.Tests;

/// <summary>Crash everywhere, where senders write to instances and people pause and cancel them: what a crash changes is told, and what only came at another moment is not.</summary>
public sealed class CrashesMeetPeople
{
    internal static Simulate Patient { get; } = Simulate.Workflow<Waits>()
        .Replace<Knock, Errand, Arrived>(_ => new("here"))
        .Starts("waits", (_, number) => new Errand($"errand {number}"), count: 3, within: TimeSpan.FromSeconds(3))
        .Sends("waits", (_, number) => new Word($"word {number}"), count: 2);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_message_that_came_before_a_moment_or_after_it_does_so_wherever_the_node_crashes(ulong seed)
    {
        HashSet<string> ends = [];
        var report = Patient.Invariant("seen", world => ends.UnionWith(world.Instances.Where(i => i.Status == Kernel.Status.Ended).Select(i => $"{i.RequestKey}{i.State}"))).CrashEverywhere(seed);
        Assert.True(report.Passed, report.ToString());
        Assert.Equal(0, report.NotCompared);
        // Whoever came to one end without a crash comes to no other; and each of both ends is somebody's.
        Assert.Equal(3, ends.Count);
    }

    [Fact]
    public void Both_ways_of_a_race_with_a_message_are_taken_in_those_seeds()
    {
        HashSet<string> ends = [];
        var report = Patient.WithoutFaults().Invariant("seen", world => ends.UnionWith(world.Instances.Where(i => i.Status == Kernel.Status.Ended).Select(i => i.State))).Run(3);
        Assert.True(report.Passed, report.ToString());
        Assert.Equal(["Heard", "NotHeard"], ends.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void People_who_pause_and_cancel_do_so_where_they_did_without_a_crash(ulong seed)
    {
        var (cancelled, paused) = (0, 0);
        var report = ATripIsSimulated.Trips.Interrupts(pauses: 0.5, cancels: 0.5).Invariant("seen", world =>
        {
            foreach (var row in world.Changed)
            {
                if (world.History(row.Id).Any(e => e is Kernel.CancelRequested)) cancelled++;
                if (row.Status == Kernel.Status.Paused) paused++;
            }
        }).CrashEverywhere(seed);
        Assert.True(report.Passed, report.ToString());
        Assert.True(cancelled > 0 && paused > 0);
    }

    [Fact]
    public void A_moment_that_comes_while_the_node_is_away_is_another_order_and_what_follows_is_held_against_that_order()
    {
        var report = Simulate.Workflow<WaitsBriefly>().Starts("waits-briefly", (_, number) => new Errand($"errand {number}"), count: 3).Sends("waits-briefly", (_, _) => new Word("now")).CrashEverywhere(4);
        Assert.True(report.Passed, report.ToString());
        Assert.True(report.InAnotherOrder > 0, report.ToString());
        Assert.Contains("took another way by the order", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_crash_makes_of_a_message_is_told()
    {
        var report = Simulate.Workflow<HearsTwice>().Starts("hears-twice", (_, number) => { HearsTwice.Heard.Clear(); return new Errand("one"); }, count: 1).Sends("hears-twice", (_, _) => new Word("go")).CrashEverywhere();
        Assert.False(report.Passed);
        Assert.Contains("heard before", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_does_not_wait_for_its_message_any_more_after_a_crash_is_told()
    {
        var report = Simulate.Workflow<LosesPatience>().Replace<Knock, Errand, Arrived>(_ => new("here"))
            .Starts("loses-patience", (_, number) => { LosesPatience.Begun.Clear(); return new Errand("one"); }, count: 1).Sends("loses-patience", (_, _) => new Word("go")).CrashEverywhere();
        Assert.False(report.Passed);
        Assert.Contains("lost patience", report.ToString(), StringComparison.Ordinal);
    }
}

public sealed record Word(string Text);
public sealed record Heard(string Text);
public sealed record NotHeard(string Why);

/// <summary>Asked for beside a wait.</summary>
public sealed class Knock : Operation<Errand, Arrived>
{
    public override Task<Arrived> Run(Errand input, Attempt attempt) => throw new InvalidOperationException("Only its place is taken.");
    public override Task Undo(Errand input, Arrived? output, Attempt attempt) => throw new InvalidOperationException("Only its place is taken.");
}

/// <summary>Awaits a message that may come too late.</summary>
public sealed class Waits(Knock knock) : Workflow<Errand>("waits", version: 1)
{
    protected override Map<Errand> Define(Map<Errand> map) => map.Start("Begun").Runs(Go).End<Heard>().Revoked<NotHeard>(cancelled: by => new(by.Reason));

    public async Task<To<Heard, NotHeard>> Go(IVisit<Errand> visit, Errand errand)
    {
        await visit.Run(knock, errand);
        var word = await visit.Signal<Word>(within: 3.Seconds);
        if (word is null) return new NotHeard("nothing came");
        await visit.Run(knock, errand, key: "again");
        return await visit.Signal<Word>(within: 4.Seconds, name: "second") is { } second ? new Heard(second.Text) : new NotHeard("nothing more came");
    }
}

/// <summary>Awaits a message for less time than a node needs to start again.</summary>
public sealed class WaitsBriefly() : Workflow<Errand>("waits-briefly", version: 1)
{
    protected override Map<Errand> Define(Map<Errand> map) => map.Start("Begun").Runs(Go).End<Heard>().End<NotHeard>();

    public async Task<To<Heard, NotHeard>> Go(IVisit<Errand> visit, Errand errand)
    {
        for (var times = 0; times < 20; times++)
            if (await visit.Signal<Word>(within: TimeSpan.FromMilliseconds(400)) is { } word) return new Heard($"{word.Text} after {times}");
        return new NotHeard("nothing came");
    }
}

/// <summary>What was heard before is heard otherwise: what it remembers is not in its journal.</summary>
public sealed class HearsTwice() : Workflow<Errand>("hears-twice", version: 1)
{
    public static HashSet<string> Heard { get; } = [];

    protected override Map<Errand> Define(Map<Errand> map) => map.Start("Begun").Runs(Go).End<Heard>();

    public async Task<To<Heard>> Go(IVisit<Errand> visit, Errand errand)
    {
        var word = await visit.Signal<Word>();
        return new Heard(Heard.Add(word!.Text) ? word.Text : "heard before");
    }
}

/// <summary>One that began before does not wait: what it remembers is not in its journal.</summary>
public sealed class LosesPatience(Knock knock) : Workflow<Errand>("loses-patience", version: 1)
{
    public static HashSet<string> Begun { get; } = [];

    protected override Map<Errand> Define(Map<Errand> map) => map.Start("Begun").Runs(Go).End<Heard>();

    public async Task<To<Heard>> Go(IVisit<Errand> visit, Errand errand)
    {
        var again = !Begun.Add(errand.How);
        await visit.Run(knock, errand);
        return new Heard(again ? "lost patience" : (await visit.Signal<Word>())!.Text);
    }
}
