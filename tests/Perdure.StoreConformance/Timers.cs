using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.StoreConformance;

public abstract partial class StoreConformance
{
    private static readonly DateTimeOffset Far = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static Effect.SetTimer At(TimerKind kind, int ordinal, double seconds) => new(new(kind, ordinal), Life.Day.AddSeconds(seconds));

    [Fact]
    public async Task Timers_come_soonest_first_and_only_when_due()
    {
        var (one, two) = (new Life(), new Life());
        await Must(one.Start(timers: [At(TimerKind.Sleep, 1, 30), At(TimerKind.Deadline, 1, 10)]), two.Start(timers: [At(TimerKind.Retry, 2, 20)]));
        Assert.Equal(Life.Day.AddSeconds(10), await Store.NextTimer(Lease.Lane, Life.Day, Now));
        Assert.Equal(Life.Day.AddSeconds(20), await Store.NextTimer(Lease.Lane, Life.Day.AddSeconds(10), Now));
        Assert.Empty(await Store.Timers(Lease.Lane, Life.Day.AddSeconds(9.999), null, 10, Now));
        var due = await Store.Timers(Lease.Lane, Life.Day.AddSeconds(20), null, 10, Now);
        Assert.Equal([new(one.Id, new(TimerKind.Deadline, 1), Life.Day.AddSeconds(10)), new(two.Id, new(TimerKind.Retry, 2), Life.Day.AddSeconds(20))], due);
        Assert.Equal(new StoredTimer(one.Id, new(TimerKind.Sleep, 1), Life.Day.AddSeconds(30)), Assert.Single(await Store.Timers(Lease.Lane, Far, due[1], 10, Now)));
        Assert.Null(await Store.NextTimer(Lease.Lane, Life.Day.AddSeconds(30), Now));
    }

    [Fact]
    public async Task A_timer_moves_and_is_forgotten()
    {
        var life = new Life();
        await Must(life.Start(timers: [At(TimerKind.Sleep, 1, 10), At(TimerKind.Sleep, 2, 10)]));
        await Must(life.Turn(timers: [At(TimerKind.Sleep, 1, 99)], cleared: [new(TimerKind.Sleep, 2), new(TimerKind.Signal, 7)]));
        var timer = Assert.Single(await Store.Timers(Lease.Lane, Far, null, 10, Now));
        Assert.Equal((new TimerId(TimerKind.Sleep, 1), Life.Day.AddSeconds(99)), (timer.Timer, timer.Due));
    }

    [Fact]
    public async Task A_timer_never_comes_early_by_a_part_of_a_millisecond()
    {
        var life = new Life();
        await Must(life.Start(timers: [new(new(TimerKind.Sleep, 1), Life.Day.AddTicks(1))]));
        Assert.Empty(await Store.Timers(Lease.Lane, Life.Day, null, 10, Now));
        Assert.Single(await Store.Timers(Lease.Lane, Life.Day.AddMilliseconds(1), null, 10, Now));
    }

    [Fact]
    public async Task Very_many_timers_are_paged_without_repetition_or_loss()
    {
        const int count = 100_000, batch = 5_000, page = 7_000;
        for (var i = 0; i < count / batch; i++)
            await Must([.. Enumerable.Range(0, batch).Select(n => new Life().Start(Status.Waiting, timers: [At(TimerKind.Sleep, 1, n % 100)]))]);
        var seen = new HashSet<InstanceId>();
        StoredTimer? after = null;
        while (await Store.Timers(Lease.Lane, Far, after, page, Now) is { Count: > 0 } timers)
        {
            foreach (var timer in timers)
            {
                Assert.True(after is null || timer.Due >= after.Due);
                Assert.True(seen.Add(timer.Instance));
                after = timer;
            }
        }
        Assert.Equal(count, seen.Count);
        Assert.Empty(await Store.Active(Lease.Lane, default, 10, Now));
    }
}
