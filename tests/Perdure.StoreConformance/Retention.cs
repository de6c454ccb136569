using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.StoreConformance;

public abstract partial class StoreConformance
{
    private static readonly DateTimeOffset Later = Life.Day.AddDays(1);

    private async Task<Life> Ended(string? businessKey = null)
    {
        var life = new Life(businessKey: businessKey);
        await Must(life.Start(tokens: [Life.Token(1, "reserve", onStack: false)], timers: [new(new(TimerKind.Deadline, 1), Later)]), life.Turn(messages: ["m-1"]));
        await Must(life.Turn(Orders.Done, cleared: [new(TimerKind.Deadline, 1)]));
        return life;
    }

    private Task<Removal> Remove(DateTimeOffset? endedBefore = null, InstanceId after = default, int limit = 100) => Store.Retention!.Remove(endedBefore ?? Later, after, limit, Now);

    [Fact]
    public async Task A_removed_instance_is_gone_with_all_that_belongs_to_it_and_is_remembered()
    {
        var (life, other) = (await Ended("order-1"), await Ended());
        var removal = await Remove(life.At.AddMilliseconds(1), limit: 1);
        Assert.Equal((1, life.Id, life.At), (removal.Removed, removal.Reached!.Value, removal.OldestEnd!.Value));
        Assert.Null(await Store.Load(life.Id, Now));
        Assert.Null(await Store.Views.Find(life.Id, Now));
        Assert.Empty(await Store.Records(life.Id, 1, 10, Now));
        Assert.Null(await Store.Views.FindByBusinessKey("default", Orders.Workflow, "order-1", Now));
        Assert.DoesNotContain(life.Id, (await Store.Views.List(new(), null, 100, Now)).Select(r => r.Id));
        Assert.DoesNotContain(life.Id, (await Log.Feed(0, 100, Now)).Select(r => r.Record.Instance));
        Assert.Equal((true, false, false), (await Store.Views.WasRemoved(life.Id, Now), await Store.Views.WasRemoved(other.Id, Now), await Store.Views.WasRemoved(new Life().Id, Now)));
        Assert.True((await Store.Views.Verify(other.Id, (3, other.Head), Now)).Intact);
    }

    [Fact]
    public async Task What_has_not_ended_or_ended_too_late_is_kept_and_passed_over()
    {
        var (running, early, late) = (new Life(), await Ended(), new Life());
        await Must(running.Start(), late.Start());
        while (late.At <= early.At) await Must(late.Turn());
        await Must(late.Turn(Orders.Done));
        Assert.Equal((1, late.Id), await Remove(late.At) is var first ? (first.Removed, first.Reached!.Value) : default);
        Assert.Equal((0, null), await Remove(late.At, late.Id) is var end ? (end.Removed, end.Reached) : default);
        Assert.NotNull(await Store.Load(running.Id, Now));
        Assert.NotNull(await Store.Load(late.Id, Now));
        await Must(running.Turn(Orders.Locked));
    }

    [Fact]
    public async Task Removal_goes_on_piece_by_piece_from_where_it_came_to()
    {
        for (var i = 0; i < 7; i++) await Ended();
        var (removed, reached, pieces) = (0, default(InstanceId), 0);
        while (await Remove(after: reached, limit: 3) is { Reached: { } next } piece) (removed, reached, pieces) = (removed + piece.Removed, next, pieces + 1);
        Assert.Equal((7, 3), (removed, pieces));
        Assert.Empty(await Store.Views.List(new(), null, 100, Now));
    }

    [Fact]
    public async Task Where_the_newest_record_was_removed_a_bad_item_takes_no_position_from_the_good_one_behind_it()
    {
        var bad = new Life();
        await Must(bad.Start(tokens: [Life.Token(1, "reserve")]));
        await Ended();
        Assert.Equal(1, (await Remove()).Removed);
        // A turn whose record is next and whose token is taken: its record is written and taken back.
        var answers = await Commit(bad.Turn(tokens: [Life.Token(1, "reserve")]), new Life().Start());
        Assert.Equal([typeof(ItemAnswer.Duplicate), typeof(ItemAnswer.Committed)], answers.Select(a => a.GetType()));
    }

    [Fact]
    public async Task The_same_start_again_is_told_of_its_removed_instance_as_long_as_the_key_is_kept()
    {
        var life = await Ended("order-1");
        await Remove();
        var taken = Assert.IsType<ItemAnswer.KeyTaken>(Assert.Single(await Commit(new Life(life.RequestKey).Start())));
        Assert.Equal((life.Id, 1, Life.Day.AddMilliseconds(10)), (taken.Key.Instance, taken.Key.WorkflowVersion, taken.Key.CreatedAt));
        Assert.Equal(Life.PayloadHash, taken.Key.PayloadHash.ToArray());
        Assert.Equal(life.Id, (await Store.FindKey("default", Orders.Workflow, life.RequestKey, Now))!.Instance);
        Assert.Equal(life.Id, Assert.IsType<ItemAnswer.BusinessKeyTaken>(Assert.Single(await Commit(new Life(businessKey: "order-1").Start()))).Instance);

        Assert.Equal(0, await Store.Retention!.RemoveKeys(life.Id.At, 10, Now));
        Assert.Equal(1, await Store.Retention!.RemoveKeys(life.Id.At.AddMilliseconds(1), 10, Now));
        Assert.Null(await Store.FindKey("default", Orders.Workflow, life.RequestKey, Now));
        Assert.False(await Store.Views.WasRemoved(life.Id, Now));
        await Must(new Life(life.RequestKey, "order-1").Start());
    }

