using System.Globalization;

namespace Perdure.PlantedBugs.Tests;

public sealed class TheEngineHolds
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Without_a_bug_every_promise_holds(bool shares, bool transacts)
    {
        var (first, seeds) = (Given("SOUND_FIRST", 1), Given("SOUND_SEEDS", 100));
        var found = new Hunt(null, shares, transacts).Seeds((ulong)first, seeds, TimeSpan.FromMinutes(30));
        Assert.True(found.Oracle is null, $"{found.Oracle}: {found.Seen}");
        Assert.Equal(seeds, found.Seeds);
    }

    [Theory]
    [InlineData(20_220, true, true)]      // an end was refused by the fence, and a batch was handed over before the lane had heard of that
    public void A_seed_that_failed_once_does_not_again(int seed, bool shares, bool transacts)
    {
        var found = new Hunt(null, shares, transacts).Seeds((ulong)seed, 1, TimeSpan.FromMinutes(2));
        Assert.True(found.Oracle is null, $"{found.Oracle}: {found.Seen}");
    }

    private static int Given(string variable, int otherwise) => Environment.GetEnvironmentVariable(variable) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
