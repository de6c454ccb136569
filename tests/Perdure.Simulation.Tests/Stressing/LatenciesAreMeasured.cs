using Perdure.Simulation.Chance;
using Perdure.Simulation.Stressing;

namespace Perdure.Simulation.Tests.Stressing;

/// <summary>What is measured, and what is drawn.</summary>
public sealed class LatenciesAreMeasured
{
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Percentiles_are_never_below_the_exact_ones_and_at_most_the_stated_error_above(ulong seed)
    {
        var chance = new Pcg32(seed, 1);
        var histogram = new LatencyHistogram();
        List<long> exact = [];
        for (var i = 0; i < 20_000; i++)
        {
            var ticks = chance.Between(0, 1L << chance.Below(45));
            histogram.Record(new(ticks));
            exact.Add(ticks);
        }
        exact.Sort();
        foreach (var percent in new[] { 1, 25, 50, 90, 99, 99.9, 99.99, 100 })
        {
            var expected = exact[(int)Math.Ceiling((decimal)percent / 100 * exact.Count) - 1];
            var found = histogram.Percentile(percent).Ticks;
            Assert.InRange(found, expected, (long)(expected * (1 + LatencyHistogram.RelativeError)));
        }
        Assert.Equal(exact[^1], histogram.Max.Ticks);
    }

    [Fact]
    public void Latencies_are_drawn_as_they_were_said()
    {
        var logNormal = Drawn(Latency.LogNormal(40.Milliseconds, 200.Milliseconds));
        Assert.InRange(logNormal.Percentile(50), 39.Milliseconds, 41.Milliseconds);
        Assert.InRange(logNormal.Percentile(99), 190.Milliseconds, 210.Milliseconds);
        var uniform = Drawn(Latency.Uniform(10.Milliseconds, 30.Milliseconds));
        Assert.InRange(uniform.Percentile(50), 19.Milliseconds, 21.Milliseconds);
        Assert.InRange(uniform.Max, 29.Milliseconds, 30.Milliseconds);
        var tail = Drawn(Latency.HeavyTail(10.Milliseconds, 10.Seconds, tail: 1.5));
        // A Pareto distribution's median is its least value times the exponent's root of two.
        Assert.InRange(tail.Percentile(50), 15.5.Of(), 16.5.Of());
        Assert.InRange(tail.Max, 1.Seconds, 10.Seconds);
        Assert.Equal(5.Milliseconds, Drawn(Latency.Constant(5.Milliseconds)).Max);
    }

    private static LatencyHistogram Drawn(Latency latency)
    {
        var (histogram, chance) = (new LatencyHistogram(), new Pcg32(1, 1));
        for (var i = 0; i < 50_000; i++) histogram.Record(latency.Draw(chance));
        return histogram;
    }
}

file static class Parts
{
    public static TimeSpan Of(this double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
