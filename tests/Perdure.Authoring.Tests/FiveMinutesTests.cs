using Perdure.Testing;
using Xunit;

namespace Perdure.Authoring.Tests;

/// <summary>The tutorial's workflow, tested as the tutorial says.</summary>
public sealed class FiveMinutesTests
{
    [Fact]
    public async Task Without_a_hotel_the_trip_is_called_off()
    {
        var visit = new FakeVisit<Trip>(new Trip("Ada", "Atlantis")).Fails(new BookHotel(), "no-hotel");
        var next = await new BookTrip(new BookFlight(), new BookHotel()).Stay(visit, new FlightBooked("LH-42"));
        Assert.Equal(new CalledOff("no-hotel"), next.State);
    }

    [Fact]
    public async Task With_one_it_is_booked()
    {
        var visit = new FakeVisit<Trip>(new Trip("Ada", "Lisbon")).Given(new BookHotel(), _ => new Booking("room 7"));
        var next = await new BookTrip(new BookFlight(), new BookHotel()).Stay(visit, new FlightBooked("LH-42"));
        Assert.Equal(new Booked("LH-42", "room 7"), next.State);
        Assert.Equal([10.Seconds], visit.Slept);
    }

    [Fact]
    public void Its_map_is_sound() => Assert.Empty(new BookTrip(new BookFlight(), new BookHotel()).Check());
}