    [Fact]
    public async Task The_key_of_an_instance_is_kept_as_long_as_the_instance_however_old()
    {
        var (life, gone) = (await Ended(), await Ended());
        await Remove(after: life.Id);
        Assert.Equal(1, await Store.Retention!.RemoveKeys(Later, 10, Now));
        Assert.IsType<ItemAnswer.KeyTaken>(Assert.Single(await Commit(new Life(life.RequestKey).Start())));
        await Must(new Life(gone.RequestKey).Start());
    }

    [Fact]
    public async Task A_child_is_kept_until_its_parent_has_ended()
    {
        var (parent, child) = (new Life(), new Life());
        await Must(parent.Start(), child.Start(parent: new(parent.Id, 1)), child.Turn(Orders.Done));
        Assert.Equal(0, (await Remove()).Removed);
        await Must(parent.Turn(Orders.Done));
        Assert.Equal(2, (await Remove()).Removed);
    }

    [Fact]
    public async Task An_instance_with_a_page_that_nobody_has_acknowledged_is_kept()
    {
        var life = new Life();
        await Must(life.Start(), life.Turn(Orders.Done, pages: [new("page-1", Severity.High, "deadline", "Late")]));
        Assert.Equal(0, (await Remove()).Removed);
        await Store.PageTried("page-1", true, null, Later, Now);
        Assert.Equal(1, (await Remove()).Removed);
        Assert.Empty(await Store.Views.Pages(null, 10, Now));
    }

    [Fact]
    public async Task An_instance_that_a_message_is_under_way_to_is_kept()
    {
        var (receiver, sender) = (new Life(), new Life());
        await Must(receiver.Start(), receiver.Turn(Orders.Done), sender.Start(), sender.Turn(outbox: [new(0, receiver.Id, "ended-1", 1, Orders.Done, new("t", "s", "{}"u8.ToArray()))]));
        Assert.Equal(0, (await Remove()).Removed);
        await Must(receiver.Turn(messages: ["ended-1"], outboxDone: "ended-1"));
        Assert.Equal(1, (await Remove()).Removed);
    }

    [Fact]
    public async Task A_turn_of_a_removed_instance_is_not_written()
    {
        var life = await Ended();
        await Remove();
        Assert.IsType<ItemAnswer.Refused>(Assert.Single(await Commit(life.Turn())));
        Assert.Null(await Store.Load(life.Id, Now));
    }

    [Fact]
    public async Task The_feed_says_up_to_where_records_were_removed_and_positions_go_on()
    {
        var life = await Ended();
        Assert.Equal(0, await Log.FeedBegin(Now));
        var end = await Log.FeedEnd(Now);
        await Remove();
        Assert.Equal((end, end), (await Log.FeedBegin(Now), await Log.FeedEnd(Now)));
        await Restart();
        Assert.True(Owned.Newest.CompareTo(life.Id) >= 0);
        Assert.Equal(end, await Log.FeedEnd(Now));
        var next = new Life();
        var position = Assert.IsType<ItemAnswer.Committed>(Assert.Single(await Commit(next.Start()))).Position;
        Assert.True(position > end);
        Assert.Equal([next.Id], (await Log.Feed(end, 10, Now)).Select(r => r.Record.Instance));
    }

    [Fact]
    public async Task Removed_instances_are_counted_no_more()
    {
        await Ended();
        await Ended();
        await Remove(limit: 1);
        Assert.Equal(1, Assert.Single(await Store.Views.Tallies(Now), t => t.Status == Status.Ended).Count);
        await Remove();
        Assert.DoesNotContain(await Store.Views.Tallies(Now), t => t.Status == Status.Ended);
    }

    [Fact]
    public async Task Removal_beside_writers_loses_nothing_of_theirs()
    {
        for (var i = 0; i < 20; i++) await Ended();
        Life[] lives = [.. Enumerable.Range(0, 20).Select(_ => new Life())];
        await Must([.. lives.Select(l => l.Start())]);
        Task<Removal>[] removals = [.. Enumerable.Range(0, 4).Select(_ => Remove(limit: 20))];
        for (var i = 0; i < 10; i++) await Must([.. lives.Select(l => l.Turn())]);
        Assert.Equal(20, (await Task.WhenAll(removals)).Sum(r => r.Removed));
        foreach (var life in lives) Assert.True((await Store.Views.Verify(life.Id, (11, life.Head), Now)).Intact);
    }
}
