using Perdure.Simulation.Replaying;

namespace Perdure.Cli.Tests;

/// <summary>What cannot be used ends with 2 and a sentence, without a stack trace.</summary>
public sealed class UnusableInputs(World world) : IClassFixture<World>
{
    private static void IsRefused(string says, params string[] arguments)
    {
        var (code, output, errors) = World.Run(arguments);
        Assert.True(code == 2, $"{code}: {output}{errors}");
        Assert.Contains(says, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_that_is_not_there() => IsRefused("does not exist", "history", "export", "--store", Path.Combine(world.Folder, "none.db"), "--out", "-");

    [Fact]
    public void A_path_that_is_none() => IsRefused("is not a path", "history", "export", "--store", world.Store, "--out", "-", "--redact", "$.a[");

    [Fact]
    public void Options_that_are_missing() => IsRefused("--histories", "replay", "--assembly", "x.dll");

    [Fact]
    public void An_assembly_that_is_none() => IsRefused("is not a .NET assembly", "replay", "--histories", world.Store, "--assembly", world.Store);

    [Fact]
    public void A_file_that_holds_no_histories()
    {
        var file = Path.Combine(world.Folder, "wrong.jsonl");
        File.WriteAllText(file, "{\"format\":99,\"instance\":\"x\",\"workflow\":\"x\",\"version\":1,\"namespace\":\"\",\"records\":1}\n");
        IsRefused("Line 1 of the histories: the format is 99", "replay", "--histories", file, "--assembly", world.Assembly("unusable"));
    }

    [Fact]
    public void A_file_that_was_cut_off()
    {
        var lines = File.ReadAllLines(world.Exported());
        var file = Path.Combine(world.Folder, "cut.jsonl");
        File.WriteAllLines(file, lines[..^1]);
        var cut = Assert.Throws<Perdure.Kernel.HistoryFormatException>(() => RecordedHistory.Read(file).Count());
        Assert.Contains("the file ends after", cut.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_workflow_that_is_not_there() =>
        IsRefused("It has: book-trip", "simulate", "--assembly", world.Assembly("absent"), "--workflow", "other", "--inputs", world.Store);
}
