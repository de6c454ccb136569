namespace Perdure.Simulation.Chance;

/// <summary>
/// PCG-XSH-RR 64/32 (O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number Generation", 2014): the same numbers from the
/// same seed on every machine and under every version of .NET, whose own generator may change.
/// </summary>
internal sealed class Pcg32
{
    private const ulong Multiplier = 6364136223846793005;

    private readonly ulong _increment;
    private ulong _state;

    /// <summary>A generator of its own for each pair of seed and stream.</summary>
    public Pcg32(ulong seed, ulong stream)
    {
        _increment = (stream << 1) | 1;
        Next();
        _state += seed;
        Next();
    }

    /// <summary>32 bits.</summary>
    public uint Next()
    {
        var old = _state;
        _state = unchecked(old * Multiplier + _increment);
        var xorShifted = (uint)(((old >> 18) ^ old) >> 27);
        return uint.RotateRight(xorShifted, (int)(old >> 59));
    }

    /// <summary>64 bits.</summary>
    public ulong NextLong() => ((ulong)Next() << 32) | Next();

    /// <summary>From 0 to below <paramref name="bound"/>, each equally likely.</summary>
    public int Below(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        var threshold = unchecked((uint)-bound) % (uint)bound;
        while (true)
        {
            var drawn = Next();
            if (drawn >= threshold) return (int)(drawn % (uint)bound);
        }
    }

    /// <summary>From <paramref name="low"/> to <paramref name="high"/>, both possible.</summary>
    public long Between(long low, long high)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(high, low);
        var span = (ulong)(high - low);
        return span == ulong.MaxValue ? (long)NextLong() : low + (long)(NextLong() % (span + 1));
    }

    /// <summary>From 0 to below 1, in steps of 2⁻³².</summary>
    public double Share() => Next() / 4294967296.0;

    /// <summary>Whether something of that likelihood happens.</summary>
    public bool Happens(double likelihood) => likelihood > 0 && Share() < likelihood;

    /// <summary>Fills with bytes.</summary>
    public void Fill(Span<byte> bytes)
    {
        for (var i = 0; i < bytes.Length; i++) bytes[i] = (byte)(Next() >> 24);
    }
}
