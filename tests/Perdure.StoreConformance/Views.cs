using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.StoreConformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task Lists_show_what_fits_newest_first_page_by_page()
    {
        Life[] lives = [.. Enumerable.Range(0, 30).Select(i => new Life(@namespace: i % 3 == 0 ? "a" : "b"))];
        await Must([.. lives.Select(l => l.Start())]);
        await Must([.. lives.Where((_, i) => i % 2 == 0).Select(l => l.Turn(Orders.Locked))]);
        await Must([.. lives.Where((_, i) => i % 4 == 0).Select(l => l.Turn(status: Status.Incident))]);

        Assert.Equal(lives.Select(l => l.Id).Reverse(), await Listed(new()));
        Assert.Equal(Ids(i => i % 2 == 0), await Listed(new(State: Orders.Locked)));
        Assert.Equal(Ids(i => i % 4 == 0), await Listed(new(Status: Status.Incident)));
        Assert.Equal(Ids(i => i % 3 == 0 && i % 2 == 1), await Listed(new("a", Orders.Workflow, Orders.Received, Status.Running)));
        Assert.Equal(30, (await Listed(new(Workflow: Orders.Workflow))).Count);
        Assert.Empty(await Listed(new(Workflow: "unknown")));
        Assert.Empty(await Listed(new(Namespace: "unknown")));

        IEnumerable<InstanceId> Ids(Func<int, bool> which) => lives.Where((_, i) => which(i)).Select(l => l.Id).Reverse();
        async Task<List<InstanceId>> Listed(InstanceFilter filter)
        {
            var ids = new List<InstanceId>();
            while (await Store.Views.List(filter, ids.Count == 0 ? null : ids[^1], 7, Now) is { Count: > 0 } rows) ids.AddRange(rows.Select(r => r.Id));
            return ids;
        }
    }

    [Fact]
    public async Task One_row_is_found_or_not()
    {
        var life = new Life();
        await Must(life.Start());
        Assert.Equal(life.RequestKey, (await Store.Views.Find(life.Id, Now))!.RequestKey);
        Assert.Null(await Store.Views.Find(new Life().Id, Now));
        Assert.Null(await Store.Load(new Life().Id, Now));
    }

    [Fact]
    public async Task The_feed_gives_every_record_in_the_order_of_the_answers()
    {
        var (one, two) = (new Life(), new Life(@namespace: "other"));
        await Must(one.Start(), two.Start(), one.Turn());
        await Must(two.Turn(Orders.Locked), one.Turn());
        var feed = await Log.Feed(0, 100, Now);
        Assert.Equal([(one.Id, 1L), (two.Id, 1), (one.Id, 2), (two.Id, 2), (one.Id, 3)], feed.Select(r => (r.Record.Instance, r.Record.Version)));
        Assert.Equal(feed.Select(r => r.Record.Position).Order(), feed.Select(r => r.Record.Position));
        Assert.Equal(("other", Orders.Workflow, 1), (feed[1].Namespace, feed[1].Workflow, feed[1].WorkflowVersion));
        Assert.StartsWith("00-0af7", feed[1].TraceParent, StringComparison.Ordinal);
        Assert.Equal(feed[^1].Record.Position, await Log.FeedEnd(Now));
        Assert.Equal([two.Id, one.Id], (await Log.Feed(feed[2].Record.Position, 2, Now)).Select(r => r.Record.Instance));
        Assert.Empty(await Log.Feed(feed[^1].Record.Position, 10, Now));
    }

    [Fact]
    public async Task Positions_go_on_after_what_was_refused_and_after_a_restart()
    {
        var life = new Life();
        await Must(life.Start());
        await Commit(life.Copy().Turn(Orders.Charged), life.Turn(version: 7));
        await Restart();
        var other = new Life();
        var position = Assert.IsType<ItemAnswer.Committed>(Assert.Single(await Commit(other.Start()))).Position;
        Assert.True(position > (await Loaded(life.Id)).First.Position);
        Assert.Equal(position, (await Loaded(other.Id)).First.Position);
    }

    [Fact]
    public async Task Open_gates_are_shown_oldest_first_with_their_role()
    {
        Life[] lives = [.. Enumerable.Range(0, 5).Select(_ => new Life())];
        await Must([.. lives.SelectMany(l => new[] { l.Start(), l.Turn(Orders.Locked) })]);
        await Must([.. lives.Skip(1).Select(l => l.Turn(Orders.Approval, Status.Waiting))]);
        var since = lives[1].At;
        await Must(lives[2].Turn(Orders.Locked), lives[3].Turn(status: Status.Paused));
        var gates = await Store.Views.Gates(null, 10, Now);
        Assert.Equal([lives[1].Id, lives[4].Id], gates.Select(g => g.Instance.Id));
        Assert.Equal(("risk-officer", since), (gates[0].Role, gates[0].Since));
        Assert.Equal(lives[4].Id, Assert.Single(await Store.Views.Gates(lives[1].Id, 10, Now)).Instance.Id);
        await Must(lives[3].Turn(status: Status.Waiting));
        Assert.Equal(3, (await Store.Views.Gates(null, 10, Now)).Count);
    }

    [Fact]
    public async Task Counts_are_what_a_count_would_give()
    {
        var random = new Random(7);
        var living = new List<Life>();
        for (var batch = 0; batch < 40; batch++)
        {
            var items = new List<Item>();
            for (var i = 0; i < 30; i++)
            {
                if (living.Count == 0 || random.Next(3) == 0)
                {
                    living.Add(new());
                    items.Add(living[^1].Start());
                    continue;
                }
                var life = living[random.Next(living.Count)];
                var to = random.Next(4) switch
                {
                    0 when life.State is not (Orders.Done or Orders.Revoked) => Orders.Map().Find(life.State)!.To[0],
                    _ => null,
                };
                if (life.Status == Status.Ended) continue;
                // Some are refused, and must not be counted.
                items.Add(random.Next(10) == 0 ? life.Copy().Turn(version: 99) : life.Turn(to, to is null ? (Status)random.Next(5) : null));
                if (items[^1].Version == 99) living.Remove(life);
            }
            await Commit([.. items]);
        }
        var counted = new Dictionary<(string, Status), long>();
        InstanceId? below = null;
        while (await Store.Views.List(new(), below, 100, Now) is { Count: > 0 } rows)
        {
            foreach (var row in rows) counted[(row.State, row.Status)] = counted.GetValueOrDefault((row.State, row.Status)) + 1;
            below = rows[^1].Id;
        }
        var tallies = await Store.Views.Tallies(Now);
        Assert.Equal(counted, tallies.Where(t => t.Count != 0).ToDictionary(t => (t.State, t.Status), t => t.Count));
        Assert.All(tallies, t => Assert.Equal((Orders.Workflow, 1), (t.Workflow, t.WorkflowVersion)));
    }
}
