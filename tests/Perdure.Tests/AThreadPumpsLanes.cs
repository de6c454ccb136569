using Perdure.Ports;
using Perdure.Runtime;

namespace Perdure.Tests;

/// <summary>One thread pumps several lanes, which come and go while it does.</summary>
public sealed class AThreadPumpsLanes
{
    private const int Lanes = 8, Rounds = 20_000;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Lanes_that_leave_at_the_same_moment_all_come_to_their_end()
    {
        var thread = new LaneThread();
        using var all = new Barrier(Lanes);
        // One stays, so that the thread does.
        var stays = thread.Add("perdure-lane-stays", new Nothing());
        // Each round they leave together, on threads of their own, and come again.
        await Task.WhenAll(Enumerable.Range(0, Lanes).Select(lane => Task.Factory.StartNew(() =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                var loop = thread.Add($"perdure-lane-{lane}", new Nothing());
                all.SignalAndWait(Soon, TestContext.Current.CancellationToken);
                Assert.True(loop.Stop().Wait(Soon), $"Lane {lane} did not come to its end in round {round}.");
            }
        }, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default))).WaitAsync(Soon, TestContext.Current.CancellationToken);
        await stays.Stop().WaitAsync(Soon, TestContext.Current.CancellationToken);
        Assert.Equal(0, thread.Lanes);
    }

    private sealed class Nothing : ILanePump
    {
        public TimeSpan Pump() => TimeSpan.FromSeconds(1);
        public bool HasWork => false;
    }
}
