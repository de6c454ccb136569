using Perdure.Simulation.Replaying;

namespace Perdure.Cli.Tests;

/// <summary>A value is laid to the redaction only where the history says so, or where it was made from such a value.</summary>
public sealed class Redacted(World world) : IClassFixture<World>
{
    private const string Nothing = "3 instances, 6 visits replayed: 0 break, 0 differ.";

    private (int Code, string Output) Replay(string file, string assembly, params (string, string)[] changes)
    {
        var (code, output, _) = World.Run("replay", "--histories", file, "--assembly", world.Assembly(assembly, changes: changes));
        return (code, output.Trim());
    }

    private string Edited(string file, string old, string other)
    {
        var text = File.ReadAllText(file);
        Assert.Contains(old, text, StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace(old, other, StringComparison.Ordinal));
        return file;
    }

    [Fact]
    public void What_was_put_out_of_sight_is_nowhere_in_the_file_and_is_no_divergence()
    {
        var file = world.Exported("--redact", "$.traveller", "$.price", "$.to", "$.amount");
        var text = File.ReadAllText(file);
        Assert.DoesNotContain("Dear", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"traveller\":\"Ada\"", text, StringComparison.Ordinal);
        Assert.Equal((0, Nothing), Replay(file, "redacted"));
    }

    [Fact]
    public void Each_record_says_which_places_were_put_out_of_sight()
    {
        var text = File.ReadAllText(world.Exported("--redact", "$.traveller", "$..to"));
        Assert.Contains("\"redacted\":[\"0/input#/traveller\",\"1/input#/traveller\"]", text, StringComparison.Ordinal);
        Assert.Contains("/input#/to\"]", text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_input_made_from_what_was_put_out_of_sight_is_no_divergence() =>
        Assert.Equal((0, Nothing), Replay(world.Exported("--redact", "$.traveller", "$.price"), "derived"));

    [Fact]
    public void What_really_changed_breaks_also_where_values_were_put_out_of_sight() =>
        Assert.Equal(1, Replay(world.Exported("--redact", "$.traveller"), "derived2", ("visit.Input.Price))", "visit.Input.Price + 5))")).Code);

    [Theory]
    [InlineData("$\"Dear {visit.Input.Traveller}\"", "\"redacted\"")]
    [InlineData("$\"Dear {visit.Input.Traveller}\"", "\"2000-01-01\"")]
    public void A_genuine_value_that_looks_like_a_stand_in_is_compared(string old, string genuine)
    {
        var (code, output) = Replay(world.Exported("--redact", "$.traveller"), $"genuine{genuine.Length}", (old, genuine));
        Assert.True(code == 1, output);
        Assert.Contains("replay.diverged", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_genuine_0_beside_what_was_put_out_of_sight_is_compared()
    {
        // As if Ada's price had been 0, and the code had billed 70 all the same.
        var file = Edited(world.Exported("--redact", "$.traveller"), "\"city\":\"Lisbon\",\"price\":70", "\"city\":\"Lisbon\",\"price\":0");
        var (code, output) = Replay(file, "zero");
        Assert.True(code == 1, output);
        Assert.Contains("1 break", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Histories_whose_records_name_payloads_only_are_read_as_the_paths_lead()
    {
        var file = Edited(Edited(world.Exported("--redact", "$.traveller"), "\"format\":2", "\"format\":1"), "/input#/traveller", "/input");
        Assert.Equal((0, Nothing), Replay(file, "former"));
    }

    [Fact]
    public void Redacted_histories_of_the_second_format_stay_readable()
    {
        var report = HistoryReplay.Against<BookTrip>().Run(RecordedHistory.Read(Path.Combine(AppContext.BaseDirectory, "Golden", "histories-2.jsonl")));
        Assert.True(report is { Passed: true, Visits: 6, Differences: 0 }, report.ToString());
    }
}
