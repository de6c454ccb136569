using System.Diagnostics;

namespace Perdure.Postgres.Tests.Ownership;

[CollectionDefinition(nameof(StarvedPoolTests), DisableParallelization = true)]
public sealed class Alone;

/// <summary>A program that takes all threads of the pool for itself loses no lane by that.</summary>
[Collection(nameof(StarvedPoolTests))]
public sealed class StarvedPoolTests
{
    [Fact]
    public async Task A_starved_thread_pool_costs_no_ownership()
    {
        await using var place = await OwnershipPlace.Make(4);
        place.Lease = TimeSpan.FromSeconds(1);
        await using var a = await place.Join();
        await using var b = await place.Join();
        await place.Even(a, b);
        var epochs = await place.Ask<long>("SELECT sum(epoch)::int8 FROM lane");
        await OwnershipPlace.Eventually(() => a.Sure.Length == 2 && b.Sure.Length == 2, () => "both are sure of theirs");

        using var end = new ManualResetEventSlim();
        var sure = 0;
        // Watched from a thread of its own, since the pool's are all taken.
        var watches = new Thread(() =>
        {
            for (var i = 0; i < 2000; i++) ThreadPool.UnsafeQueueUserWorkItem(_ => end.Wait(), null);
            var since = Stopwatch.GetTimestamp();
            // Three leases: by then those that nobody renewed are others' or given up.
            while (Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(3)) sure = Math.Max(a.Sure.Length + b.Sure.Length, Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(2.5) ? 0 : sure);
            end.Set();
        }) { IsBackground = true };
        watches.Start();
        watches.Join();

        Assert.Equal(4, sure);
        Assert.Equal(epochs, await place.Ask<long>("SELECT sum(epoch)::int8 FROM lane"));
        Assert.Empty(a.Told.Of("lost").Concat(b.Told.Of("lost")));
    }
}
