namespace Perdure.Cli.Tests;

public sealed record Trip(string Traveller, string City, decimal Price);
public sealed record FlightBooked(string Ticket);
public sealed record Booked(string Ticket, string Room);
public sealed record CalledOff(string Reason);
public sealed record Booking(string Number);
public sealed record Bill(string To, decimal Amount);

public sealed class BookFlight : Operation<Trip, Booking>
{
    public override Task<Booking> Run(Trip trip, Attempt attempt) => Task.FromResult(new Booking("LH-42"));
    public override Task Undo(Trip trip, Booking? booking, Attempt attempt) => Task.CompletedTask;
}

public sealed class BookHotel : Operation<Bill, Booking>
{
    public override Task<Booking> Run(Bill bill, Attempt attempt) => bill.Amount > 100 ? throw new PermanentFailure("no-hotel", "None.") : Task.FromResult(new Booking("room 7"));
    public override Task Undo(Bill bill, Booking? booking, Attempt attempt) => Task.CompletedTask;
}

/// <summary>The workflow as it ran when the histories were recorded.</summary>
public sealed class BookTrip(BookFlight flight, BookHotel hotel) : Workflow<Trip>("book-trip", version: 1)
{
    protected override Map<Trip> Define(Map<Trip> map) => map
        .Start("Requested").Runs(Fly)
        .State<FlightBooked>().Runs(Stay)
        .End<Booked>()
        .Revoked<CalledOff>(cancelled: by => new(by.Reason));

    public async Task<To<FlightBooked, CalledOff>> Fly(IVisit<Trip> visit, Trip trip)
    {
        var ticket = await visit.Try(flight, trip);
        return ticket.Ok ? new FlightBooked(ticket.Value.Number) : new CalledOff(ticket.Failure.Code);
    }

    public async Task<To<Booked, CalledOff>> Stay(IVisit<Trip> visit, FlightBooked booked)
    {
        await visit.Sleep(TimeSpan.Zero);
        if (visit.Input.City == "Nowhere") await visit.Signal<Booking>();
        var room = await visit.Try(hotel, new Bill($"Dear {visit.Input.Traveller}", visit.Input.Price));
        return room.Ok ? new Booked(booked.Ticket, room.Value.Number) : new CalledOff(room.Failure.Code);
    }
}
