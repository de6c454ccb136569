using System.Runtime.CompilerServices;
using Perdure.Simulation.Time;

namespace Perdure.Simulation.Tests;

/// <summary>What a world costs while it runs, and after it.</summary>
public sealed class AWorldIsCheap
{
    [Fact]
    public void A_world_that_has_run_is_let_go_of_by_the_next_collection()
    {
        var world = Run();
        GC.Collect();
        // Where something that is still to be finalized holds it, as its thread did, it outlives this.
        Assert.False(world.IsAlive);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Run()
    {
        WeakReference? seen = null;
        var report = ATripIsSimulated.Trips.Nodes(3).Invariant("seen", world => seen ??= new(world, trackResurrection: true)).Run(1);
        Assert.True(report.Passed, report.ToString());
        return seen!;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_is_scheduled_happens_by_moment_then_tie_then_order_however_it_was_added(ulong seed)
    {
        var dice = new Chance.Pcg32(seed, 1);
        Upcoming<When> upcoming = new();
        SortedSet<(long, uint, long)> expected = [];
        for (var sequence = 1L; sequence <= 5_000 || expected.Count > 0; sequence++)
        {
            if (sequence <= 5_000 && (expected.Count == 0 || dice.Happens(0.55)))
            {
                When when = new(dice.Below(50), (uint)dice.Below(3), sequence);
                upcoming.Add(when, when);
                expected.Add((when.At, when.Tie, when.Sequence));
                continue;
            }
            var first = upcoming.First;
            Assert.Equal(expected.Min, (first.At, first.Tie, first.Sequence));
            Assert.Equal(first, upcoming.Take());
            expected.Remove(expected.Min);
            Assert.Equal(expected.Count, upcoming.Count);
        }
    }
}
