namespace Perdure.PlantedBugs.Tests;

public sealed class TheEngineHolds
{
    [Fact]
    public void Without_a_bug_every_promise_holds()
    {
        var seeds = int.Parse(Environment.GetEnvironmentVariable("SOUND_SEEDS") ?? "100", System.Globalization.CultureInfo.InvariantCulture);
        var found = new Hunt(null).Seeds(1, seeds, TimeSpan.FromMinutes(10));
        Assert.True(found.Oracle is null, $"{found.Oracle}: {found.Seen}");
    }
}
