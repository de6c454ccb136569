namespace Perdure.Simulation.Tests;

public sealed record Trip(string Traveller, string City);
public sealed record FlightBooked(string Ticket);
public sealed record Booked(string Ticket, string Room);
public sealed record CalledOff(string Reason);
public sealed record Booking(string Number);

public sealed class BookFlight : Operation<Trip, Booking>
{
    public override Task<Booking> Run(Trip input, Attempt attempt) => throw new InvalidOperationException("Only its place is taken.");
    public override Task Undo(Trip input, Booking? output, Attempt attempt) => throw new InvalidOperationException("Only its place is taken.");
}

public sealed class BookHotel : Operation<Trip, Booking>
{
    public override Task<Booking> Run(Trip input, Attempt attempt) => throw new InvalidOperationException("Only its place is taken.");
    public override Task Undo(Trip input, Booking? output, Attempt attempt) => throw new InvalidOperationException("Only its place is taken.");
}

public sealed class BookTrip(BookFlight flight, BookHotel hotel) : Workflow<Trip>("book-trip", version: 1)
{
    protected override Map<Trip> Define(Map<Trip> map) => map
        .Start("Requested").Runs(Fly)
        .State<FlightBooked>(within: 12.Seconds).Runs(Stay)
        .End<Booked>()
        .Revoked<CalledOff>(cancelled: by => new(by.Reason));

    public async Task<To<FlightBooked, CalledOff>> Fly(IVisit<Trip> visit, Trip trip)
    {
        var ticket = await visit.Try(flight, trip);
        return ticket.Ok ? new FlightBooked(ticket.Value.Number) : new CalledOff(ticket.Failure.Code);
    }

    public async Task<To<Booked, CalledOff>> Stay(IVisit<Trip> visit, FlightBooked booked)
    {
        await visit.Sleep(10.Seconds);
        var room = await visit.Try(hotel, visit.Input);
        return room.Ok ? new Booked(booked.Ticket, room.Value.Number) : new CalledOff(room.Failure.Code);
    }
}
