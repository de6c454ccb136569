using System.Diagnostics;
using System.Numerics;

namespace Perdure.Runtime;

/// <summary>
/// Where one thread waits for what others give it. What comes within microseconds finds the thread awake: to park a thread and to wake it again takes some 50 µs on a virtual machine, and six
/// commits in a row, each with several threads taking turns, would be made of little else. It stays awake only while that pays, so that a thread that has nothing to do costs nothing.
/// </summary>
internal sealed class Doorbell : IDisposable
{
    private const int PaysFrom = 4;

    // Wakes in a fraction of the time that Monitor.Wait or a ManualResetEventSlim take.
    private readonly AutoResetEvent _bell = new(false);
    private readonly Func<bool> _isThere;
    private readonly long _awake;
    private volatile bool _parked;
    // Of each of the last eight waits, whether it ended as soon as this one would be awake.
    private byte _soon = byte.MaxValue;

    /// <param name="isThere">Whether there is something for the thread. Asked by the thread that waits; what makes it true is visible before <see cref="Ring"/>.</param>
    /// <param name="awake">For how long a wait stays awake at the most, where half of the last ones ended so soon. A machine with one processor does not, as nothing can come meanwhile.</param>
    public Doorbell(Func<bool> isThere, TimeSpan awake)
    {
        _isThere = isThere;
        _awake = Environment.ProcessorCount == 1 ? 0 : (long)(awake.TotalSeconds * Stopwatch.Frequency);
    }

    /// <summary>Tells that there is something. Safe from any thread.</summary>
    public void Ring()
    {
        Interlocked.MemoryBarrier();        // what was given is visible before the thread is seen awake
        if (_parked) _bell.Set();
    }

    /// <summary>Waits until there is something, or for so long (<see cref="Timeout.InfiniteTimeSpan"/>: for ever). May end without either.</summary>
    public void Wait(TimeSpan atMost)
    {
        var began = Stopwatch.GetTimestamp();
        if (BitOperations.PopCount(_soon) >= PaysFrom)
        {
            while (!_isThere() && Stopwatch.GetTimestamp() - began < _awake)
            {
                Thread.SpinWait(20);
                Thread.Yield();     // whoever shall give something may need this processor
            }
        }
        _parked = true;
        Interlocked.MemoryBarrier();
        if (!_isThere()) _bell.WaitOne(atMost);
        _parked = false;
        _soon = (byte)((_soon << 1) | (Stopwatch.GetTimestamp() - began <= _awake ? 1 : 0));
    }

    public void Dispose() => _bell.Dispose();
}
