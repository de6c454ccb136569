using System.Text.Json;
using Perdure.Simulation.Replaying;

namespace Perdure.Cli.Tests;

public sealed class HistoriesReplayed(World world) : IClassFixture<World>
{
    private const string Hotel = "await visit.Try(hotel, new Bill($\"Dear {visit.Input.Traveller}\", visit.Input.Price))";

    private (int Code, string Output, string Errors) Replay(string assembly, string? histories = null, params string[] more) =>
        World.Run(["replay", "--histories", histories ?? world.Exported(), "--assembly", assembly, .. more]);

    [Fact]
    public void The_same_code_has_no_divergence_while_the_node_runs()
    {
        var (code, output, errors) = Replay(world.Assembly("same"));
        Assert.True(code == 0, output + errors);
        Assert.Equal("3 instances, 6 visits replayed: 0 break, 0 differ.", output.Trim());
    }

    [Fact]
    public void A_body_that_holds_its_thread_ends_with_2_and_is_named()
    {
        var (code, _, errors) = Replay(world.Assembly("holds", changes: [("await visit.Sleep(TimeSpan.Zero);", "new System.Threading.ManualResetEventSlim().Wait(); await visit.Sleep(TimeSpan.Zero);")]));
        Assert.True(code == 2, errors);
        Assert.Matches("The body of [0-9a-z]{13} of 'book-trip' in visit 2, state 'FlightBooked', holds its thread", errors);
    }

    [Fact]
    public void A_harmless_change_passes()
    {
        var (code, output, _) = Replay(world.Assembly("harmless", changes: [("return room.Ok ? new Booked(booked.Ticket, room.Value.Number)", "return room.Ok ? new Booked(booked.Ticket, \"the best \" + room.Value.Number)")]));
        Assert.Equal(0, code);
        Assert.Contains("data.other", output, StringComparison.Ordinal);
        Assert.Contains("the best room 7", output, StringComparison.Ordinal);
        Assert.Contains("0 break, 1 differ", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_breaking_change_is_named_by_instance_visit_and_step_with_both_sides()
    {
        var (code, output, _) = Replay(world.Assembly("input", changes: [("visit.Input.Price))", "visit.Input.Price + 5))")]), more: "--json");
        Assert.Equal(1, code);
        var found = JsonDocument.Parse(output).RootElement.GetProperty("divergences").EnumerateArray().First(d => d.GetProperty("instance").GetString() == world.Ended.ToString());
        Assert.Equal("replay.diverged", found.GetProperty("code").GetString());
        Assert.True(found.GetProperty("breaks").GetBoolean());
        Assert.Equal(2, found.GetProperty("visit").GetInt32());
        Assert.Equal("book-hotel", found.GetProperty("step").GetString());
        Assert.Contains("70", found.GetProperty("recorded").GetString(), StringComparison.Ordinal);
        Assert.Contains("75", found.GetProperty("expected").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("await visit.Sleep(TimeSpan.Zero);", "", "replay.diverged", "no longer asks for: sleep")]
    [InlineData(Hotel, "await visit.Try(hotel, new Bill($\"Dear {visit.Input.Traveller}\", visit.Input.Price), name: \"lodge\")", "replay.diverged", "\"lodge\"")]
    [InlineData("record FlightBooked(string Ticket)", "record FlightBooked(string Ticket, string Seat)", "map.changed", "- state FlightBooked")]
    [InlineData("record Trip(string Traveller, string City, decimal Price)", "record Trip(string Traveller, string City, decimal Price, string Class)", "payload.unreadable", "class")]
    [InlineData("if (visit.Input.City == \"Nowhere\") await", "if (visit.Input.City == \"Nowhere\") throw new ArithmeticException(\"too far\"); else if (visit.Input.City == \"?\") await", "body.exception", "too far")]
    public void What_would_become_an_incident_or_keep_a_node_from_starting_breaks(string old, string other, string code, string says)
    {
        var seat = other.Contains("Seat", StringComparison.Ordinal);
        var changes = new List<(string, string)> { (old, other) };
        if (seat) changes.Add(("new FlightBooked(ticket.Value.Number)", "new FlightBooked(ticket.Value.Number, \"7A\")"));
        var (exit, output, errors) = Replay(world.Assembly($"breaks{Math.Abs(StringComparer.Ordinal.GetHashCode(other))}", changes: [.. changes]));
        Assert.True(exit == 1, output + errors);
        Assert.Contains(code, output, StringComparison.Ordinal);
        Assert.Contains(says, output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_step_at_the_end_only_differs()
    {
        var (code, output, errors) = Replay(world.Assembly("longer", changes: [("return room.Ok ?", "if (room.Ok) await visit.Sleep(1.Hours, name: \"rest\");\n        return room.Ok ?")]));
        Assert.True(code == 0, output + errors);
        Assert.Contains($"differs  book-trip version 1, instance {world.Ended}, visit 2 (FlightBooked), step rest: step.new", output, StringComparison.Ordinal);
        Assert.Contains("0 break, 1 differ", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_transition_only_differs()
    {
        var (code, output, errors) = Replay(world.Assembly("elsewhere", changes: [("return room.Ok ?", "return room.Ok && visit.Input.Price < 50 ?"), ("new CalledOff(room.Failure.Code)", "new CalledOff(\"dear\")")]));
        Assert.True(code == 0, output + errors);
        Assert.Contains($"differs  book-trip version 1, instance {world.Ended}, visit 2 (FlightBooked): transition.other", output, StringComparison.Ordinal);
        Assert.Contains("0 break, 2 differ", output, StringComparison.Ordinal);     // Grace was called off for another reason: her data differs
        Assert.Contains("data.other", output, StringComparison.Ordinal);
    }

    [Fact]
    public void One_instance_and_a_number_of_them_can_be_chosen()
    {
        Assert.Equal(world.Ended.ToString(), Assert.Single(RecordedHistory.Read(world.Exported("--instance", world.Ended.ToString()))).Header.Instance);
        Assert.Equal(2, RecordedHistory.Read(world.Exported("--limit", "2", "--workflow", "book-trip")).Count());
    }

    [Fact]
    public void Histories_of_the_first_format_stay_readable()
    {
        var histories = RecordedHistory.Read(Path.Combine(AppContext.BaseDirectory, "Golden", "histories-1.jsonl")).ToList();
        Assert.Equal(["Booked", "CalledOff", "FlightBooked"], histories.Select(h => h.Header.State));
        var report = HistoryReplay.Against<BookTrip>().Run(histories);
        Assert.True(report is { Passed: true, Visits: 6, Differences: 0 }, report.ToString());
    }

    [Fact]
    public void A_test_replays_histories_in_a_few_lines()
    {
        var report = HistoryReplay.Against<BookTrip>().Run(RecordedHistory.Read(world.Exported()));
        Assert.True(report.Passed, report.ToString());
    }
}
