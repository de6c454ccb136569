using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Tests;

/// <summary>Two nodes on one store: lanes come and go, and to those who start, send and decide it makes no difference where they ask.</summary>
[Collection("script")]
public sealed class NodesShareAStore
{
    private readonly SharedDatabase _database = new();
    private readonly Dock _dock = new();
    private readonly Ledger _ledger = new();
    private readonly TestShell _here = new(), _there;
    private readonly SharedStore _hereStore, _thereStore;

    public NodesShareAStore()
    {
        _there = new() { Clock = _here.Clock };
        (_hereStore, _thereStore) = (new(_database, 0, 1, 2, 3), new(_database));
        Freight.Body = async (visit, ship, _) => await visit.Run(ship, new("first")) is { } weighed ? new Gone($"{weighed.Weight}") : new Back("");
    }

    private TestNode Node(SharedStore store, TestShell shell, Action<PerdureBuilder>? more = null) => new(_database.Rows, store, shell, p =>
    {
        p.Workflow<Freight>().Workflow<Script>();
        more?.Invoke(p);
    }, s => s.AddSingleton(_dock).AddSingleton(_ledger));

    private void Settle()
    {
        for (var i = 0; i < 4; i++)
        {
            _here.Settle();
            _there.Settle();
        }
    }

    private static int LaneOf(InstanceId id) => id.Slot % SharedDatabase.Lanes;

    private void Move(InstanceId id)
    {
        var handed = ((ILaneOwner)_hereStore.Owner!).HandOver(LaneOf(id));
        Settle();
        Assert.True(handed.IsCompleted);
        _thereStore.Gain(LaneOf(id));
        Settle();
    }

    [Fact]
    public void A_command_reaches_its_instance_at_whichever_node_it_comes_in_and_counts_once()
    {
        Script.Body = async (visit, _, _) => new Answered((await visit.Signal<Reply>())!.Text);
        var (here, there) = (Node(_hereStore, _here), Node(_thereStore, _there));
        var id = here.Start("script", """{"question":"why"}""");
        Task<CommandAnswer>[] asked = [.. Enumerable.Range(0, 3).Select(_ => there.Engine.Signal(id, "reply", "m-1", """{"text":"because"}"""u8.ToArray()))];
        Settle();
        _hereStore.Owner!.Arrived(LaneOf(id));
        Settle();
        Assert.All(asked, a => Assert.Equal(new CommandAnswer.Done(true), here.Done(a)));
        Assert.Single(_database.Inbox);
        Assert.Single(here.Events(id).OfType<SignalReceived>());
        Assert.NotNull(here.Look(id).EndedAt);

        var none = there.Engine.Cancel(InstanceId.Create(_here.Clock.GetUtcNow(), 4, 1), new("op", []), "none");
        Settle();
        _here.Pass(31.Seconds);      // nobody wakes the owner: it looks by itself
        Settle();
        Assert.IsType<CommandAnswer.NotFound>(there.Done(none));
    }

    [Fact]
    public void A_command_that_was_kept_when_the_lane_moved_is_carried_out_by_the_next_owner()
    {
        Script.Body = async (visit, _, _) => new Answered((await visit.Signal<Reply>())!.Text);
        var (here, there) = (Node(_hereStore, _here), Node(_thereStore, _there));
        var id = here.Start("script", """{"question":"why"}""");
        here.Die();
        var asked = there.Engine.Signal(id, "reply", "m-1", """{"text":"because"}"""u8.ToArray());
        _there.Settle();
        Assert.False(asked.IsCompleted);
        _thereStore.Gain(LaneOf(id), unclean: true, since: _here.Clock.GetUtcNow().AddMinutes(-1));
        _there.Settle();
        Assert.Equal(new CommandAnswer.Done(true), there.Done(asked));
        Assert.NotNull(there.Look(id).EndedAt);
    }

    [Fact]
    public void What_runs_when_a_lane_is_handed_over_is_cancelled_and_runs_again_at_the_next_owner_under_the_same_token()
    {
        var attempts = new List<Attempt>();
        var first = new TaskCompletionSource<Weighed>();
        _dock.Run = (_, attempt) =>
        {
            attempts.Add(attempt);
            return attempts.Count == 1 ? first.Task : Task.FromResult(new Weighed(7));
        };
        var (here, there) = (Node(_hereStore, _here), Node(_thereStore, _there));
        var id = here.Start("freight", """{"name":"x"}""");
        Assert.Single(attempts);
        Move(id);
        Assert.True(attempts[0].Cancelled.IsCancellationRequested);
        Assert.Equal(2, attempts.Count);
        Assert.Equal(attempts[0].Token, attempts[1].Token);
        Assert.Equal("GONE", there.Look(id).State);
        first.SetResult(new(1));      // the old owner hears of it late, and writes nothing
        Settle();
        Assert.Equal(0, there.Look(id).Recoveries);
        Assert.True(here.Engine.Health.Ready);
        Assert.False(here.Engine.Owns(id));
        Assert.True(there.Engine.Owns(id));
    }

