using Perdure.Tests;
using System.Text.Json;

namespace Perdure.Cli.Tests;

public sealed class Stresses(World world) : IClassFixture<World>
{
    private const string Inputs = """[{"traveller":"traveller {n}","city":"Lisbon","price":70}]""";

    private string Samples(string name, string json)
    {
        var path = Path.Combine(world.Folder, name);
        File.WriteAllText(path, json);
        return path;
    }

    [Fact]
    public void A_ramp_finds_where_an_operation_saturates_and_ends_with_1()
    {
        var (code, output, errors) = World.Run("stress", "--assembly", world.Assembly("ramp"), "--operation", "book-flight", "--inputs", Samples("ramp.json", Inputs),
            "--rate", "100:300:50", "--for", "20s", "--latency", "50ms", "--concurrency", "10", "--constant");
        Assert.True(code == 1, output + errors);
        Assert.Contains("Saturates between 200/s and 206.25/s: throughput no longer follows the arrivals; 200/s got done.", output, StringComparison.Ordinal);
        Assert.Contains("rates measured", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_workflow_that_stands_ends_with_0_and_faults_are_in_the_json()
    {
        var (code, output, errors) = World.Run("stress", "--assembly", world.Assembly("stands"), "--workflow", "book-trip", "--inputs", Samples("stands.json", Inputs),
            "--rate", "20", "--for", "30s", "--latency", "lognormal:20ms:100ms", "--faults", "transient=0.05", "--p99", "10s", "--json", "--seed", "7");
        Assert.True(code == 0, output + errors);
        using var report = JsonDocument.Parse(output);
        var row = report.RootElement.GetProperty("rows")[0];
        Assert.True(row.GetProperty("stands").GetBoolean());
        Assert.Contains(row.GetProperty("errors").EnumerateArray(), e => e.GetProperty("code").GetString() == "stress.transient");
        Assert.Equal(7, report.RootElement.GetProperty("seed").GetInt32());
    }

    [Fact]
    public void In_real_time_operations_run_as_they_are()
    {
        var (code, output, errors) = World.Run("stress", "--assembly", world.Assembly("real"), "--workflow", "book-trip", "--inputs", Samples("real.json", """[{"traveller":"traveller {n}","city":"Lisbon","price":170}]"""),
            "--rate", "20", "--for", "1s", "--real");
        Assert.True(code == 0, output + errors);
        Assert.Contains("real time", output, StringComparison.Ordinal);
        Assert.Contains("book-hotel: no-hotel", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stress_test_of_the_assembly_is_run()
    {
        const string tests = """

            public static class Tests
            {
                public static Perdure.Simulation.Stress Flights => Perdure.Simulation.Stress.Operation<BookFlight>()
                    .Inputs((dice, number) => new Trip($"traveller {number}", "Lisbon", 70)).Rate(10);
            }
            """;
        var (code, output, errors) = World.Run("stress", "--assembly", world.Assembly("own", tests), "--stress", "Tests.Flights");
        Assert.True(code == 0, output + errors);
        Assert.Contains("book-flight, virtual time", output, StringComparison.Ordinal);
        (code, _, errors) = World.Run("stress", "--assembly", world.Assembly("own-inputs", tests), "--stress", "Tests.Flights", "--inputs", Samples("own.json", Inputs));
        Assert.Equal(2, code);
        Assert.Contains("--inputs", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupted_it_still_reports()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("There is no signal to send to another console.");
        using var tool = new Running("dotnet", [World.Tool, "stress", "--assembly", world.Assembly("interrupted"), "--operation", "book-flight", "--inputs", Samples("interrupted.json", Inputs),
            "--rate", "50", "--for", "1h", "--warm-up", "1s", "--real"]);
        await tool.Says("50/s");
        tool.Interrupt();
        Assert.True(await tool.Ends() == 1, tool.Said);      // no rate was measured to its end
        Assert.Contains("cancelled after", tool.Said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--rate", "fast")]
    [InlineData("--for", "10")]
    [InlineData("--latency", "normal:1ms")]
    [InlineData("--faults", "many=1")]
    public void What_cannot_be_read_is_said(string option, string text)
    {
        string[] asked = ["stress", "--assembly", world.Assembly($"unread{option}"), "--operation", "book-flight", "--inputs", Samples($"unread{option}.json", Inputs), option, text];
        var (code, _, errors) = World.Run(option == "--rate" ? asked : [.. asked, "--rate", "1"]);
        Assert.Equal(2, code);
        Assert.Contains($"{option}: ", errors, StringComparison.Ordinal);
        Assert.Contains("perdure: ", errors, StringComparison.Ordinal);
    }
}
