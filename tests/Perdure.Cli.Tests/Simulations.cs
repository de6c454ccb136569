using Perdure.Tests;

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

    [Fact]
    public void An_instance_that_does_not_get_on_ends_with_3()
    {
        // It tries again and again without a pause, and comes neither to an end nor to an incident.
        var forever = Simulation.Replace("_ => new(\"room 7\")", "_ => throw new TransientFailure(\"busy\", \"Later.\")", StringComparison.Ordinal).Replace("INVARIANT", ".WithoutFaults().QuietWithin(System.TimeSpan.FromMinutes(1))", StringComparison.Ordinal);
        var assembly = world.Assembly("forever", forever, ("public sealed class BookHotel : Operation<Bill, Booking>\n{",
            "public sealed class BookHotel : Operation<Bill, Booking>\n{\n    public override Retry Retry => Retry.Exponential(TimeSpan.FromTicks(1), cap: TimeSpan.FromTicks(1), jitter: TimeSpan.Zero, attempts: int.MaxValue, within: 1_000.Days);"));
        var (code, output, errors) = World.Run("simulate", "--assembly", assembly, "--workflow", "book-trip", "--seeds", "1");
        Assert.True(code == 3, $"{code}: {output}{errors}");
        Assert.Contains("liveness", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_ends_it_and_what_was_found_until_then_is_reported()
    {
        using var tool = new Running("dotnet", [World.Tool, "simulate", "--assembly", With("interrupted", ""), "--workflow", "book-trip", "--seeds", "10000000"]);
        await tool.Says("virtual hours");
        tool.Interrupt();
        Assert.Equal(0, await tool.Ends());
        Assert.Matches(@"\nStopped after [1-9]\d* of 10000000 seeds\.", tool.Said);
        Assert.Matches(@"\n[1-9][\d,]* seeds, [1-9][\d,]* events, .* of the worlds' time", tool.Said);
    }

    private const string Others = """

        public sealed class OtherTrip(BookFlight flight) : Workflow<Trip>("other-trip", version: 1)
        {
            protected override Map<Trip> Define(Map<Trip> map) => map.Start("Asked").Runs(Fly).End<Booked>();
            public async Task<To<Booked>> Fly(IVisit<Trip> visit, Trip trip) => new Booked((await visit.Run(flight, trip)).Number, "none");
        }

        public static class OtherTests
        {
            public static Perdure.Simulation.Simulate Others => Perdure.Simulation.Simulate.Workflow<OtherTrip>()
                .Replace<BookFlight, Trip, Booking>(_ => new("LH-43"))
                .Starts("other-trip", (dice, number) => new Trip("Ada", "Lisbon", 70), count: 2)
                .Invariant("which", world => { if (world.Instances.Any(i => i.State == "Booked")) world.Fail("The other one."); });
        }
        """;

    [Fact]
    public void The_workflow_chooses_the_simulation_that_starts_it()
    {
        var assembly = world.Assembly("several", Simulation.Replace("INVARIANT", "", StringComparison.Ordinal) + Others);
        var (code, output, errors) = World.Run("simulate", "--assembly", assembly, "--workflow", "book-trip", "--seeds", "2");
        Assert.True(code == 0, output + errors);
        (code, output, errors) = World.Run("simulate", "--assembly", assembly, "--workflow", "other-trip", "--seeds", "2");
        Assert.True(code == 1, output + errors);
        Assert.Contains("The other one.", output, StringComparison.Ordinal);
        (code, _, errors) = World.Run("simulate", "--assembly", assembly, "--workflow", "other-trip", "--simulation", "Tests.Trips");
        Assert.True(code == 2, errors);
        Assert.Contains("No simulation starts other-trip: neither does Tests.Trips.", errors, StringComparison.Ordinal);
    }

    private const string Broken = ".Invariant(\"nobody ends\", world => { if (world.Instances.Any(i => i.State == \"Booked\")) world.Fail(\"Somebody did.\"); })";

    [Fact]
    public void The_minimised_failure_is_run_again_by_its_recipe_and_written_as_a_page()
    {
        var (assembly, page) = (With("recipe", Broken), Path.Combine(world.Folder, "failure.html"));
        var (code, output, errors) = World.Run("simulate", "--assembly", assembly, "--workflow", "book-trip", "--seeds", "2", "--json", "--html", page);
        Assert.True(code == 1, output + errors);
        Assert.Contains("Seed 1 failed: nobody ends: Somebody did.", errors, StringComparison.Ordinal);
        Assert.Contains("Somebody did.", File.ReadAllText(page), StringComparison.Ordinal);
        using var report = System.Text.Json.JsonDocument.Parse(output);
        var recipe = report.RootElement.GetProperty("recipe").GetString()!;
        Assert.Contains("starts=1", recipe, StringComparison.Ordinal);
        Assert.True(report.RootElement.GetProperty("repeats").GetBoolean());

        (code, output, errors) = World.Run("simulate", "--assembly", assembly, "--workflow", "book-trip", "--again", recipe);
        Assert.True(code == 1, output + errors);
        Assert.StartsWith("Seed 1: nobody ends: Somebody did.", output, StringComparison.Ordinal);
        Assert.Contains($"Again: {recipe}", output, StringComparison.Ordinal);
        Assert.Contains($"--workflow book-trip --again \"{recipe}\"", output, StringComparison.Ordinal);

        (code, _, errors) = World.Run("simulate", "--assembly", assembly, "--workflow", "book-trip", "--again", recipe, "--seed", "3");
        Assert.True(code == 2, errors);
        (code, _, errors) = World.Run("simulate", "--assembly", assembly, "--workflow", "book-trip", "--again", "sead=1");
        Assert.True(code == 2, errors);
        Assert.Contains("A line has no 'sead'.", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_seed_there_is_can_be_run()
    {
        var (code, output, errors) = World.Run("simulate", "--assembly", With("last", Broken), "--workflow", "book-trip", "--seeds", "1", "--seed", "18446744073709551615");
        Assert.True(code == 1, output + errors);
    }

    [Fact]
    public void An_invariant_of_the_name_of_a_promise_ends_with_1()
    {
        var (code, output, errors) = World.Run("simulate", "--assembly", With("called-liveness", Broken.Replace("nobody ends", "liveness", StringComparison.Ordinal)), "--workflow", "book-trip", "--seeds", "2");
        Assert.True(code == 1, $"{code}: {output}{errors}");
    }

    [Fact]
    public void A_simulation_that_cannot_be_made_does_not_keep_another_from_running()
    {
        var assembly = world.Assembly("throws", Simulation.Replace("INVARIANT", "", StringComparison.Ordinal) + """

            public static class MoreTests
            {
                public static Perdure.Simulation.Simulate Impossible => throw new System.IO.InvalidDataException("There is no disk.");
            }
            """);
        var (code, output, errors) = World.Run("simulate", "--assembly", assembly, "--workflow", "book-trip", "--seeds", "2");
        Assert.True(code == 0, output + errors);
        (code, _, errors) = World.Run("simulate", "--assembly", assembly, "--workflow", "book-trip", "--simulation", "MoreTests.Impossible");
        Assert.Equal(2, code);
        Assert.Contains("MoreTests.Impossible cannot be made: There is no disk.", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_that_would_be_left_unheeded_are_refused()
    {
        var inputs = Path.Combine(world.Folder, "unheeded.json");
        File.WriteAllText(inputs, """[{"traveller":"Ada","city":"Lisbon","price":70}]""");
        var (code, _, errors) = World.Run("simulate", "--assembly", With("unheeded", ""), "--workflow", "book-trip", "--inputs", inputs, "--simulation", "Tests.Trips");
        Assert.Equal(2, code);
        Assert.Contains("--simulation", errors, StringComparison.Ordinal);
    }
}
