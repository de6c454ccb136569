using System.Reflection;

namespace Perdure.PlantedBugs.Tests;

/// <summary>What a run over some seeds found.</summary>
/// <param name="Seeds">How many seeds were run, the failing one included.</param>
/// <param name="Oracle">Which oracle failed; null where none did.</param>
/// <param name="Seen">What it saw.</param>
internal sealed record Found(int Seeds, string? Oracle, string Seen);

/// <summary>Runs the scenario of a compiled engine.</summary>
internal sealed class Hunt
{
    private static readonly TimeSpan SeedWithin = TimeSpan.FromSeconds(12);

    private readonly MethodInfo _run;

    public Hunt(Bug? bug) => _run = Planted.Compile(bug).GetType("Perdure.PlantedBugs.Scenario.Entry")!.GetMethod("Run")!;

    /// <summary>Runs seeds until one fails. One that never ends is a failure too: it is left behind on its thread.</summary>
    public Found Seeds(ulong first, int seeds, TimeSpan within)
    {
        Found? found = null;
        Exception? broken = null;
        var reached = 0;
        var thread = new Thread(() =>
        {
            try
            {
                var (ran, oracle, seen) = ((int, string?, string))_run.Invoke(null, [first, seeds, (Action<int>)(n => Volatile.Write(ref reached, n))])!;
                found = new(ran, oracle, seen);
            }
            catch (TargetInvocationException e)
            {
                broken = e.InnerException;
            }
        })
        { IsBackground = true };
        thread.Start();
        for (var (at, left) = (-1, within); thread.IsAlive && left > TimeSpan.Zero && at != Volatile.Read(ref reached); left -= SeedWithin)
        {
            at = Volatile.Read(ref reached);
            thread.Join(SeedWithin < left ? SeedWithin : left);
        }
        if (thread.IsAlive) return new(Volatile.Read(ref reached) + 1, "bound", $"Seed {first + (ulong)Volatile.Read(ref reached)} does not come to an end.");
        return found ?? new(Volatile.Read(ref reached) + 1, "crash", broken!.ToString());
    }
}
