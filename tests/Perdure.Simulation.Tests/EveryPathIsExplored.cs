namespace Perdure.Simulation.Tests;

/// <summary>Explore: every outcome of every operation, and what is wrong with a map because of one.</summary>
public sealed class EveryPathIsExplored
{
    private static Simulate Trips { get; } = Simulate.Workflow<BookTrip>()
        .Replace<BookFlight, Trip, Booking>(_ => new("LH-42"))
        .Replace<BookHotel, Trip, Booking>(_ => new("room 7"))
        .Starts("book-trip", (_, _) => new Trip("Ada", "Lisbon"));

    [Fact]
    public void A_sound_map_has_nothing_to_report_and_says_that_all_was_seen()
    {
        var report = Trips.Explore(depth: 4);
        Assert.True(report.Passed, report.ToString());
        Assert.True(report.Complete, report.ToString());
        Assert.True(report.Paths >= 7, report.ToString());
    }

    [Fact]
    public void Where_the_bound_cut_it_off_the_answer_says_so()
    {
        var shallow = Trips.Explore(depth: 1);
        Assert.False(shallow.Complete);
        Assert.Equal(4, shallow.Paths);
        Assert.True(shallow.CutOff > 0);
        Assert.Contains("ask for more than the depth of 1", shallow.ToString(), StringComparison.Ordinal);

        var few = Trips.Explore(depth: 4, paths: 2);
        Assert.Equal(2, few.Paths);
        Assert.True(few.Left > 0);
        Assert.Contains("the bound of paths was reached", few.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_the_same_each_time() => Assert.Equal(Faulty().Explore().ToString(), Faulty().Explore().ToString());

    [Fact]
    public void A_state_that_no_path_reaches_is_named() => Has("never-reached", "Unheard");

    [Fact]
    public void A_path_that_waits_for_ever_is_named() => Has("nowhere", "Reserved", "reserve: Success, charge-card: PermanentFailure");

    [Fact]
    public void An_effect_that_stands_where_all_was_to_be_revoked_is_named() => Has("compensation", "GivenUp", "reserve: Success, charge-card: Success, ship: PermanentFailure");

    [Fact]
    public void A_deadline_that_cannot_be_met_is_named() => Has("deadline", "Paid");

    [Fact]
    public void Gates_are_decided_both_ways()
    {
        var report = Simulate.Workflow<Asks>().Starts("asks", (_, _) => new Errand("")).Explore();
        Assert.True(report.Passed, report.ToString());
        Assert.Equal(2, report.Paths);
    }

    private static void Has(string kind, string state, string path = "")
    {
        var report = Faulty().Explore();
        Assert.False(report.Passed);
        Assert.True(report.Findings.Any(f => f.Kind == kind && f.State == state && f.Path.StartsWith(path, StringComparison.Ordinal)), report.ToString());
    }

    private static Simulate Faulty() => Simulate.Workflow<SellsBadly>()
        .Replace<Reserve, Errand, Arrived>(_ => new("shelf"))
        .Replace<ChargeCard, Errand, Arrived>(_ => new("paid"))
        .Replace<Ship, Errand, Arrived>(_ => new("sent"))
        .Starts("sells-badly", (_, _) => new Errand("book"));
}

public sealed class Reserve : Operation<Errand, Arrived>
{
    public override Task<Arrived> Run(Errand input, Attempt attempt) => Task.FromResult(new Arrived("shelf"));
    public override Task Undo(Errand input, Arrived? output, Attempt attempt) => Task.CompletedTask;
}

public sealed class ChargeCard : Operation<Errand, Arrived>
{
    public override Task<Arrived> Run(Errand input, Attempt attempt) => Task.FromResult(new Arrived("paid"));
    public override Task Undo(Errand input, Arrived? output, Attempt attempt) => Task.CompletedTask;
}

public sealed class Ship : Operation<Errand, Arrived>
{
    public override Task<Arrived> Run(Errand input, Attempt attempt) => Task.FromResult(new Arrived("sent"));
    public override Task Undo(Errand input, Arrived? output, Attempt attempt) => Task.CompletedTask;
}

public sealed record Reserved(string Shelf);
public sealed record Paid(string Shelf);
public sealed record Unheard(string Shelf);
public sealed record Sold(string Shelf);
public sealed record GivenUp(string Why);

/// <summary>A map with each of the faults that an exploration finds.</summary>
public sealed class SellsBadly(Reserve reserve, ChargeCard charge, Ship ship) : Workflow<Errand>("sells-badly", version: 1)
{
    protected override Map<Errand> Define(Map<Errand> map) => map
        .Start("Asked").Runs(Take)
        .State<Reserved>().Runs(Charge)
        .State<Paid>(within: 1.Hours, settles: true).Runs(Send)          // settles before it is shipped, and waits longer than it may
        .State<Unheard>().Runs(Hear)
        .End<Sold>().Revoked<GivenUp>(cancelled: by => new(by.Reason));

    public async Task<To<Reserved, GivenUp>> Take(IVisit<Errand> visit, Errand errand)
    {
        var shelf = await visit.Try(reserve, errand);
        return shelf.Ok ? new Reserved(shelf.Value.Where) : new GivenUp(shelf.Failure.Code);
    }

    public async Task<To<Paid, Unheard>> Charge(IVisit<Errand> visit, Reserved reserved)
    {
        var paid = await visit.Try(charge, visit.Input);
        if (!paid.Ok) await visit.Signal<Arrived>();      // which nobody sends
        return reserved.Shelf == "nowhere" ? new Unheard(reserved.Shelf) : new Paid(reserved.Shelf);
    }

    public async Task<To<Sold, GivenUp>> Send(IVisit<Errand> visit, Paid paid)
    {
        await visit.Sleep(2.Hours);
        var sent = await visit.Try(ship, visit.Input);
        return sent.Ok ? new Sold(paid.Shelf) : new GivenUp(sent.Failure.Code);
    }

    public Task<To<Sold>> Hear(IVisit<Errand> visit, Unheard unheard) => Task.FromResult<To<Sold>>(new Sold(unheard.Shelf));
}

public sealed record Question(string What);
public sealed record Answered(string How);
public sealed record Refused(string How);

public sealed class Asks() : Workflow<Errand>("asks", version: 1)
{
    protected override Map<Errand> Define(Map<Errand> map) => map
        .Start("Begun").Runs(Ask)
        .Gate<Question>(role: "boss").Decides(Decide)
        .End<Answered>().End<Refused>();

    public Task<To<Question>> Ask(IVisit<Errand> visit, Errand errand) => Task.FromResult<To<Question>>(new Question("may I?"));
    public To<Answered, Refused> Decide(IVisit<Errand> visit, Question question, Decision decision) => decision.Approved ? new Answered("yes") : new Refused("no");
}
