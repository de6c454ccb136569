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
    /// <summary>How it ends where a seed does not.</summary>
    public const string Endless = "does not come to an end.";

    private static readonly TimeSpan SeedWithin = TimeSpan.FromMinutes(2);

    private readonly MethodInfo _run;

    private readonly bool _shares, _transacts, _invariants;

    /// <param name="bug">What is planted; null for the engine as it is.</param>
    /// <param name="shares">Whether nodes share lanes; as the bug says unless given.</param>
    /// <param name="transacts">Whether operations run inside of transactions; as the bug says unless given.</param>
    public Hunt(Bug? bug, bool shares = false, bool transacts = false)
    {
        _transacts = transacts || bug is { Transacts: true };
        _invariants = bug is not { BuiltInOnly: true };
        _shares = shares || bug is { Shares: true };
        _run = Planted.Compile(bug).GetType("Perdure.PlantedBugs.Scenario.Entry")!.GetMethod("Run")!;
    }

    /// <summary>Runs seeds until one fails. One that never ends is a failure too: it is left behind on its thread.</summary>
    public Found Seeds(ulong first, int seeds, TimeSpan within)
    {
        Found? found = null;
        Exception? broken = null;
        var (reached, over) = (0, false);
        var thread = new Thread(() =>
        {
            try
            {
                var (ran, oracle, seen) = ((int, string?, string))_run.Invoke(null, [first, seeds, _shares, _transacts, _invariants, (Action<int>)(n => { Volatile.Write(ref reached, n); if (Volatile.Read(ref over)) throw new OperationCanceledException(); })])!;
                found = new(ran, oracle, seen);
            }
            catch (TargetInvocationException e)
            {
                broken = e.InnerException;
            }
        })
        { IsBackground = true };
        thread.Start();
        // A seed that does not get on is the bug's doing; that the time is over between seeds is not.
        var since = TimeProvider.System.GetTimestamp();
        for (var at = -1; !thread.Join(SeedWithin); at = Volatile.Read(ref reached))
        {
            if (at == Volatile.Read(ref reached)) return new(at + 1, "bound", $"Seed {first + (ulong)at} {Endless}");
            if (TimeProvider.System.GetElapsedTime(since) >= within) Volatile.Write(ref over, true);
        }
        if (over && found is null) return new(Volatile.Read(ref reached), null, "The time is over.");
        return found ?? new(Volatile.Read(ref reached) + 1, "crash", broken!.ToString());
    }
}
