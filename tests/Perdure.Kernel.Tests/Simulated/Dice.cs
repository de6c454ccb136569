namespace Perdure.Kernel.Tests;

/// <summary>Choices drawn from one number, so that a case is a short list of numbers that shrinks.</summary>
internal sealed class Dice(uint seed)
{
    private ulong _state = (seed * 0x9E3779B97F4A7C15UL) + 0xD1B54A32D192ED03UL;

    public int Below(int count)
    {
        _state ^= _state >> 33;
        _state *= 0xFF51AFD7ED558CCDUL;
        _state ^= _state >> 29;
        return (int)((_state >> 8) % (ulong)count);
    }

    public bool OneIn(int count) => Below(count) == 0;

    public T Of<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    public double Share() => Below(1001) / 1000.0;
}
