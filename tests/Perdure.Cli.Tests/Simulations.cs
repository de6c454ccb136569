namespace Perdure.Cli.Tests;

public sealed class Simulations(World world) : IClassFixture<World>
{
    private const string Simulation = """

        public static class Tests
        {
            public static Perdure.Simulation.Simulate Trips() => Perdure.Simulation.Simulate.Workflow<BookTrip>()
                .Replace<BookFlight, Trip, Booking>(_ => new("LH-42"))
                .Replace<BookHotel, Bill, Booking>(_ => new("room 7"))
                .Starts("book-trip", (dice, number) => new Trip($"traveller {number}", "Lisbon", 70), count: 5)
                INVARIANT;
        }
        """;

    private string With(string name, string invariant) => world.Assembly(name, Simulation.Replace("INVARIANT", invariant, StringComparison.Ordinal));

    [Fact]
    public void A_simulation_of_the_assembly_passes()
    {
        var (code, output, errors) = World.Run("simulate", "--assembly", With("passes", ""), "--workflow", "book-trip", "--seeds", "20", "--nodes", "3");
        Assert.True(code == 0, output + errors);
        Assert.Contains("20 seeds", output, StringComparison.Ordinal);
        Assert.Contains("virtual hours", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_invariant_ends_with_1_and_the_line_that_breaks_it_again()
    {
        var assembly = With("invariant", ".Invariant(\"nobody ends\", world => { if (world.Instances.Any(i => i.State == \"Booked\")) world.Fail(\"Somebody did.\"); })");
        var (code, output, errors) = World.Run("simulate", "--assembly", assembly, "--workflow", "book-trip", "--seeds", "20", "--seed", "7");
        Assert.True(code == 1, output + errors);
        Assert.Contains("Somebody did.", output, StringComparison.Ordinal);
        Assert.Contains($"Again: perdure simulate --assembly {assembly} --workflow book-trip --seeds 1 --seed 7", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Sample_inputs_are_enough()
    {
        var inputs = Path.Combine(world.Folder, "inputs.json");
        File.WriteAllText(inputs, """[{"traveller":"Ada","city":"Lisbon","price":70},{"traveller":"Grace","city":"Oslo","price":10}]""");
        var (code, output, errors) = World.Run("simulate", "--assembly", world.Assembly("samples"), "--workflow", "book-trip", "--seeds", "5", "--inputs", inputs, "--json");
        Assert.True(code == 0, output + errors);
        Assert.Contains("\"passed\": true", output, StringComparison.Ordinal);
    }
}
