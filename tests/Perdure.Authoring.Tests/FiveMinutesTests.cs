using Perdure.Testing;
using Perdure.Tests;

namespace Perdure.Authoring.Tests;

/// <summary>What the tutorial says of its program, seen; its own test is <see cref="TripTests"/>.</summary>
public sealed class FiveMinutesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("perdure-trips-").FullName;

    private Running Run(params string[] arguments) => new("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "FiveMinutes.dll"), .. arguments], _folder);

    [Fact]
    public async Task Stopped_half_way_with_Ctrl_C_it_goes_on_where_it_was_and_a_third_run_finds_the_trip_booked()
    {
        string token;
        using (var first = Run())
        {
            await first.Says("FlightBooked");
            first.Interrupt();
            Assert.Equal(0, await first.Ends());
            token = first.Said.Split("(token ")[1].Split(')')[0];
            Assert.DoesNotContain("room", first.Said, StringComparison.Ordinal);
        }
        using (var second = Run())
        {
            Assert.Equal(0, await second.Ends());
            Assert.Contains("a room in Lisbon for Ada", second.Said, StringComparison.Ordinal);
            Assert.Equal("Booked", second.Said.Split('\n')[^1]);
            Assert.DoesNotContain("flight", second.Said, StringComparison.Ordinal);
            Assert.DoesNotContain(token, second.Said, StringComparison.Ordinal);
        }
        using var third = Run();
        Assert.Equal(0, await third.Ends());
        Assert.Equal("Booked", third.Said);
    }

    [Fact]
    public async Task Where_there_is_no_hotel_the_flight_is_undone_under_the_token_that_it_was_booked_with()
    {
        using var trip = Run("Ada", "Atlantis");
        Assert.Equal(0, await trip.Ends());
        var token = trip.Said.Split("(token ")[1].Split(')')[0];
        Assert.Contains($"the flight of Ada is cancelled (token {token})", trip.Said, StringComparison.Ordinal);
        Assert.EndsWith("CalledOff", trip.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_one_runs_another_is_told_who_holds_the_file_and_nothing_else()
    {
        using var first = Run();
        await first.Says("FlightBooked");
        using var second = Run();
        Assert.Equal(1, await second.Ends());
        Assert.Contains("trips.db is held by process", second.Said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", second.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_hotel_it_is_booked()
    {
        var visit = new FakeVisit<Trip>(new Trip("Ada", "Lisbon")).Given(new BookHotel(), _ => new Booking("room 7"));
        var next = await new BookTrip(new BookFlight(), new BookHotel()).Stay(visit, new FlightBooked("LH-42"));
        Assert.Equal(new Booked("LH-42", "room 7"), next.State);
        Assert.Equal([10.Seconds], visit.Slept);
    }

    [Fact]
    public void Its_map_is_sound() => Assert.Empty(new BookTrip(new BookFlight(), new BookHotel()).Check());

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
