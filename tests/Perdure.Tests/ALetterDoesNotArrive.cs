using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Runtime;

namespace Perdure.Tests;

/// <summary>A parent at one node, its child at another. What one has to tell the other is never given up, and where it does not arrive people are told.</summary>
[Collection("script")]
public sealed class ALetterDoesNotArrive
{
    private const int Upper = 2;      // the lanes from there on are the other node's

    private readonly SharedDatabase _database = new();
    private readonly TestShell _here = new(), _there;
    private readonly SharedStore _hereStore, _thereStore;
    private readonly TestNode _parents, _children;

    /// <summary>What is sent between the nodes cannot be read where it comes to, as where that one is of an older build.</summary>
    private bool _unreadable;

    public ALetterDoesNotArrive()
    {
        _there = new() { Clock = _here.Clock };
        Script.Body = async (visit, _, _) => new Answered((await visit.Signal<Reply>())!.Text);
        (_hereStore, _thereStore) = (new(_database, 0, 1), new(_database, 2, 3));
        (_parents, _children) = (Node(_hereStore, _here), Node(_thereStore, _there));
        NodeIdentity[] all = [Identity("here", 1), Identity("there", 2)];
        _hereStore.Owner!.Peers(all);
        _thereStore.Owner!.Peers(all);

        static NodeIdentity Identity(string host, int process) => new(host, process, "b") { Carries = [new("perdure:letters", 1)] };
    }

    private TestNode Node(SharedStore store, TestShell shell)
    {
        store.Home = keys => new StartPlace.In(keys.Workflow == "crew" ? new(Upper, SharedDatabase.Lanes - Upper, new LaneRule(SharedDatabase.Lanes)) : new(0, Upper, new LaneRule(SharedDatabase.Lanes)));
        store.Way = body => _unreadable ? """{"asks":"what only a later build knows"}"""u8.ToArray() : body;
        return new(_database.Rows, store, shell, p => p.Workflow<Voyage>().Workflow<Crew>().Workflow<Script>(), s => s.AddSingleton(new Dock()).AddSingleton(new Ledger()));
    }