    [Fact]
    public void A_node_that_cannot_prove_its_lane_starts_no_operation_until_it_can()
    {
        var runs = 0;
        _dock.Run = (_, _) => Task.FromResult(new Weighed(++runs));
        var here = Node(_hereStore, _here);
        _hereStore.Proves = false;
        var id = here.Start("freight", """{"name":"x"}""");
        _here.Pass(1.Seconds);
        Assert.Equal(0, runs);
        Assert.NotEmpty(here.Look(id).Outstanding);
        _hereStore.Proves = true;
        _here.Pass(1.Seconds);
        Assert.Equal(1, runs);
        Assert.Equal("GONE", here.Look(id).State);
    }

    [Fact]
    public void What_was_held_back_is_never_started_where_the_lane_has_passed()
    {
        var runs = 0;
        _dock.Run = (_, _) => Task.FromResult(new Weighed(++runs));
        var here = Node(_hereStore, _here);
        _hereStore.Proves = false;
        var id = here.Start("freight", """{"name":"x"}""");
        _hereStore.Owner!.Lost(LaneOf(id), new("lease.lost", "The lease could not be renewed."));
        _hereStore.Proves = true;
        _here.Pass(5.Seconds);
        Assert.Equal(0, runs);
    }

    [Fact]
    public void What_was_held_back_and_then_cancelled_is_never_started_and_has_nothing_to_undo()
    {
        Script.Body = async (visit, walk, _) => { await visit.Run(walk, new(1)); return new Answered("walked"); };
        var here = Node(_hereStore, _here);
        _hereStore.Proves = false;
        var id = here.Start("script", """{"question":"why"}""");
        Assert.Equal(new CommandAnswer.Done(true), here.Done(here.Engine.Cancel(id, new("op", []), "changed my mind")));
        _here.Pass(1.Seconds);
        _hereStore.Proves = true;
        _here.Pass(1.Seconds);
        Assert.Empty(_ledger.Log);
        Assert.Equal("DROPPED", here.Look(id).State);
        Assert.False(here.Events(id).OfType<StepCancelled>().Single().Unknown);
    }

    [Fact]
    public void A_lane_whose_epoch_has_passed_stops_alone_and_the_node_goes_on_with_the_others()
    {
        var (here, there) = (Node(_hereStore, _here), Node(_thereStore, _there));
        var id = here.Start("freight", """{"name":"x"}""");
        _thereStore.Gain(LaneOf(id));      // nobody has told the owner
        Settle();
        var late = Enumerable.Range(0, SharedDatabase.Lanes).Select(i => here.Engine.Start(new("freight", $"late-{i}", System.Text.Encoding.UTF8.GetBytes($$"""{"name":"late-{{i}}"}""")))).ToArray();
        Settle();
        Assert.True(here.Engine.Health.Ready);
        Assert.False(here.Engine.Owns(id));
        Assert.All(late, l => Assert.True(l.IsCompleted));
        for (var i = 0; i < 8; i++) Assert.NotEqual(LaneOf(id), LaneOf(here.Start("freight", $$"""{"name":"z{{i}}"}""")));
    }

    [Fact]
    public void Only_what_its_owner_did_not_hand_over_counts_a_recovery()
    {
        _dock.Run = (_, _) => new TaskCompletionSource<Weighed>().Task;
        var (here, there) = (Node(_hereStore, _here), Node(_thereStore, _there));
        var one = here.Start("freight", """{"name":"x"}""");
        var other = here.Start("freight", """{"name":"y"}""");
        var opened = _here.Clock.GetUtcNow().AddMinutes(-1);
        here.Die();
        _here.Clock.Advance(1.Seconds);
        _thereStore.Gain(LaneOf(one), unclean: true, since: opened);
        _thereStore.Gain(LaneOf(other), unclean: false, since: opened);
        _there.Settle();
        Assert.Equal((1, 0), (there.Look(one).Recoveries, there.Look(other).Recoveries));
    }

