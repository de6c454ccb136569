namespace Perdure.Simulation.Tests;

/// <summary>Crash everywhere: a workflow comes to the same end wherever its node dies.</summary>
public sealed class CrashesChangeNothing
{
    private static Simulate Trips { get; } = Simulate.Workflow<BookTrip>()
        .Replace<BookFlight, Trip, Booking>(_ => new("LH-42"))
        .Replace<BookHotel, Trip, Booking>(trip => trip.City == "Atlantis" ? throw new PermanentFailure("no-hotel", "None.") : new("room 7"))
        .Starts("book-trip", (_, number) => new Trip($"traveller {number}", number == 1 ? "Lisbon" : "Atlantis"), count: 2);

    [Fact]
    public void Wherever_the_node_crashes_the_trip_comes_to_the_same_end()
    {
        var report = Trips.CrashEverywhere();
        Assert.True(report.Passed, report.ToString());
        Assert.True(report.Points >= 8, report.ToString());
        Assert.Equal(2 * report.Points, report.Runs);
    }

    [Fact]
    public void An_outcome_that_a_crash_changes_is_reported_by_its_durable_point()
    {
        var report = Simulate.Workflow<Dated>()
            .Replace<Stay, Errand, Arrived>(_ => new("here"))
            .Starts("dated", (_, number) => new Errand($"errand {number}"), count: 1)
            .CrashEverywhere();
        Assert.False(report.Passed);
        Assert.All(report.Differences, d => Assert.InRange(d.Point, 1, report.Points));
        Assert.Contains(report.Differences, d => d.Before && d.What.Contains("wants stay", StringComparison.Ordinal));
        Assert.DoesNotContain(report.Differences, d => !d.Before && d.What.Contains("(end)", StringComparison.Ordinal));
        Assert.Contains("Crash before point", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_child_is_compared_with_the_child_of_the_same_parent_although_its_id_is_another()
    {
        var report = Parents<Sends>().CrashEverywhere();
        Assert.True(report.Passed, report.ToString());
        Assert.True(report.Points >= 5, report.ToString());
    }

    [Fact]
    public void A_child_that_only_a_crash_brings_about_is_a_difference()
    {
        var report = Parents<SendsAnother>().CrashEverywhere();
        Assert.False(report.Passed);
        Assert.Contains("key-1 child.1.messenger[another] is there, and without a crash it is not.", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void At_a_gate_people_decide_as_they_did_without_a_crash_so_that_every_instance_is_compared()
    {
        var report = Simulate.Workflow<Judged>().Starts("judged", (_, number) => new Errand($"errand {number}"), count: 6).CrashEverywhere();
        Assert.True(report.Passed, report.ToString());
        Assert.Equal(0, report.NotCompared);

        var forgets = Simulate.Workflow<ForgetsItsJudge>().Starts("forgets-its-judge", (_, _) => { ForgetsItsJudge.Judged.Clear(); return new Errand("one"); }, count: 1).CrashEverywhere();
        Assert.False(forgets.Passed);
        Assert.Contains("was judged", forgets.ToString(), StringComparison.Ordinal);
    }

    private static Simulate Parents<TParent>() where TParent : class, IWorkflow => Simulate.Node(node => node.Workflow<TParent>().Workflow<Messenger>())
        .Replace<Stay, Errand, Arrived>(_ => new("here"))
        .Starts("sends", (_, number) =>
        {
            SendsAnother.Asked.Clear();
            return new Errand($"errand {number}");
        }, count: 1);
}

/// <summary>A child, awaited.</summary>
public sealed class Sends(Messenger messenger) : Workflow<Errand>("sends", version: 1)
{
    protected override Map<Errand> Define(Map<Errand> map) => map.Start("Begun").Runs(Go).End<Over>();

    public async Task<To<Over>> Go(IVisit<Errand> visit, Errand errand)
    {
        var end = await visit.Child(messenger, "one", errand);
        return new Over(end.State);
    }
}

/// <summary>A body that was run before sends another: what it remembers is not in its journal.</summary>
public sealed class SendsAnother(Messenger messenger) : Workflow<Errand>("sends", version: 1)
{
    public static HashSet<string> Asked { get; } = [];

    protected override Map<Errand> Define(Map<Errand> map) => map.Start("Begun").Runs(Go).End<Over>();

    public async Task<To<Over>> Go(IVisit<Errand> visit, Errand errand)
    {
        var another = !Asked.Add(errand.How);
        var one = visit.Child(messenger, "one", errand);
        if (another) await visit.Child(messenger, "another", errand);
        return new Over((await one).State);
    }
}

public sealed class Messenger(Stay stay) : Workflow<Errand>("messenger", version: 1)
{
    protected override Map<Errand> Define(Map<Errand> map) => map.Start("Sent").Runs(Go).End<Over>();

    public async Task<To<Over>> Go(IVisit<Errand> visit, Errand errand)
    {
        await visit.Run(stay, errand);
        await visit.Sleep(1.Seconds);
        return new Over(errand.How);
    }
}

/// <summary>Two gates, one behind the other.</summary>
public sealed class Judged() : Workflow<Errand>("judged", version: 1)
{
    protected override Map<Errand> Define(Map<Errand> map) => map
        .Start("Begun").Runs(Ask)
        .Gate<Question>(role: "boss").Decides(Decide)
        .Gate<Answered>(role: "boss").Decides(Confirm)
        .End<Over>().End<Refused>();

    public Task<To<Question>> Ask(IVisit<Errand> visit, Errand errand) => Task.FromResult<To<Question>>(new Question("may I?"));
    public To<Answered, Refused> Decide(IVisit<Errand> visit, Question question, Decision decision) => decision.Approved ? new Answered("yes") : new Refused("no");
    public To<Over, Refused> Confirm(IVisit<Errand> visit, Answered answered, Decision decision) => decision.Approved ? new Over("yes") : new Refused("no");
}

/// <summary>What was judged before is judged otherwise: what it remembers is not in its journal.</summary>
public sealed class ForgetsItsJudge() : Workflow<Errand>("forgets-its-judge", version: 1)
{
    public static HashSet<bool> Judged { get; } = [];

    protected override Map<Errand> Define(Map<Errand> map) => map
        .Start("Begun").Runs(Ask)
        .Gate<Question>(role: "boss").Decides(Decide)
        .End<Answered>();

    public Task<To<Question>> Ask(IVisit<Errand> visit, Errand errand) => Task.FromResult<To<Question>>(new Question("may I?"));
    public To<Answered> Decide(IVisit<Errand> visit, Question question, Decision decision) => new Answered(Judged.Add(decision.Approved) ? "" : "was judged");
}

/// <summary>What it comes to hangs on the time at which it got there.</summary>
public sealed class Dated(Stay stay) : Workflow<Errand>("dated", version: 1)
{
    protected override Map<Errand> Define(Map<Errand> map) => map.Start("Begun").Runs(Go).End<Over>();

    public async Task<To<Over>> Go(IVisit<Errand> visit, Errand errand)
    {
        await visit.Run(stay, errand);
        return new Over($"{visit.Now():O}");
    }
}
