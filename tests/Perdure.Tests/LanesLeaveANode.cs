using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Tests;

/// <summary>What a node says to its store, and remembers, of lanes that come to it and leave it.</summary>
[Collection("script")]
public sealed class LanesLeaveANode
{
    private readonly SharedDatabase _database = new();
    private readonly TestShell _shell = new();
    private readonly SharedStore _store;
    private readonly TestNode _node;

    public LanesLeaveANode()
    {
        Script.Body = async (visit, _, _) => new Answered((await visit.Signal<Reply>())!.Text);
        _store = new(_database, 0, 1);
        _node = new(_database.Rows, _store, _shell, p => p.Workflow<Script>(), s => s.AddSingleton(new Ledger()));
    }

    private Task<StartAnswer> Start(string key) => _node.Engine.Start(new("script", key, """{"question":"why"}"""u8.ToArray()));

    private static CommitAnswer Full(Batch batch) => new CommitAnswer.Failed(new("store.full", "There is no room."));

    [Fact]
    public void What_a_lane_said_of_the_store_is_not_kept_when_it_goes()
    {
        _store.Instead = Full;
        Start("one");
        Start("two");
        _shell.Settle();
        Assert.False(_node.Engine.Health.Ready);
        _store.Owner!.Lost(0, new("lease.lost", "Lost."));
        _store.Owner.Lost(1, new("lease.lost", "Lost."));
        _shell.Settle();
        _store.Instead = _ => null;
        _store.Gain(2);
        _shell.Settle();
        Assert.True(_node.Engine.Health.Ready);
        var answer = Start("three");
        _shell.Settle();
        Assert.IsType<StartAnswer.Accepted>(_node.Done(answer));
    }

    [Fact]
    public void A_lane_that_stops_since_nobody_knows_what_was_written_is_given_up_to_the_store()
    {
        _store.Instead = _ => new CommitAnswer.Unknown(new("store.unavailable", "Away."));
        Start("one");
        _shell.Settle();
        var given = Assert.Single(_store.GivenUp);
        Assert.Equal(_database.Epochs[given.Lane], given.Epoch);
    }

    [Fact]
    public void What_comes_to_a_lane_that_is_just_being_started_wakes_it()
    {
        TestShell shell = new() { PumpsAtOnce = true };
        SharedStore store = new(_database, 2);
        TestNode node = new(_database.Rows, store, shell, p => p.Workflow<Script>(), s => s.AddSingleton(new Ledger()));
        Assert.Equal(0, shell.Overslept);
        store.Gain(3, unclean: true);
        Assert.Equal(0, shell.Overslept);
    }

    [Fact]
    public void Who_asks_for_a_lane_that_is_leaving_waits_until_it_has_left()
    {
        _store.Held = new();
        Start("one");
        Start("two");
        _shell.Settle();
        Task[] asked = [_store.Owner!.HandOver(0), _store.Owner.HandOver(0)];
        _shell.Settle();
        Assert.All(asked, a => Assert.False(a.IsCompleted));
        var held = _store.Held;
        _store.Held = null;
        while (held.TryDequeue(out var commit)) commit();
        _shell.Settle();
        Assert.All(asked, a => Assert.True(a.IsCompletedSuccessfully));
    }

    [Fact]
    public void A_lane_that_is_taken_away_while_it_is_handed_over_goes_no_further_and_who_waits_for_it_hears_of_it()
    {
        _store.Held = new();
        var answers = new[] { Start("one"), Start("two") };
        _shell.Settle();
        var handedOver = _store.Owner!.HandOver(0);
        _shell.Settle();
        Assert.False(handedOver.IsCompleted);
        _store.Owner.Lost(0, new("lane.stuck", "It was not let go of in time."));
        _shell.Settle();
        Assert.True(handedOver.IsCompletedSuccessfully);
        Assert.Single(answers, a => a.IsCompleted && a.Result is StartAnswer.Unavailable { Code: "lane.stuck" });
    }

    [Fact]
    public void Who_waits_for_a_lane_that_is_lost_while_the_node_closes_hears_of_it()
    {
        _store.Held = new();
        var answers = new[] { Start("one"), Start("two") };
        _shell.Settle();
        _store.Owner!.Peers([new("here", 1, "b"), new("there", 2, "b")]);
        _store.Leaving = () => _store.Owner.Lost(0, new("lane.fenced", "It has passed on."));
        TestShell.Do(() => _ = _node.Stop());
        _shell.Settle();
        Assert.Single(answers, a => a.IsCompleted && a.Result is StartAnswer.Unavailable { Code: "lane.fenced" });
    }

    [Fact]
    public void While_one_lane_takes_its_time_to_stop_the_others_have_passed_on()
    {
        _store.Held = new();
        Start("one");
        _shell.Settle();
        _store.Owner!.Peers([new("here", 1, "b"), new("there", 2, "b")]);
        Task? stopped = null;
        TestShell.Do(() => stopped = _node.Stop());
        _shell.Settle();
        Assert.False(stopped!.IsCompleted);
        Assert.Single(_store.PassedOn);
        _store.Held.Dequeue()();
        _shell.Settle();
        Assert.True(stopped.IsCompletedSuccessfully);
        Assert.Equal(2, _store.PassedOn.Count);
    }
}
