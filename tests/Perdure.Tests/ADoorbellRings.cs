using Perdure.Runtime;

namespace Perdure.Tests;

/// <summary>Where the threads of lanes and writers wait: nothing that was given is slept through, and who has nothing to do sleeps.</summary>
public sealed class ADoorbellRings
{
    private static readonly TimeSpan Bounded = TimeSpan.FromSeconds(60);

    [Theory(Timeout = 60_000)]
    [InlineData(0), InlineData(20), InlineData(300)]
    public async Task Everything_that_is_given_is_found_whether_the_thread_is_awake_or_parked(int awake)
    {
        // Two threads that wait for each other in turns, with no other way to wake up: one ring that is lost stops both.
        const int Turns = 20_000;
        var (given, taken) = (0, 0);
        using Doorbell forTaker = new(() => Volatile.Read(ref given) > Volatile.Read(ref taken), TimeSpan.FromMicroseconds(awake));
        using Doorbell forGiver = new(() => Volatile.Read(ref given) == Volatile.Read(ref taken), TimeSpan.FromMicroseconds(awake));
        var taker = Task.Factory.StartNew(() =>
        {
            for (var turn = 1; turn <= Turns; turn++)
            {
                while (Volatile.Read(ref given) < turn) forTaker.Wait(Timeout.InfiniteTimeSpan);
                Volatile.Write(ref taken, turn);
                forGiver.Ring();
            }
        }, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var giver = Task.Factory.StartNew(() =>
        {
            for (var turn = 1; turn <= Turns; turn++)
            {
                Volatile.Write(ref given, turn);
                forTaker.Ring();
                while (Volatile.Read(ref taken) < turn) forGiver.Wait(Timeout.InfiniteTimeSpan);
            }
        }, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Task.WhenAll(taker, giver).WaitAsync(Bounded, TestContext.Current.CancellationToken);
        Assert.Equal(Turns, taken);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_wait_for_nothing_ends_when_its_time_is_over()
    {
        using Doorbell bell = new(() => false, TimeSpan.FromMicroseconds(300));
        await Task.Run(() => bell.Wait(TimeSpan.FromMilliseconds(5)), TestContext.Current.CancellationToken).WaitAsync(Bounded, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Who_has_waited_for_nothing_asks_once_and_sleeps_instead_of_staying_awake()
    {
        var asked = 0;
        using Doorbell bell = new(() => { asked++; return false; }, TimeSpan.FromMilliseconds(1));
        for (var wait = 0; wait < 5; wait++) bell.Wait(TimeSpan.FromMilliseconds(5));
        asked = 0;
        bell.Wait(TimeSpan.FromMilliseconds(5));
        Assert.Equal(1, asked);
    }
}
