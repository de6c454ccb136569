using Perdure.Simulation.Chance;

namespace Perdure.Simulation;

/// <summary>How long something takes: a distribution, drawn from the seed.</summary>
public abstract class Latency
{
    private Latency() { }

    /// <summary>Always the same time.</summary>
    public static Latency Constant(TimeSpan time) => new Always(NotNegative(time));

    /// <summary>Every time from <paramref name="low"/> to <paramref name="high"/> alike.</summary>
    public static Latency Uniform(TimeSpan low, TimeSpan high)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(high, NotNegative(low));
        return new Between(low, high);
    }

    /// <summary>Log-normal, as most services are: half take less than <paramref name="median"/>, one in a hundred more than <paramref name="p99"/>.</summary>
    public static Latency LogNormal(TimeSpan median, TimeSpan p99)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(median, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(p99, median);
        return new Logarithmic(median, p99);
    }

    /// <summary>A heavy tail: a Pareto distribution, cut off at <paramref name="most"/>.</summary>
    /// <param name="least">The shortest time.</param>
    /// <param name="most">The longest.</param>
    /// <param name="tail">The exponent: the smaller, the heavier; below 2 the tail rules the mean and its spread.</param>
    public static Latency HeavyTail(TimeSpan least, TimeSpan most, double tail = 1.5)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(least, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(most, least);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tail);
        return new Pareto(least, most, tail);
    }

    /// <summary>Draws a time.</summary>
    internal abstract TimeSpan Draw(Pcg32 chance);

    private static TimeSpan NotNegative(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        return time;
    }

    private sealed class Always(TimeSpan time) : Latency
    {
        internal override TimeSpan Draw(Pcg32 chance) => time;
        public override string ToString() => $"constant {Figures.Of(time)}";
    }

    private sealed class Between(TimeSpan low, TimeSpan high) : Latency
    {
        internal override TimeSpan Draw(Pcg32 chance) => new(chance.Between(low.Ticks, high.Ticks));
        public override string ToString() => $"uniform {Figures.Of(low)} to {Figures.Of(high)}";
    }

    private sealed class Logarithmic(TimeSpan median, TimeSpan p99) : Latency
    {
        // The 99th percentile of the standard normal distribution.
        private const double Normal99 = 2.3263478740408408;

        // Box and Muller's transform; 1 − share is never 0.
        internal override TimeSpan Draw(Pcg32 chance)
        {
            var normal = Math.Sqrt(-2 * Math.Log(1 - chance.Share())) * Math.Cos(2 * Math.PI * chance.Share());
            return new((long)Math.Min(median.Ticks * Math.Exp(normal * Math.Log(p99 / median) / Normal99), TimeSpan.TicksPerDay));
        }

        public override string ToString() => $"log-normal, median {Figures.Of(median)}, p99 {Figures.Of(p99)}";
    }

    private sealed class Pareto(TimeSpan least, TimeSpan most, double tail) : Latency
    {
        internal override TimeSpan Draw(Pcg32 chance)
        {
            var cut = 1 - Math.Pow(least / most, tail);
            return new((long)(least.Ticks * Math.Pow(1 - chance.Share() * cut, -1 / tail)));
        }

        public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"heavy tail {Figures.Of(least)} to {Figures.Of(most)}, exponent {tail}");
    }
}