    [Fact]
    public void While_the_database_is_away_who_waits_and_who_comes_is_told_to_ask_again()
    {
        var here = Node(_hereStore, _here);
        _hereStore.Owner!.Away(new("store.unavailable", "The database does not answer."));
        var answer = Assert.IsType<StartAnswer.Unavailable>(here.Done(here.Engine.Start(new("freight", "k", """{"name":"x"}"""u8.ToArray()))));
        Assert.Equal("store.unavailable", answer.Code);
        Assert.True(answer.RetryAfter > TimeSpan.Zero);
        Assert.False(here.Engine.Health.Ready);
        _hereStore.Owner!.Back();
        here.Start("freight", """{"name":"x"}""", "k");
    }

    [Fact]
    public void Lanes_that_came_and_cannot_be_told_of_are_named_in_the_nodes_health_and_its_log_until_they_can()
    {
        var here = Node(_hereStore, _here);
        LaneRange lanes = new(0, SharedDatabase.Lanes, new(SharedDatabase.Lanes));
        _hereStore.Owner!.Untold(lanes, new("store.unavailable", "relation \"instance\" does not exist"));
        Assert.Contains("does not exist", Assert.Single(here.Engine.Health.Problems), StringComparison.Ordinal);
        Assert.True(here.Engine.Health.Ready);
        Assert.Contains("store.unavailable", Assert.Single(here.Logged), StringComparison.Ordinal);
        here.Start("freight", """{"name":"x"}""", "k");
        _hereStore.Owner!.Untold(lanes, null);
        Assert.Empty(here.Engine.Health.Problems);
        here.Logged.Clear();
    }

    private Task<StartAnswer> Ask(TestNode node, string key, string name = "x") => node.Engine.Start(new("freight", key, System.Text.Encoding.UTF8.GetBytes($$"""{"name":"{{name}}"}""")));

    private void Wake()
    {
        for (var lane = 0; lane < SharedDatabase.Lanes; lane++) _hereStore.Owner!.Arrived(lane);
        Settle();
    }

    [Fact]
    public void A_start_at_a_node_without_a_lane_is_carried_out_by_one_that_has_some_and_made_once()
    {
        _dock.Run = (_, _) => Task.FromResult(new Weighed(1));
        var (here, there) = (Node(_hereStore, _here), Node(_thereStore, _there));
        Task<StartAnswer>[] asked = [Ask(there, "k"), Ask(there, "k"), Ask(here, "k")];
        Settle();
        Wake();
        var answers = asked.Select(a => Assert.IsType<StartAnswer.Accepted>(here.Done(a))).ToList();
        Assert.Single(answers, a => a.Created);
        Assert.Single(answers.Select(a => a with { Created = true }).Distinct());
        Assert.Equal("GONE", there.Look(answers[0].Instance).State);

        var other = Ask(there, "k", "y");
        Settle();
        Wake();
        Assert.Equal(new StartAnswer.KeyReused(answers[0].Instance), there.Done(other));
        Assert.IsType<StartAnswer.Invalid>(there.Done(there.Engine.Start(new("freight", "bad", "{}"u8.ToArray()))));
    }

    [Fact]
    public void A_start_that_was_kept_when_its_lane_moved_is_carried_out_by_the_next_owner()
    {
        _dock.Run = (_, _) => Task.FromResult(new Weighed(1));
        var (here, there) = (Node(_hereStore, _here), Node(_thereStore, _there));
        here.Die();
        var asked = Ask(there, "k");
        _there.Settle();
        Assert.False(asked.IsCompleted);
        for (var lane = 0; lane < SharedDatabase.Lanes; lane++) _thereStore.Gain(lane, unclean: true, since: _here.Clock.GetUtcNow().AddMinutes(-1));
        _there.Settle();
        Assert.True(Assert.IsType<StartAnswer.Accepted>(there.Done(asked)).Created);
    }

    [Fact]
    public void A_start_whose_answer_did_not_come_in_time_and_that_is_made_again_is_one_instance()
    {
        _dock.Run = (_, _) => Task.FromResult(new Weighed(1));
        var (here, there) = (Node(_hereStore, _here), Node(_thereStore, _there));
        _thereStore.Patience = false;
        var first = Ask(there, "k");
        Settle();
        Assert.Equal("inbox.waiting", Assert.IsType<StartAnswer.Unavailable>(there.Done(first)).Code);
        _thereStore.Patience = true;
        var again = Ask(there, "k");
        Settle();
        Wake();
        Assert.Single(_database.Inbox.Select(m => there.Done(m.Answer.Task)!.Value).Select(answer => System.Text.Json.JsonDocument.Parse(answer).RootElement.GetProperty("instance").GetInt64()).Distinct());
        Assert.IsType<StartAnswer.Accepted>(there.Done(again));
    }