    /// <summary>Both nodes work on, and look into their inboxes.</summary>
    private void Pass(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += 1.Seconds)
        {
            foreach (var store in new[] { _hereStore, _thereStore })
                for (var lane = 0; lane < SharedDatabase.Lanes; lane++) store.Owner!.Arrived(lane);
            for (var i = 0; i < 3; i++)
            {
                _here.Settle();
                _there.Settle();
            }
            _here.Pass(1.Seconds);
        }
        _there.Settle();
    }

    private InstanceId Child() => Assert.Single(_children.Done(_database.Rows.List(new(), null, 100, default)), row => row.Workflow == "crew").Id;

    private (InstanceId Parent, InstanceId Child) Family()
    {
        var parent = _parents.Start("voyage", """{"name":"v"}""");
        Pass(5.Seconds);
        return (parent, Child());
    }

    [Fact]
    public void A_child_whose_home_is_at_another_node_is_started_there_and_its_end_comes_back()
    {
        var (parent, child) = Family();
        Assert.False(_parents.Engine.Owns(child));
        Assert.Equal(new CommandAnswer.Done(true), _children.Done(_children.Engine.Signal(child, "reply", "m", """{"text":"aye"}"""u8.ToArray())));
        Pass(5.Seconds);
        Assert.Equal("SENT", _parents.Look(parent).State);
    }

    [Fact]
    public void The_end_of_a_child_that_is_refused_is_told_and_arrives_once_it_is_taken()
    {
        var (parent, child) = Family();
        _unreadable = true;
        Assert.Equal(new CommandAnswer.Done(true), _children.Done(_children.Engine.Signal(child, "reply", "m", """{"text":"aye"}"""u8.ToArray())));
        Pass(30.Seconds);
        Assert.NotNull(_children.Look(child).EndedAt);
        Assert.Empty(_children.Engine.Health.Problems);      // a node may just be starting again

        Pass(2.Minutes);

        var told = Assert.Single(_children.Engine.Health.Problems);
        Assert.Contains($"The end of a child (\"end:{child}\"), for instance {parent}, has not arrived since 2026-01-01 00:00:", told, StringComparison.Ordinal);
        Assert.Contains("does not know this command", told, StringComparison.Ordinal);
        Assert.True(_children.Engine.Health.Ready);      // all else goes on
        Assert.Contains($"for instance {parent}, is refused", Assert.Single(_children.Logged, line => line.StartsWith("Critical", StringComparison.Ordinal)), StringComparison.Ordinal);

        _unreadable = false;
        Pass(2.Minutes);
        Assert.Equal("SENT", _parents.Look(parent).State);
        Assert.Empty(_children.Engine.Health.Problems);
    }

    [Fact]
    public void What_is_refused_for_an_hour_is_carried_once_a_minute_and_called_out_once()
    {
        var (_, child) = Family();
        _unreadable = true;
        _children.Done(_children.Engine.Signal(child, "reply", "m", """{"text":"aye"}"""u8.ToArray()));
        var before = _database.Inbox.Count;

        Pass(1.Hours);

        Assert.InRange(_database.Inbox.Count - before, 55, 75);
        Assert.Single(_children.Logged, line => line.StartsWith("Critical", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("start")]
    [InlineData("cancel")]
    public void What_a_parent_asks_is_told_and_arrives_once_it_is_taken(string what)
    {
        _unreadable = what == "start";
        var parent = _parents.Start("voyage", """{"name":"v"}""");
        Pass(5.Seconds);
        if (what == "cancel")
        {
            _unreadable = true;
            _parents.Done(_parents.Engine.Cancel(parent, new("op", []), "enough"));
        }
        Pass(3.Minutes);

        Assert.Contains($"The {what} of a child of \"crew\", from instance {parent}, has not arrived", Assert.Single(_parents.Engine.Health.Problems), StringComparison.Ordinal);

        _unreadable = false;
        Pass(2.Minutes);
        if (what == "cancel") Assert.Equal((MapDefinition.Cancelled, "DROPPED"), (_parents.Look(parent).State, _children.Look(Child()).State));
        else Assert.Null(_children.Look(Child()).EndedAt);
        Assert.Empty(_parents.Engine.Health.Problems);
    }

    [Fact]
    public void What_its_nodes_successor_carries_is_no_longer_told_by_the_node()
    {
        var (parent, child) = Family();
        _unreadable = true;
        _children.Done(_children.Engine.Signal(child, "reply", "m", """{"text":"aye"}"""u8.ToArray()));
        Pass(2.Minutes);
        Assert.Single(_children.Engine.Health.Problems);

        _thereStore.Owner!.HandOver(child.Slot % SharedDatabase.Lanes);
        Pass(1.Seconds);

        Assert.DoesNotContain(_children.Engine.Health.Problems, problem => problem.Contains($"{parent}", StringComparison.Ordinal));
    }
}

/// <summary>A parent whose child has a key of its own, and so a home of its own.</summary>
public sealed class Voyage(Crew crew) : Workflow<Parcel>("voyage", 1)
{
    protected override Map<Parcel> Define(Map<Parcel> map) => map.Start().Runs(Send).End<Sent>("SENT");
    public async Task<To<Sent>> Send(IVisit<Parcel> visit, Parcel parcel) => new Sent((await visit.Child(crew, "c", new Ask(parcel.Name))).State);
}

/// <summary>The child.</summary>
public sealed class Crew(Walk walk, Hike hike) : Workflow<Ask>("crew", 1)
{
    protected override string? BusinessKey(Ask input) => "crew of " + input.Question;
    protected override Map<Ask> Define(Map<Ask> map) => map
        .Start("Asked").Runs(Run).Gate<Weighing>(role: "judge").Decides(Decide)
        .End<Answered>("ANSWERED").Revoked<Dropped>("DROPPED", cancelled: by => new Dropped(by.Reason));
    public Task<To<Answered, Weighing, Dropped>> Run(IVisit<Ask> visit, Ask ask) => Script.Body(visit, walk, hike);
    public To<Answered, Dropped> Decide(IVisit<Ask> visit, Weighing waiting, Decision decision) => new Answered("");
}
