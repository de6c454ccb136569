using Perdure.Owning;
using Perdure.Postgres.Owning;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>Until when a node may be sure of its lanes, and from when on others take it for dead: the first always ends before the second begins.</summary>
public sealed class WatchTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(8), Tick = TimeSpan.FromMilliseconds(250);
    private static readonly KeeperTimes Times = new(Lease, Tick);

    private static NodeRow Node(long leaseUntil, bool locked = true) => new(1, 0, leaseUntil, Lease, Times.Grace, false, locked);

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    [Fact]
    public void A_node_is_dead_when_its_lease_was_seen_unchanged_for_that_long()
    {
        var watch = new Watch();
        watch.See([Node(5)], At(1));
        watch.See([Node(6)], At(2));
        Assert.Null(watch.DeathOf(Node(6), At(9.99)));
        Assert.Equal(Death.Lease, watch.DeathOf(Node(6), At(10)));
    }

    [Fact]
    public void A_lease_that_changes_is_alive_whatever_the_clock_says_that_wrote_it()
    {
        var watch = new Watch();
        foreach (var (until, at) in new[] { (1_000_000L, 0), (5, 7), (2_000_000, 14), (6, 21) })
        {
            watch.See([Node(until)], At(at));
            Assert.Null(watch.DeathOf(Node(until), At(at + 7.9)));
        }
    }

    [Fact]
    public void A_lock_that_is_free_is_a_death_only_when_it_stays_free_for_the_grace_without_a_renewal()
    {
        var watch = new Watch();
        watch.See([Node(5, locked: false)], At(1));
        Assert.Null(watch.DeathOf(Node(5, locked: false), At(1.49)));
        Assert.Equal(Death.Lock, watch.DeathOf(Node(5, locked: false), At(1.5)));

        watch.See([Node(6, locked: false)], At(1.5));
        Assert.Null(watch.DeathOf(Node(6, locked: false), At(1.99)));
        watch.See([Node(6)], At(1.9));
        watch.See([Node(6, locked: false)], At(2));
        Assert.Null(watch.DeathOf(Node(6, locked: false), At(2.49)));
    }

    [Fact]
    public void After_an_outage_everybody_has_time_to_come_back()
    {
        var watch = new Watch();
        watch.See([Node(5)], At(1));
        watch.Restart(At(20));
        watch.See([Node(5, locked: false)], At(18));
        Assert.Null(watch.DeathOf(Node(5, locked: false), At(19.9)));
        watch.See([Node(5, locked: false)], At(20));
        Assert.Equal(Death.Lock, watch.DeathOf(Node(5, locked: false), At(20.5)));
    }

    [Fact]
    public void What_a_node_allows_itself_is_shorter_than_what_others_wait_by_more_than_clocks_differ_in_rate()
    {
        const double rate = 1.06;
        Assert.True(Times.Proof * rate < Times.Grace / rate);
        Assert.True(Times.Deadline * rate < Lease / rate);
        Assert.True(Times.Proof > Tick, "a node that renews at every tick is sure all the time");
    }

    [Fact]
    public void A_node_is_sure_from_the_sending_of_a_renewal_not_from_its_answer_and_not_after_its_machine_has_slept()
    {
        var time = new ManualTime();
        var proof = new Proof(time, Times);
        Assert.False(proof.Holds);
        var (sent, wall) = (proof.Now, time.GetUtcNow());
        time.Pass(TimeSpan.FromMilliseconds(300));
        proof.Renewed(sent, wall);
        Assert.True(proof.Holds);
        time.Pass(Times.Proof - TimeSpan.FromMilliseconds(300));
        Assert.False(proof.Holds);

        proof.Renewed(proof.Now, time.GetUtcNow());
        Assert.True(proof.Holds);
        // The monotonic clock stands while a machine sleeps; the one on the wall does not.
        time.Wall = TimeSpan.FromMinutes(1);
        Assert.False(proof.Holds);

        proof.Renewed(proof.Now, time.GetUtcNow());
        proof.Broken();
        Assert.False(proof.Holds);
    }
}
