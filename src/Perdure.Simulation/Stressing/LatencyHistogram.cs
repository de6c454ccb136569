using System.Numerics;

namespace Perdure.Simulation.Stressing;

/// <summary>
/// Counts of latencies in bounded memory: 128 equal buckets for each power of two of ticks, so that a value is known to 1 part in 128 (0.8 %) and the least 256 ticks exactly; the same idea as
/// HdrHistogram, whose .NET package has stood still since 2017 and brings the whole of NETStandard.Library into a test project. The largest value is kept as it is. Not safe from several threads.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int Bits = 7, Half = 1 << Bits;

    private readonly long[] _counts = new long[(64 - Bits) * Half];
    private long _largest;

    /// <summary>How far a percentile may be above the true value, as a share of it.</summary>
    public const double RelativeError = 1.0 / Half;

    public long Count { get; private set; }

    public TimeSpan Max => new(_largest);

    public void Record(TimeSpan latency)
    {
        var ticks = Math.Max(0, latency.Ticks);
        _counts[IndexOf(ticks)]++;
        Count++;
        _largest = Math.Max(_largest, ticks);
    }

    /// <summary>The value that so many per cent of all are not above: never less than the true one, and at most <see cref="RelativeError"/> more.</summary>
    public TimeSpan Percentile(double percent)
    {
        if (Count == 0) return TimeSpan.Zero;
        // A hair less, so that 99.9 % of 1,000 is the 999th although the product is a little more in binary.
        var rank = Math.Max(1, (long)Math.Ceiling(percent / 100 * Count - 1e-7));
        for (var (index, seen) = (0, 0L); index < _counts.Length; index++)
        {
            seen += _counts[index];
            if (seen >= rank) return new(Math.Min(HighestOf(index), _largest));
        }
        return Max;
    }

    private static int IndexOf(long ticks)
    {
        var shift = Math.Max(0, 63 - BitOperations.LeadingZeroCount((ulong)ticks) - Bits);
        return shift * Half + (int)(ticks >> shift);
    }

    private static long HighestOf(int index)
    {
        var shift = Math.Max(0, index / Half - 1);
        return ((index - shift * Half + 1L) << shift) - 1;
    }
}
