using System.Diagnostics;

namespace Perdure.Simulation.Time;

/// <summary>Waits for a thread on which user code runs, and gives it up where it stands still: what user code waits for there, nothing brings about.</summary>
internal static class Standstill
{
    /// <summary>How long a thread may stay at one thing, in real time, unless a test is less patient.</summary>
    public static TimeSpan Usual { get; } = TimeSpan.FromSeconds(6);

    /// <summary>False where the thread stood still.</summary>
    /// <param name="thread">It is a background thread: one that is given up does not keep the process.</param>
    /// <param name="at">What it is at, by identity or value; null while it is at nothing that is user code.</param>
    /// <param name="patience">How long it may be at the same.</param>
    public static bool Join(Thread thread, Func<object?> at, TimeSpan patience)
    {
        for (object? before = null; !thread.Join(patience);)
        {
            var now = at();
            if (now is not null && now.Equals(before) && !Debugger.IsAttached) return false;
            before = now;
        }
        return true;
    }
}
