using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.StoreConformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task One_bad_item_never_fails_its_batch()
    {
        Life[] lives = [.. Enumerable.Range(0, 50).Select(_ => new Life())];
        await Must([.. lives.Select(l => l.Start())]);
        var items = lives.Select((l, i) => i == 20 ? l.Turn(Orders.Charged) : l.Turn(Orders.Locked)).ToList();
        items.Add(lives[20].Turn(tokens: [Life.Token(1, "reserve")]));
        items.Add(lives[21].Turn(tokens: [Life.Token(1, "reserve")]));
        var answers = await Commit([.. items]);
        Assert.IsType<ItemAnswer.Refused>(answers[20]);
        Assert.IsType<ItemAnswer.Skipped>(answers[50]);
        Assert.All(answers.Where((_, i) => i is not (20 or 50)), a => Assert.IsType<ItemAnswer.Committed>(a));
        var culprit = await Loaded(lives[20].Id);
        Assert.Equal((Orders.Received, 1), (culprit.Row.State, culprit.Row.Visit));
        Assert.Empty(culprit.Tail);
        Assert.Empty(culprit.Stack);
    }

    [Fact]
    public async Task Of_an_item_that_is_not_written_nothing_stands_beside_the_records_either_and_the_items_around_it_are_written()
    {
        Life one = new("k"), two = new("k"), bad = new(), other = new();
        await Must(bad.Start(), other.Start());
        var twice = bad.Turn();
        await Must(twice);
        var answers = await Commit(
            one.Start(), twice,
            two.Start(tokens: [Life.Token(1, "lock")], timers: [new(new(TimerKind.Sleep, 1), Life.Day)]),
            other.Turn(tokens: [Life.Token(1, "reserve")], outbox: [new(0, one.Id, "m", 1, "s", Payload.Null)]));
        Assert.Equal(
            [typeof(ItemAnswer.Committed), typeof(ItemAnswer.Duplicate), typeof(ItemAnswer.KeyTaken), typeof(ItemAnswer.Committed)], answers.Select(a => a.GetType()));
        Assert.Null(await Store.Load(two.Id, Now));
        Assert.Empty(await Store.Timers(Lease.Lane, DateTimeOffset.MaxValue, null, 10, Now));
        Assert.Equal("reserve", Assert.Single(await Store.LiveOperations(Now)).Operation);
        var written = await Loaded(other.Id);
        Assert.Equal(2, Assert.Single(written.Tail).Version);
        Assert.Equal(1, Assert.Single(written.Stack).Ordinal);
        Assert.Equal(one.Id, Assert.Single(await Store.Outbox(Lease.Lane, 0, 10, Now)).To);
    }

    [Fact]
    public async Task Batches_are_written_and_answered_in_the_order_of_the_calls()
    {
        var life = new Life();
        await Must(life.Start());
        var order = new List<int>();
        var last = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        for (var i = 0; i < 50; i++)
        {
            var number = i;
            Store.Commit(new(Lease.Lane, Lease.Epoch, 10 + i, [life.Turn()]), answer =>
            {
                Assert.IsType<CommitAnswer.Committed>(answer);
                order.Add(number);
                if (number == 49) last.SetResult();
            });
        }
        await last.Task.WaitAsync(TimeSpan.FromSeconds(30), Now);
        Assert.Equal(Enumerable.Range(0, 50), order);
        var records = await Store.Records(life.Id, 1, 100, Now);
        Assert.Equal(Enumerable.Range(1, 51).Select(v => (long)v), records.Select(r => r.Version));
        Assert.Equal(records.Select(r => r.Position).Order(), records.Select(r => r.Position));
    }

    [Fact]
    public async Task A_receiver_that_fails_does_not_end_the_writer()
    {
        Store.Commit(new(Lease.Lane, Lease.Epoch, 1, []), _ => throw new InvalidOperationException("a receiver's own fault"));
        await Must(new Life().Start());
    }

    [Fact]
    public async Task A_record_that_is_there_already_is_a_duplicate()
    {
        var life = new Life();
        await Must(life.Start());
        var turn = life.Turn();
        await Must(turn);
        Assert.IsType<ItemAnswer.Duplicate>(Assert.Single(await Commit(turn)));
        Assert.Equal(2, (await Store.Records(life.Id, 1, 10, Now)).Count);
    }

    [Fact]
    public async Task Versions_have_no_gap()
    {
        var life = new Life();
        await Must(life.Start());
        Assert.IsType<ItemAnswer.Refused>(Assert.Single(await Commit(life.Copy().Turn(version: 3))));
        Assert.IsType<ItemAnswer.Refused>(Assert.Single(await Commit(new Life().Turn())));
        Assert.Single(await Store.Records(life.Id, 1, 10, Now));
    }

    [Fact]
    public async Task A_token_is_unique_for_ever()
    {
        var life = new Life();
        await Must(life.Start(tokens: [Life.Token(1, "reserve")]));
        Assert.IsType<ItemAnswer.Duplicate>(Assert.Single(await Commit(life.Copy().Turn(tokens: [Life.Token(2, "reserve")]))));
        await Must(life.Turn(tokens: [Life.Token(2, "reserve", generation: 2)]));
        await Must(life.Turn(tokens: [Life.Token(3, "reserve", visit: 2)]));
        var other = new Life();
        await Must(other.Start(tokens: [Life.Token(1, "reserve")]));
    }

    [Fact]
    public async Task No_transition_is_taken_that_the_map_does_not_declare_from_the_present_state()
    {
        var life = new Life();
        await Must(life.Start());
        Assert.IsType<ItemAnswer.Refused>(Assert.Single(await Commit(life.Copy().Turn(Orders.Charged))));
        Assert.IsType<ItemAnswer.Refused>(Assert.Single(await Commit(life.Copy().Turn("Nowhere"))));
        Assert.IsType<ItemAnswer.Refused>(Assert.Single(await Commit(life.Copy().Turn(Orders.Locked, visit: 3))));
        var ahead = life.Copy();
        ahead.Turn(Orders.Locked);
        Assert.IsType<ItemAnswer.Refused>(Assert.Single(await Commit(ahead.Turn(Orders.Charged, version: 2, visit: 2))));
        var stored = await Loaded(life.Id);
        Assert.Equal((Orders.Received, 1), (stored.Row.State, stored.Row.Visit));
        Assert.Empty(stored.Tail);
        await Must(life.Turn(Orders.Locked));
    }

    [Fact]
    public async Task A_transition_moves_the_row_and_is_the_checkpoint()
    {
        var life = new Life();
        await Must(life.Start(), life.Turn(), life.Turn(Orders.Locked), life.Turn(), life.Turn());
        var stored = await Loaded(life.Id);
        Assert.Equal((1L, 3L), (stored.First.Version, stored.Checkpoint.Version));
        Assert.Equal([4L, 5], stored.Tail.Select(r => r.Version));
        Assert.Equal((Orders.Locked, 2, stored.Checkpoint.At), (stored.Row.State, stored.Row.Visit, stored.Row.UpdatedAt));
        await Must(life.Turn(Orders.Locked), life.Turn(Orders.Approval, Status.Waiting), life.Turn(status: Status.Running), life.Turn(Orders.Locked));
        stored = await Loaded(life.Id);
        Assert.Equal((Orders.Locked, 5, 9L, 0), (stored.Row.State, stored.Row.Visit, stored.Checkpoint.Version, stored.Tail.Count));
    }

    [Fact]
    public async Task Several_transitions_in_one_turn_are_taken_in_order()
    {
        var life = new Life();
        await Must(life.Start());
        var turn = life.Copy().Turn();
        var both = new Item
        {
            Instance = turn.Instance, Workflow = turn.Workflow, WorkflowVersion = 1, Version = 2, At = turn.At, Body = turn.Body, Hash = turn.Hash, StateBefore = Orders.Received,
            StateAfter = Orders.Revoked, StatusBefore = Status.Running, StatusAfter = Status.Ended, Transitions = [new(2, Orders.Received, Orders.Locked), new(3, Orders.Locked, Orders.Revoked)],
        };
        await Must(both);
        var row = (await Loaded(life.Id)).Row;
        Assert.Equal((Orders.Revoked, 3, Status.Ended), (row.State, row.Visit, row.Status));
    }

    [Fact]
    public async Task Only_what_runs_or_compensates_is_active()
    {
        Life[] lives = [.. Enumerable.Range(0, 8).Select(_ => new Life())];
        await Must([.. lives.Select((l, i) => l.Start(i % 2 == 0 ? Status.Running : Status.Waiting))]);
        await Must(lives[1].Turn(status: Status.Compensating), lives[2].Turn(status: Status.Waiting), lives[4].Turn(status: Status.Incident), lives[6].Turn(Orders.Done));
        Assert.Equal([lives[0].Id, lives[1].Id], await Store.Active(Lease.Lane, default, 10, Now));
        await Must(lives[2].Turn(status: Status.Running), lives[4].Turn(Orders.Locked));
        Assert.Equal([lives[0].Id, lives[1].Id, lives[2].Id], await Store.Active(Lease.Lane, default, 3, Now));
        Assert.Equal([lives[4].Id], await Store.Active(Lease.Lane, lives[2].Id, 3, Now));
    }
}
