using System.Text.RegularExpressions;

namespace Perdure.Tutorial.Tests;

/// <summary>The README's "Your own workflow in five minutes" holds what it says when it is typed from an empty folder.</summary>
public sealed partial class FiveMinutes(Newcomer newcomer) : IClassFixture<Newcomer>
{
    private const string Flight = "a flight to", Room = "a room in";

    // As the text names them.
    private static readonly string Elsewhere = Tutorial.Spans(5)[0], Declared = Tutorial.Spans(5)[2], State = Tutorial.Spans(5)[4];

    [Theory]
    [InlineData("KILL")]
    [InlineData("INT")]
    public async Task Stopped_half_way_it_goes_on_where_it_was(string signal)
    {
        newcomer.Returns("trips");
        newcomer.Forgets("trips.db");
        var runs = Assert.Single(Tutorial.Blocks(3)).Lines;
        Assert.Equal(2, runs.Count);
        Assert.Contains("Once it says `FlightBooked`, press Ctrl+C (or `kill -9` it from elsewhere) and start it again", Tutorial.Step(3), StringComparison.Ordinal);

        using (var first = newcomer.Begin(runs[0]))
        {
            await first.Says("FlightBooked", Newcomer.Patience);
            var processes = ProcessTable.Tree(first.Id);
            ProcessTable.Signal(signal, signal == "INT" ? processes : processes.TakeLast(1));
            await first.Ends();
            Assert.Contains(Flight, first.Said, StringComparison.Ordinal);
            Assert.DoesNotContain(Room, first.Said, StringComparison.Ordinal);
        }

        // The flight is not booked again.
        var second = await newcomer.Type(runs[1]);
        Assert.DoesNotContain(Flight, second, StringComparison.Ordinal);
        Assert.Contains(Room, second, StringComparison.Ordinal);
        Assert.EndsWith("\nBooked", second, StringComparison.Ordinal);

        // A third run finds the trip booked.
        if (signal == "KILL") Assert.Equal("Booked", await newcomer.Type(runs[1]));
    }

    [Fact]
    public async Task Without_a_hotel_the_flight_is_undone_under_its_token()
    {
        newcomer.Returns("trips");

        var said = await newcomer.Type(Assert.Single(Assert.Single(Tutorial.Blocks(4)).Lines));

        Assert.Equal(Token().Match(said).Value, Assert.Single(Token().Matches(said.Split('\n').Single(line => line.Contains("is cancelled", StringComparison.Ordinal)))).Value);
        Assert.DoesNotContain(Room, said, StringComparison.Ordinal);
        Assert.EndsWith("\nCalledOff", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_transition_that_is_not_declared_does_not_compile()
    {
        newcomer.Returns("trips");
        await using var mended = newcomer.Mends("Trip.cs");
        await newcomer.Edit("Trip.cs", code => FlightBooked().Replace(code, Elsewhere, 1));

        Assert.Matches(@"Trip\.cs\(\d+,\d+\): error CS0029", await newcomer.Type("dotnet run", exits: 1));
    }

    [Fact]
    public async Task A_map_without_an_end_does_not_start_and_with_the_analyzers_does_not_compile()
    {
        newcomer.Returns("trips");
        await using var mended = newcomer.Mends("Trip.cs", "trips.csproj");
        await newcomer.Edit("Trip.cs", code => code.Replace(State, "", StringComparison.Ordinal));

        var said = await newcomer.Type("dotnet run", exits: 1);
        Assert.Matches(@"1 problem\(s\):\n\s+- map\.nowhere: FlightBooked goes to Booked.*Add .*\.End<", said);

        await newcomer.Follow(Assert.Single(Tutorial.Blocks(5)));
        var line = (await newcomer.Lines("Trip.cs")).TakeWhile(line => !line.Contains(".Runs(Stay)", StringComparison.Ordinal)).Count() + 1;
        Assert.Matches($@"Trip\.cs\({line},\d+\): error PERD001", await newcomer.Type("dotnet run", exits: 1));
    }

    [Fact]
    public async Task A_body_is_tested_without_an_engine()
    {
        newcomer.Returns("trips");
        foreach (var block in Tutorial.Blocks(6)) await newcomer.Follow(block);

        Assert.Contains("Passed!", await newcomer.Type("dotnet test"), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\(token \S+\)")]
    private static partial Regex Token();

    [GeneratedRegex(@"new FlightBooked\([^()]*\)")]
    private static partial Regex FlightBooked();
}
