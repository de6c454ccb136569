using Perdure;
using Perdure.Testing;

public sealed class TripTests
{
    [Fact]
    public async Task Without_a_hotel_the_trip_is_called_off()
    {
        var visit = new FakeVisit<Trip>(new Trip("Ada", "Atlantis")).Fails(new BookHotel(), "no-hotel");
        var next = await new BookTrip(new BookFlight(), new BookHotel()).Stay(visit, new FlightBooked("LH-42"));
        Assert.Equal(new CalledOff("no-hotel"), next.State);
    }
}