    [Fact]
    public void A_start_that_its_lane_was_given_when_the_node_lost_all_of_them_goes_to_the_next_owner()
    {
        _dock.Run = (_, _) => Task.FromResult(new Weighed(1));
        var (here, there) = (Node(_hereStore, _here), Node(_thereStore, _there));
        var asked = default(Task<StartAnswer>)!;
        TestShell.Do(() =>
        {
            for (var lane = 0; lane < SharedDatabase.Lanes; lane++) _hereStore.Owner!.Lost(lane, new("lease.lost", "The lease could not be renewed."));
            asked = Ask(here, "k");
        });
        for (var lane = 0; lane < SharedDatabase.Lanes; lane++) _thereStore.Gain(lane);
        Settle();
        Assert.True(Assert.IsType<StartAnswer.Accepted>(here.Done(asked)).Created);
        Assert.True(there.Engine.Owns(((StartAnswer.Accepted)here.Done(asked)).Instance));
    }

    [Fact]
    public void A_start_that_a_node_of_the_version_before_does_not_understand_is_asked_for_again()
    {
        var (here, there) = (Node(_hereStore, _here), Node(_thereStore, _there));
        var asked = Ask(there, "k");
        _there.Settle();
        // As that version answers what it cannot read.
        _database.Inbox[0].Answer.SetResult("""{"is":"refused","changed":false,"code":"inbox.unreadable","message":"The node that owns the instance does not know this command."}"""u8.ToArray());
        Assert.Equal("inbox.answer", Assert.IsType<StartAnswer.Unavailable>(there.Done(asked)).Code);
        Assert.IsType<StartAnswer.Accepted>(here.Done(Ask(here, "k")));
    }

    [Fact]
    public void A_start_from_another_node_waits_for_room_and_for_code_as_any_does()
    {
        _dock.Run = (_, _) => new TaskCompletionSource<Weighed>().Task;
        var here = Node(_hereStore, _here, p => p.Configure(o => o.InFlightMax = 0));
        var there = Node(_thereStore, _there, p => p.Workflow<FreightV2>());
        var full = there.Engine.Start(new("freight", "k", """{"name":"x"}"""u8.ToArray()) { Version = 1 });
        var absent = there.Engine.Start(new("freight", "l", """{"name":"x"}"""u8.ToArray()) { Version = 2 });
        Settle();
        Wake();
        Assert.True(Assert.IsType<StartAnswer.Overloaded>(there.Done(full)).RetryAfter > TimeSpan.Zero);
        Assert.Equal("workflow.absent", Assert.IsType<StartAnswer.Unavailable>(there.Done(absent)).Code);
        Assert.True(here.Engine.Health.Ready);
    }

    [Fact]
    public void New_starts_take_the_highest_version_that_every_live_node_has()
    {
        _dock.Run = (_, _) => Task.FromResult(new Weighed(1));
        var here = Node(_hereStore, _here, p => p.Workflow<FreightV2>());
        NodeIdentity old = new("there", 2, "old") { Carries = [new("freight", 1)] }, @new = new("here", 1, "new") { Carries = [new("freight", 1), new("freight", 2)] };
        NodeIdentity without = new("other", 3, "other") { Carries = [new("script", 1)] };
        _hereStore.Owner!.Peers([old, @new, without]);
        Assert.Equal(1, here.Look(here.Start("freight", """{"name":"a"}""")).WorkflowVersion);
        _hereStore.Owner!.Peers([@new, without]);
        Assert.Equal(2, here.Look(here.Start("freight", """{"name":"b"}""")).WorkflowVersion);
    }

    [Fact]
    public void A_node_that_stops_hands_its_lanes_over_at_once_where_others_are_there()
    {
        _dock.Run = (_, _) => new TaskCompletionSource<Weighed>().Task;
        var here = Node(_hereStore, _here);
        _hereStore.Owner!.Peers([new("here", 1, "b"), new("there", 2, "b")]);
        here.Start("freight", """{"name":"x"}""");
        var stopped = here.Stop();
        _here.Settle();
        Assert.True(stopped.IsCompletedSuccessfully);
    }
}
