using Perdure;

// What is known in each state. Trip, the input, is what is known at the start.
public sealed record Trip(string Traveller, string City);
public sealed record FlightBooked(string Ticket);
public sealed record Booked(string Ticket, string Room);
public sealed record CalledOff(string Reason);

// What is done to the world: small classes that do one thing, and undo it. The token is what a real airline would get as its idempotency key.
public sealed record Booking(string Number);

public sealed class BookFlight : Operation<Trip, Booking>
{
    public override Task<Booking> Run(Trip trip, Attempt attempt)
    {
        Console.WriteLine($"  a flight to {trip.City} for {trip.Traveller} (token {attempt.Token})");
        return Task.FromResult(new Booking("LH-42"));
    }

    public override Task Undo(Trip trip, Booking? booking, Attempt attempt)
    {
        Console.WriteLine($"  the flight of {trip.Traveller} is cancelled (token {attempt.Token})");
        return Task.CompletedTask;
    }
}

public sealed class BookHotel : Operation<Trip, Booking>
{
    public override Task<Booking> Run(Trip trip, Attempt attempt)
    {
        if (trip.City == "Atlantis") throw new PermanentFailure("no-hotel", "There is no hotel in Atlantis.");
        Console.WriteLine($"  a room in {trip.City} for {trip.Traveller} (token {attempt.Token})");
        return Task.FromResult(new Booking("room 7"));
    }

    public override Task Undo(Trip trip, Booking? booking, Attempt attempt)
    {
        Console.WriteLine($"  the room of {trip.Traveller} is cancelled (token {attempt.Token})");
        return Task.CompletedTask;
    }
}

// The workflow: a map of states. A body's return type lists where it may go; anything else does not compile.
public sealed class BookTrip(BookFlight flight, BookHotel hotel) : Workflow<Trip>("book-trip", version: 1)
{
    protected override Map<Trip> Define(Map<Trip> map) => map
        .Start("Requested").Runs(Fly)
        .State<FlightBooked>(within: 1.Hours).Runs(Stay)
        .End<Booked>()
        .Revoked<CalledOff>();

    public async Task<To<FlightBooked, CalledOff>> Fly(IVisit<Trip> visit, Trip trip)
    {
        var ticket = await visit.Try(flight, trip);
        return ticket.Ok ? new FlightBooked(ticket.Value.Number) : new CalledOff(ticket.Failure.Code);
    }

    public async Task<To<Booked, CalledOff>> Stay(IVisit<Trip> visit, FlightBooked booked)
    {
        await visit.Sleep(10.Seconds);      // time enough to stop the program
        var room = await visit.Try(hotel, visit.Input);
        return room.Ok ? new Booked(booked.Ticket, room.Value.Number) : new CalledOff(room.Failure.Code);
    }
}
