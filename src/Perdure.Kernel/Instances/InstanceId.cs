namespace Perdure.Kernel;

/// <summary>
/// The identity of an instance: 41 bits of milliseconds since 2024, 12 bits of counter, 10 bits of slot.
/// Ids of one slot grow with time, so that rows of instances that live together lie together; the slot is written
/// into the id once and never recomputed.
/// </summary>
/// <param name="Value">The 63-bit number that stores keep.</param>
public readonly record struct InstanceId(long Value) : IComparable<InstanceId>, ISpanFormattable
{
    /// <summary>The fixed number of slots that all instances are spread over.</summary>
    public const int Slots = 1024;

    private const int SlotBits = 10, CounterBits = 12;
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private static readonly long EpochMs = new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    /// <summary>How many ids one slot can give in one millisecond.</summary>
    public const int PerMillisecond = 1 << CounterBits;

    /// <summary>The slot that the instance belongs to, 0 to 1023.</summary>
    public int Slot => (int)(Value & (Slots - 1));

    /// <summary>The moment in the id, whole milliseconds: when the instance was made, by the clock of whoever made it.</summary>
    public DateTimeOffset At => DateTimeOffset.FromUnixTimeMilliseconds(EpochMs + (Value >> (CounterBits + SlotBits)));

    /// <summary>Composes an id. <paramref name="counter"/> must be below <see cref="PerMillisecond"/>, <paramref name="slot"/> below <see cref="Slots"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A part does not fit.</exception>
    public static InstanceId Create(DateTimeOffset at, int counter, int slot)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)counter, (uint)PerMillisecond, nameof(counter));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)slot, (uint)Slots, nameof(slot));
        var ms = at.ToUnixTimeMilliseconds() - EpochMs;
        ArgumentOutOfRangeException.ThrowIfNegative(ms, nameof(at));
        return new((ms << (CounterBits + SlotBits)) | ((long)counter << SlotBits) | (long)slot);
    }

    /// <summary>13 characters of Crockford base 32, lower case; sorts as the number does.</summary>
    public override string ToString() => string.Create(Length, Value, static (span, value) => Write(span, value));

    private const int Length = 13;

    private static void Write(Span<char> span, long value)
    {
        for (var i = Length - 1; i >= 0; i--, value >>= 5) span[i] = Alphabet[(int)(value & 31)];
    }

    string IFormattable.ToString(string? format, IFormatProvider? provider) => ToString();

    // So that it becomes part of a text without a text of its own.
    bool ISpanFormattable.TryFormat(Span<char> destination, out int written, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        written = destination.Length < Length ? 0 : Length;
        if (written > 0) Write(destination, Value);
        return written > 0;
    }

    /// <summary>Reads what <see cref="ToString"/> wrote; upper case is accepted.</summary>
    public static bool TryParse(string? text, out InstanceId id)
    {
        id = default;
        if (text is not { Length: Length }) return false;
        long value = 0;
        foreach (var c in text)
        {
            var digit = Alphabet.IndexOf(char.ToLowerInvariant(c), StringComparison.Ordinal);
            if (digit < 0 || value >> 58 != 0) return false;
            value = (value << 5) | (long)digit;
        }
        id = new(value);
        return value > 0;
    }

    /// <inheritdoc />
    public int CompareTo(InstanceId other) => Value.CompareTo(other.Value);
}
