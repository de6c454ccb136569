using Perdure.Kernel;

namespace Perdure.Simulation.Tests;

/// <summary>Operations that run inside of the store's transactions: what they do is there with its record, once, under every fault.</summary>
public sealed class OperationsInsideTransactions
{
    private static Simulate World => Simulate.Workflow<Transfer>()
        .Replace<Debit, Moved, Entry>(m => new($"-{m.Amount}"), _ => { })
        .Replace<Credit, Moved, Entry>(m => m.Amount == 3 ? throw new PermanentFailure("account.closed", "No more.") : new($"+{m.Amount}"), _ => { })
        .Replace<Tell, Moved, Entry>(m => new($"told {m.Amount}"))
        .Starts("transfer", (_, number) => new Moved($"m{number}", number % 5), count: 20)
        .Sends("transfer", (_, number) => new Note($"note {number}"), count: 4)
        .Interrupts(pauses: 0.3, cancels: 0.2)
        .Invariant("incidents", world =>
        {
            foreach (var page in world.Pages)
                if (page.Page.Code is "store.refused" or "instance.broken") world.Fail($"{page.Instance} is an incident: {page.Page.Summary}");
        });

    [Fact]
    public void Every_transfer_ends_and_each_effect_is_there_with_its_record()
    {
        var report = World.Nodes(2).Run(60);
        Assert.True(report.Passed, report.ToString());
    }

    [Fact]
    public void So_it_does_where_nodes_share_lanes()
    {
        var report = World.Nodes(3).SharesLanes(7).Run(40);
        Assert.True(report.Passed, report.ToString());
    }

    [Fact]
    public void And_takes_the_course_that_it_takes_without_faults()
    {
        var report = World.Nodes(2).Refines(10).Run(30);
        Assert.True(report.Passed, report.ToString());
        Assert.True(report.Refined > 100, $"{report.Refined}; {string.Join(' ', report.NotRefined)}");
    }

    [Fact]
    public void One_that_is_not_replaced_says_so()
    {
        var codes = new List<string>();
        var report = Simulate.Workflow<Transfer>()
            .Replace<Credit, Moved, Entry>(m => new($"+{m.Amount}"), _ => { }).Replace<Tell, Moved, Entry>(m => new($"told {m.Amount}"))
            .Starts("transfer", (_, number) => new Moved($"m{number}", 1), count: 1).WithoutFaults()
            .Invariant("codes", world => codes.AddRange(world.Changed.SelectMany(row => world.History(row.Id)).OfType<StepFailed>().Select(e => e.Failure.Code)))
            .Run(1);
        Assert.True(report.Passed, report.ToString());
        Assert.Equal("simulated.no-database", codes.Distinct().Single());
    }
}

public sealed record Moved(string Id, int Amount);
public sealed record Entry(string Line);
public sealed record Note(string Text);
public sealed record Done(string Lines);
public sealed record Undone(string Code);

public sealed class Debit : Transacted<Moved, Entry>
{
    public override Task<Entry> Run(Moved input, StoreTransaction store, Attempt attempt) => throw new InvalidOperationException("Only its place is taken.");
    public override Task Undo(Moved input, Entry output, StoreTransaction store, Attempt attempt) => throw new InvalidOperationException("Only its place is taken.");
}

public sealed class Credit : Transacted<Moved, Entry>
{
    public override Task<Entry> Run(Moved input, StoreTransaction store, Attempt attempt) => throw new InvalidOperationException("Only its place is taken.");
    public override Task Undo(Moved input, Entry output, StoreTransaction store, Attempt attempt) => throw new InvalidOperationException("Only its place is taken.");
}

public sealed class Tell : TransactedIrreversible<Moved, Entry>
{
    public override Task<Entry> Run(Moved input, StoreTransaction store, Attempt attempt) => throw new InvalidOperationException("Only its place is taken.");
}

/// <summary>One after the other, then two at once, with waits between for time and for a message.</summary>
public sealed class Transfer(Debit debit, Credit credit, Tell tell) : Workflow<Moved>("transfer", version: 1)
{
    protected override Map<Moved> Define(Map<Moved> map) => map.Start("Asked").Runs(Move).End<Done>().Revoked<Undone>(cancelled: by => new(by.Reason));

    public async Task<To<Done, Undone>> Move(IVisit<Moved> visit, Moved move)
    {
        var taken = await visit.Try(debit, move);
        if (!taken.Ok) return new Undone(taken.Failure.Code);
        await visit.Sleep(2.Seconds);
        var given = await visit.Try(credit, move);
        if (!given.Ok) return new Undone(given.Failure.Code);
        await visit.Signal<Note>(within: 1.Seconds);
        var both = (first: visit.Try(tell, move, key: "1"), second: visit.Try(credit, move, key: "2"));
        var (first, second) = (await both.first, await both.second);
        if (!first.Ok) return new Undone(first.Failure.Code);
        return second.Ok ? new Done($"{taken.Value.Line} {given.Value.Line} {second.Value.Line}") : new Undone(second.Failure.Code);
    }
}
