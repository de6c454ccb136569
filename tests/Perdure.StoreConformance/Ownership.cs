using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.StoreConformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task Each_opening_has_a_higher_epoch()
    {
        var first = Lease.Epoch;
        await Restart();
        Assert.True(Lease.Epoch > first);
        var second = Lease.Epoch;
        await Restart(clean: false);
        Assert.True(Lease.Epoch > second);
    }

    [Fact]
    public async Task An_owner_that_did_not_close_is_told_to_the_next()
    {
        Assert.False(Owned.Unclean);
        await Restart(clean: false);
        Assert.True(Owned.Unclean);
        await Restart();
        Assert.False(Owned.Unclean);
    }

    [Fact]
    public async Task The_newest_id_is_told_to_the_next_owner()
    {
        Assert.Equal(default, Owned.Newest);
        var (one, two) = (new Life(), new Life());
        await Must(two.Start(), one.Start());
        await Restart();
        Assert.Equal(two.Id, Owned.Newest);
    }

    [Fact]
    public async Task A_late_owner_writes_nothing()
    {
        var late = Lease.Epoch;
        await Restart();
        var life = new Life();
        var answer = Assert.IsType<CommitAnswer.Fenced>(await Send(late, [life.Start()]));
        Assert.Equal(Lease.Epoch, answer.Epoch);
        Assert.Null(await Store.Load(life.Id, Now));
        Assert.Equal(0, await Log.FeedEnd(Now));
    }

    [Fact]
    public async Task What_was_committed_is_there_after_an_unclean_death()
    {
        var life = new Life();
        await Must(life.Start(), life.Turn(tokens: [Life.Token(1, "reserve")]), life.Turn(Orders.Locked));
        await Restart(clean: false);
        var stored = await Loaded(life.Id);
        Assert.Equal((Orders.Locked, 2, 3L), (stored.Row.State, stored.Row.Visit, stored.Checkpoint.Version));
    }

    [Fact]
    public async Task A_store_can_be_given_up_from_within_an_answer()
    {
        var answered = new TaskCompletionSource<CommitAnswer>();
        var life = new Life();
        var given = Task.Run(async () =>
        {
            Assert.IsType<CommitAnswer.Committed>(await answered.Task);
            await Store.DisposeAsync();
        }, Now);
        Store.Commit(new(Lease.Lane, Lease.Epoch, 1, [life.Start()]), answered.SetResult);
        await given.WaitAsync(TimeSpan.FromSeconds(30), Now);
        await Open();
        await Loaded(life.Id);
    }

    [Fact]
    public async Task A_map_is_registered_any_number_of_times()
    {
        await Store.Register(Orders.Map(), Now);
        await Restart();
        await Store.Register(Orders.Map(within: TimeSpan.FromMinutes(5)), Now);
        await Store.Register(Orders.Map(version: 2, shortcut: true), Now);
    }

    [Fact]
    public async Task A_changed_map_under_a_stored_number_is_refused_with_the_difference()
    {
        var changed = await Assert.ThrowsAsync<MapChangedException>(() => Store.Register(Orders.Map(shortcut: true), Now));
        Assert.Contains($"{Orders.Locked} -> {Orders.Done}", changed.Difference, StringComparison.Ordinal);
        changed = await Assert.ThrowsAsync<MapChangedException>(() => Store.Register(Orders.Map(chargedSchema: "charged/2"), Now));
        Assert.Contains("charged/2", changed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Versions_run_side_by_side_each_with_its_own_edges()
    {
        await Store.Register(Orders.Map(version: 2, shortcut: true), Now);
        var (one, two) = (new Life(), new Life(workflowVersion: 2));
        await Must(one.Start(), two.Start(), one.Turn(Orders.Locked), two.Turn(Orders.Locked));
        var answers = await Commit(one.Turn(Orders.Done), two.Turn(Orders.Done));
        Assert.IsType<ItemAnswer.Refused>(answers[0]);
        Assert.IsType<ItemAnswer.Committed>(answers[1]);
    }
}
