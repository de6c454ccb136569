using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.StoreConformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task A_message_is_taken_in_once()
    {
        var (life, other) = (new Life(), new Life());
        await Must(life.Start(), other.Start());
        await Must(life.Turn(messages: ["m-1"]), other.Turn(messages: ["m-1"]));
        Assert.IsType<ItemAnswer.Duplicate>(Assert.Single(await Commit(life.Copy().Turn(messages: ["m-2", "m-1"], tokens: [Life.Token(1, "reserve")]))));
        Assert.Equal(["m-1"], (await Loaded(life.Id)).Messages);
        Assert.Empty((await Loaded(life.Id)).Stack);
        await Must(life.Turn(messages: ["m-2"]));
        Assert.Equal(["m-1", "m-2"], (await Loaded(life.Id)).Messages.Order());
    }

    [Fact]
    public async Task A_message_between_instances_stays_until_it_has_arrived()
    {
        var parent = new Life();
        var (one, two) = (new Life(), new Life());
        await Must(parent.Start(), one.Start(parent: new(parent.Id, 1)), two.Start(parent: new(parent.Id, 2)));
        var result = new Payload("done", "done/1", "{\"ok\":true}"u8.ToArray(), "json");
        await Must(one.Turn(Orders.Done, outbox: [new(0, parent.Id, "end:1", 1, Orders.Done, result)]), two.Turn(Orders.Done, outbox: [new(0, parent.Id, "end:2", 2, Orders.Done, result)]));
        await Restart(clean: false);

        var owed = await Store.Outbox(Lease.Lane, 0, 10, Now);
        Assert.Equal([(parent.Id, "end:1", 1, Orders.Done), (parent.Id, "end:2", 2, Orders.Done)], owed.Select(m => (m.To, m.MessageId, m.Ordinal, m.State)));
        Assert.All(owed, m => Assert.Equal(result, m.Result));
        Assert.True(owed[0].Position < owed[1].Position);
        Assert.Equal("end:2", Assert.Single(await Store.Outbox(Lease.Lane, owed[0].Position, 10, Now)).MessageId);

        await Must(parent.Turn(messages: ["end:1"], outboxDone: "end:1"));
        Assert.Equal("end:2", Assert.Single(await Store.Outbox(Lease.Lane, 0, 10, Now)).MessageId);
        await Must(parent.Turn(messages: ["end:2"], outboxDone: "end:2"));
        Assert.Empty(await Store.Outbox(Lease.Lane, 0, 10, Now));
    }

    [Fact]
    public async Task The_place_of_a_message_is_never_given_again()
    {
        var (parent, one, two) = (new Life(), new Life(), new Life());
        await Must(parent.Start(), one.Start(), two.Start(), one.Turn(Orders.Done, outbox: [new(0, parent.Id, "end:1", 1, Orders.Done, Payload.Null)]));
        var first = Assert.Single(await Store.Outbox(Lease.Lane, 0, 10, Now));
        await Must(parent.Turn(messages: ["end:1"], outboxDone: "end:1"), two.Turn(Orders.Done, outbox: [new(0, parent.Id, "end:2", 2, Orders.Done, Payload.Null)]));
        Assert.Single(await Store.Outbox(Lease.Lane, first.Position, 10, Now));
    }

    [Fact]
    public async Task A_message_that_was_taken_in_before_leaves_the_outbox_all_the_same()
    {
        var (parent, child) = (new Life(), new Life());
        await Must(parent.Start(), child.Start(), parent.Turn(messages: ["end:1"]), child.Turn(Orders.Done, outbox: [new(0, parent.Id, "end:1", 1, Orders.Done, Payload.Null)]));
        Assert.IsType<ItemAnswer.Duplicate>(Assert.Single(await Commit(parent.Copy().Turn(messages: ["end:1"], outboxDone: "end:1"))));
        Assert.Empty(await Store.Outbox(Lease.Lane, 0, 10, Now));
    }

    [Fact]
    public async Task What_a_parent_asks_for_stays_until_the_child_that_it_is_about_is_written()
    {
        var (parent, child) = (new Life(), new Life());
        OutboxMessage letter = new(0, parent.Id, "start:1", 1, "w", Payload.Null) { IsLetter = true }, other = letter with { MessageId = "start:2", Ordinal = 2 };
        await Must(parent.Start(), parent.Turn(outbox: [letter, other]));
        Assert.Equal(["start:1", "start:2"], (await Store.Outbox(Lease.Lane, 0, 10, Now)).Select(m => m.MessageId));
        // The same once more changes nothing.
        await Must(parent.Turn(outbox: [letter]), child.Start(parent: new(parent.Id, 1), letter: "start:1"));
        Assert.Equal("start:2", Assert.Single(await Store.Outbox(Lease.Lane, 0, 10, Now)).MessageId);
        var twice = child.Copy();
        Assert.IsType<ItemAnswer.KeyTaken>(Assert.Single(await Commit(twice.Start(parent: new(parent.Id, 2), letter: "start:2"))));
        await Restart(clean: false);
        Assert.Equal("start:2", Assert.Single(await Store.Outbox(Lease.Lane, 0, 10, Now)).MessageId);
    }

    [Fact]
    public async Task A_message_that_has_arrived_elsewhere_is_forgotten_by_its_receiver_and_its_id()
    {
        var (parent, one) = (new Life(), new Life());
        OutboxMessage letter = new(0, parent.Id, "start:1", 1, "w", Payload.Null) { IsLetter = true };
        await Must(parent.Start(), one.Start(), parent.Turn(outbox: [letter, letter with { MessageId = "cancel:1" }]), one.Turn(outbox: [letter with { To = one.Id }]));
        await Store.Forget(Lease.Lane, [letter, letter with { MessageId = "none" }], Now);
        await Store.Forget(Lease.Lane, [letter], Now);
        Assert.Equal([(parent.Id, "cancel:1"), (one.Id, "start:1")], (await Store.Outbox(Lease.Lane, 0, 10, Now)).Select(m => (m.To, m.MessageId)));
    }

    [Fact]
    public async Task The_stack_holds_what_may_have_to_be_undone()
    {
        var life = new Life();
        await Must(life.Start(tokens: [Life.Token(1, "reserve"), Life.Token(2, "look", onStack: false)]), life.Turn(tokens: [Life.Token(3, "capture")]), life.Turn(tokens: [Life.Token(4, "pick", intendedAt: 3)]));
        await Must(life.Turn(left: [3]));
        Assert.Equal([new(1, 1, "reserve", 1, "reserve", 1), new(4, 1, "pick", 1, "pick", 3)], (await Loaded(life.Id)).Stack);
        Assert.Equal([(Orders.Workflow, 1, "pick"), (Orders.Workflow, 1, "reserve")], await Store.LiveOperations(Now));
        await Must(life.Turn(settles: true, tokens: [Life.Token(5, "ship")]));
        Assert.Equal(5, Assert.Single((await Loaded(life.Id)).Stack).Ordinal);
        Assert.Equal((Orders.Workflow, 1, "ship"), Assert.Single(await Store.LiveOperations(Now)));
    }

    [Fact]
    public async Task What_has_ended_owes_no_undo()
    {
        var (life, other) = (new Life(), new Life());
        await Must(life.Start(tokens: [Life.Token(1, "reserve")]), other.Start(tokens: [Life.Token(1, "reserve")]), life.Turn(Orders.Done));
        Assert.Empty((await Loaded(life.Id)).Stack);
        Assert.Single(await Store.LiveOperations(Now));
        await Must(other.Turn(Orders.Done));
        Assert.Empty(await Store.LiveOperations(Now));
    }

    [Fact]
    public async Task There_is_one_page_record_for_a_key()
    {
        var life = new Life();
        await Must(life.Start());
        var page = new Page("deadline:1", Severity.High, "deadline.breached", "It takes too long.");
        await Must(life.Turn(pages: [page]), life.Turn(pages: [page with { Summary = "again" }, new("incident:1", Severity.Low, "body.failed", "It failed.")]));
        var owed = await Store.PagesOwed(0, 10, Now);
        Assert.Equal(["incident:1", "deadline:1"], owed.Select(p => p.Page.Key));
        Assert.Equal((page, life.Id, Orders.Workflow, Orders.Received, 0), (owed[1].Page, owed[1].Instance, owed[1].Workflow, owed[1].State, owed[1].Tries));

        await Store.PageTried("deadline:1", false, "503", Life.Day, Now);
        Assert.Equal((1, "503", null), (await Store.PagesOwed(1, 1, Now)) is [var p] ? (p.Tries, p.LastError, p.DeliveredAt) : default);
        await Store.PageTried("deadline:1", true, null, Life.Day.AddHours(1), Now);
        Assert.Equal("incident:1", Assert.Single(await Store.PagesOwed(0, 10, Now)).Page.Key);
        Assert.Empty(await Store.PagesOwed(1, 10, Now));
        var all = await Store.Views.Pages(life.Id, 10, Now);
        Assert.Equal(["incident:1", "deadline:1"], all.Select(x => x.Page.Key));
        Assert.Equal((2, Life.Day.AddHours(1)), (all[1].Tries, all[1].DeliveredAt));
        Assert.Empty(await Store.Views.Pages(new Life().Id, 10, Now));
        Assert.Equal(2, (await Store.Views.Pages(null, 10, Now)).Count);
    }

    [Fact]
    public async Task Owed_pages_are_read_in_portions_from_the_newest_on()
    {
        var lives = Enumerable.Range(0, 5).Select(_ => new Life()).ToList();
        foreach (var life in lives) await Must(life.Start());
        // One commit each, and each later than the one before, so that they follow each other in every store.
        for (var i = 0; i < lives.Count; i++)
        {
            for (var before = 0; before < i; before++) await Must(lives[i].Turn());
            await Must(lives[i].Turn(pages: [new($"page:{i}", Severity.High, "body.failed", "It failed.")]));
        }
        await Store.PageTried("page:3", true, null, Life.Day, Now);
        Assert.Equal(["page:4", "page:2"], (await Store.PagesOwed(0, 2, Now)).Select(p => p.Page.Key));
        Assert.Equal(["page:1", "page:0"], (await Store.PagesOwed(2, 2, Now)).Select(p => p.Page.Key));
        Assert.Equal(["page:0"], (await Store.PagesOwed(3, 100, Now)).Select(p => p.Page.Key));
        Assert.Empty(await Store.PagesOwed(4, 2, Now));
    }
}
