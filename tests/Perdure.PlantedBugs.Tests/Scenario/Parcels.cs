using Perdure;

namespace Perdure.PlantedBugs.Scenario;

public sealed record Order(string Customer, int Items);
public sealed record Reserved(string Slip);
public sealed record Review(string Slip);
public sealed record Paying(string Slip);
public sealed record Paid(string Receipt);
public sealed record Shipping(string Receipt);
public sealed record Delivered(string Receipt);
public sealed record CalledOff(string Reason);

public sealed record Payment(int Number);
public sealed record Slip(string Number);
public sealed record Piece(string Slip, int Number);
public sealed record Bell(string Door);

/// <summary>An operation of which only the place is taken.</summary>
public abstract class Undoable<TIn> : Operation<TIn, Slip>
{
    public override Retry Retry => Retry.Exponential(TimeSpan.FromMilliseconds(200), cap: TimeSpan.FromSeconds(2), attempts: 4);
    public override TimeSpan Timeout => TimeSpan.FromSeconds(5);
    public override Task<Slip> Run(TIn input, Attempt attempt) => throw new InvalidOperationException();
    public override Task Undo(TIn input, Slip? output, Attempt attempt) => throw new InvalidOperationException();
}

public sealed class Reserve : Undoable<Order>;
public sealed class Pack : Undoable<Piece>;
public sealed class Charge : Undoable<Payment>;
public sealed class Drive : Undoable<Piece>;
public sealed class Wrap : Undoable<Bell>;

public sealed class Look : Query<Bell, Slip>
{
    public override Retry Retry => Retry.Exponential(TimeSpan.FromMilliseconds(100), attempts: 3);
    public override Task<Slip> Run(Bell input, Attempt attempt) => throw new InvalidOperationException();
}

public sealed class Ship : Irreversible<Bell, Slip>
{
    public override TimeSpan Timeout => TimeSpan.FromSeconds(5);
    public override Task<Slip> Run(Bell input, Attempt attempt) => throw new InvalidOperationException();
}

public sealed class Ring : Irreversible<Bell, Slip>
{
    public override bool AtMostOnce => true;
    public override TimeSpan Timeout => TimeSpan.FromSeconds(5);
    public override Task<Slip> Run(Bell input, Attempt attempt) => throw new InvalidOperationException();
}

/// <summary>Everything that a workflow can do, in one.</summary>
public sealed class Parcels(Reserve reserve, Pack pack, Look look, Charge charge, Ring ring, Ship ship, Wrap wrap, Couriers couriers) : Workflow<Order>("parcels", version: 1)
{
    protected override Map<Order> Define(Map<Order> map) => map
        .Start("Ordered").Runs(Begin)
        .State<Reserved>(within: 3.Seconds).Runs(Prepare)
        .Gate<Review>(role: "clerk", within: 2.Seconds).Decides(Judge)
        .State<Paying>(within: 4.Seconds, clockStops: true).Runs(Collect)
        .State<Paid>(settles: true).Runs(HandOver)
        .State<Shipping>(within: 5.Seconds).Runs(Send)
        .End<Delivered>()
        .Revoked<CalledOff>(cancelled: by => new(by.Reason));

    public async Task<To<Reserved, CalledOff>> Begin(IVisit<Order> visit, Order order)
    {
        var slip = await visit.Try(reserve, order).ConfigureAwait(false);
        return slip.Ok ? new Reserved(slip.Value.Number) : new CalledOff(slip.Failure.Code);
    }

    public async Task<To<Review, Paying, CalledOff>> Prepare(IVisit<Order> visit, Reserved reserved)
    {
        var seen = "not looked";
        try
        {
            seen = (await visit.Run(look, new("front"))).Number;
        }
        catch (OperationFailed e)
        {
            seen = e.Code;
        }
        try
        {
            await visit.Each(pack, Enumerable.Range(1, visit.Input.Items).Select(n => new Piece(reserved.Slip, n)), piece => $"{piece.Number}", atOnce: 2);
        }
        catch (OperationFailed e)
        {
            return new CalledOff(e.Code);
        }
        return visit.Random() < 0.5 ? new Review($"{reserved.Slip} {seen}") : new Paying(reserved.Slip);
    }

    public To<Paying, CalledOff> Judge(IVisit<Order> visit, Review review, Decision decision) => decision.Approved ? new Paying(review.Slip) : new CalledOff("refused");

    public async Task<To<Paid, CalledOff>> Collect(IVisit<Order> visit, Paying paying)
    {
        var share = visit.Random("share");
        var back = await visit.Try(look, new("back"));      // refused for good, each time that the body is run again
        var first = await visit.Signal<Payment>(within: 6.Seconds, name: "first");
        if (first is null || back.Ok) return new CalledOff("not paid");
        var charged = await visit.Run(charge, share < 0.5 ? first : new(-first.Number));
        await visit.Sleep(1.Seconds);
        return new Paid(charged.Number);
    }

    public async Task<To<Shipping, CalledOff>> HandOver(IVisit<Order> visit, Paid paid)
    {
        var carried = visit.Child(couriers, "courier", new Piece(paid.Receipt, 1));
        _ = visit.Child(couriers, "spare", new Piece(paid.Receipt, 2));      // still on its way when the state is left: it is cancelled and awaited
        var rung = await visit.Run(ring, new("door"));
        var end = await carried;
        if (end.State != "Driven") return new CalledOff(end.State);
        return new Shipping($"{paid.Receipt} {rung.Number}");
    }

    public async Task<To<Delivered, CalledOff>> Send(IVisit<Order> visit, Shipping shipping)
    {
        var wrapped = visit.Run(wrap, new("paper"), key: "paper");
        var came = new List<string>();
        var boxed = Came(visit.Run(wrap, new("box"), key: "box"));
        var tied = Came(visit.Run(wrap, new("string"), key: "string"));
        var slept = visit.Sleep(2.Seconds);
        var second = visit.Signal<Payment>(within: 20.Seconds, name: "second");
        var won = await visit.Race("patience", slept, wrapped);
        try
        {
            if (won == 1) await wrapped;
            await boxed;
            await tied;
            await visit.Run(ship, new(string.Join(" before ", came)));
        }
        catch (OperationFailed e)
        {
            return new CalledOff(e.Code);
        }
        var more = await second;
        return more is null ? new CalledOff("no second payment") : new Delivered(shipping.Receipt);

        // Results come in the order of the journal, so that a body may go by it.
        async Task Came(Task<Slip> slip) => came.Add((await slip.ConfigureAwait(false)).Number);
    }
}

public sealed record Driven(string Slip);
public sealed record TurnedBack(string Reason);

/// <summary>The workflow of a child.</summary>
public sealed class Couriers(Drive drive) : Workflow<Piece>("couriers", version: 1)
{
    protected override Map<Piece> Define(Map<Piece> map) => map.Start("Called").Runs(Go).End<Driven>().Revoked<TurnedBack>(cancelled: by => new(by.Reason));

    public async Task<To<Driven, TurnedBack>> Go(IVisit<Piece> visit, Piece piece)
    {
        var driven = await visit.Try(drive, piece);
        if (!driven.Ok) return new TurnedBack(driven.Failure.Code);
        await visit.Sleep(piece.Number == 1 ? 1.Seconds : 1.Hours);
        return new Driven(driven.Value.Number);
    }
}
