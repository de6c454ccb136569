using Perdure;

namespace Perdure.PlantedBugs.Scenario;

public sealed record Booking(string Id, int Amount);
public sealed record Line(string Text);
public sealed record Word(string Text);
public sealed record Booked(string Lines);
public sealed record Unbooked(string Code);

/// <summary>An operation inside of the store's transaction, of which only the place is taken.</summary>
public abstract class Posting : Transacted<Booking, Line>
{
    public override Retry Retry => Retry.Exponential(TimeSpan.FromMilliseconds(200), cap: TimeSpan.FromSeconds(2), attempts: 8);
    public override TimeSpan Timeout => TimeSpan.FromSeconds(30);
    public override Task<Line> Run(Booking input, StoreTransaction store, Attempt attempt) => throw new InvalidOperationException();
    public override Task Undo(Booking input, Line output, StoreTransaction store, Attempt attempt) => throw new InvalidOperationException();
}

public sealed class Withdraw : Posting;
public sealed class Deposit : Posting;

public sealed class Announce : TransactedIrreversible<Booking, Line>
{
    public override Task<Line> Run(Booking input, StoreTransaction store, Attempt attempt) => throw new InvalidOperationException();
}

/// <summary>Operations inside of transactions: one after the other, then two at once, with waits between for time and for a message.</summary>
public sealed class Bookings(Withdraw withdraw, Deposit deposit, Announce announce) : Workflow<Booking>("bookings", version: 1)
{
    protected override Map<Booking> Define(Map<Booking> map) => map.Start("Asked").Runs(Book).End<Booked>().Revoked<Unbooked>(cancelled: by => new(by.Reason));

    public async Task<To<Booked, Unbooked>> Book(IVisit<Booking> visit, Booking booking)
    {
        var taken = await visit.Try(withdraw, booking);
        if (!taken.Ok) return new Unbooked(taken.Failure.Code);
        await visit.Sleep(1.Seconds);
        var given = await visit.Try(deposit, booking);
        if (!given.Ok) return new Unbooked(given.Failure.Code);
        await visit.Signal<Word>(within: 2.Seconds);
        var both = (first: visit.Try(announce, booking, key: "1"), second: visit.Try(deposit, booking, key: "2"));
        var (first, second) = (await both.first, await both.second);
        if (!first.Ok) return new Unbooked(first.Failure.Code);
        return second.Ok ? new Booked($"{taken.Value.Text} {given.Value.Text} {second.Value.Text}") : new Unbooked(second.Failure.Code);
    }
}
