namespace Perdure.PlantedBugs.Tests;

public sealed class EveryBugIsCaught
{
    private const int Seeds = 300;

    public static TheoryData<string> Names => [.. Catalogue.Asked.Select(bug => bug.Name)];

    [Fact]
    public void Every_snippet_is_there_once()
    {
        foreach (var bug in Catalogue.All)
        {
            var changed = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var change in bug.Changes.Concat(bug.More))
                changed[change.File] = change.Apply(changed.GetValueOrDefault(change.File) ?? File.ReadAllText(Path.Combine(Planted.Repository, change.File)));
        }
    }

    [Fact]
    public void Every_one_compiles_also_those_that_only_long_runs_look_for() =>
        Assert.Empty(Catalogue.All.SelectMany(bug => Planted.Errors(bug).Select(error => $"{bug.Name}: {error}")));

    [Theory]
    [MemberData(nameof(Names))]
    public void Within_a_few_seeds(string name)
    {
        var bug = Catalogue.All.Single(b => b.Name == name);
        var hunt = new Hunt(bug);
        var found = hunt.Seeds(1, Seeds, TimeSpan.FromSeconds(60));
        if (Environment.GetEnvironmentVariable("PLANTED_LOG") is { } log) File.AppendAllText(log, $"{name} | {found.Oracle ?? "MISSED"} | {found.Seeds} | {found.Seen.ReplaceLineEndings(" ")}\n");
        Assert.True(found.Oracle is not null, $"{Seeds} seeds did not catch it: {bug.Means}");
        if (bug.Seen.Count > 0) Assert.Contains(found.Oracle, bug.Seen);
    }
}
