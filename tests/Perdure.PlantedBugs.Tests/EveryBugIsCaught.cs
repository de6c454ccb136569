namespace Perdure.PlantedBugs.Tests;

public sealed class EveryBugIsCaught
{
    private const int Seeds = 300;

    public static TheoryData<string> Names => [.. Catalogue.All.Select(bug => bug.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Within_a_few_seeds(string name)
    {
        var bug = Catalogue.All.Single(b => b.Name == name);
        var hunt = new Hunt(bug);
        var found = hunt.Seeds(1, Seeds, TimeSpan.FromSeconds(20));
        if (Environment.GetEnvironmentVariable("PLANTED_LOG") is { } log) File.AppendAllText(log, $"{name} | {found.Oracle ?? "MISSED"} | {found.Seeds} | {found.Seen.Split('\n')[0]}\n");
        Assert.True(found.Oracle is not null, $"{Seeds} seeds did not catch it: {bug.Means}");
        if (bug.Seen.Count > 0) Assert.Contains(found.Oracle, bug.Seen);
    }
}
