using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Tests;

/// <summary>Undoing across crashes, and parents with children in every phase.</summary>
[Collection("script")]
public sealed class UndoAndChildren
{
    private readonly Ledger _ledger = new();
    private readonly MemoryStore _store = new();
    private readonly TestShell _shell = new();
    private static readonly Caller Operator = new("olga", ["judge"]);

    private TestNode Node(TestShell shell, Action<PerdureBuilder>? more = null) => new(_store, shell, p =>
    {
        p.Workflow<Script>().Workflow<Hike>();
        more?.Invoke(p);
    }, s => s.AddSingleton(_ledger));

    [Fact]
    public void A_node_that_dies_while_it_undoes_goes_on_undoing_under_the_same_tokens_and_repeats_only_what_was_under_way()
    {
        _ledger.Fails = n => n == 4 ? new PermanentFailure("blister", "It hurts.") : null;
        var node = Node(_shell);
        var deaths = 0;
        _ledger.UndoFails = n => { if (n == 2 && deaths++ == 0) node.Die(); return null; };
        var id = node.Start("hike", """{"name":"Ann","steps":4}""");
        node.Shell.Settle();
        Assert.Equal(Status.Compensating, node.Done(_store.Find(id, default))!.Status);
        node = Node(new TestShell { Clock = _shell.Clock });
        node.Shell.Pass(1.Minutes);
        Assert.Equal("TURNED_BACK", node.Look(id).State);
        Assert.Equal(["undo 3", "undo 2", "undo 2", "undo 1"], _ledger.Log.Skip(4));
        Assert.Empty(node.Logged);
    }

    [Fact]
    public void Of_operations_at_once_of_which_one_fails_the_others_end_and_all_that_may_have_happened_is_undone_in_reverse()
    {
        _ledger.Fails = n => n == 2 ? new PermanentFailure("blister", "It hurts.") : n == 3 ? new UnknownOutcome("lost", "No answer.") : null;
        Script.Body = async (visit, walk, _) =>
        {
            try
            {
                await Task.WhenAll(visit.Run(walk, new(1), key: "1"), visit.Run(walk, new(2), key: "2"), visit.Run(walk, new(3), key: "3"));
                return new Answered("");
            }
            catch (OperationFailed e)
            {
                return new Dropped(e.Code);
            }
        };
        var node = Node(_shell);
        var id = node.Start("script", """{"question":"why"}""");
        node.Shell.Pass(1.Minutes);
        Assert.Equal("""{"why":"blister"}""", node.DataOf(id));
        Assert.Equal(["undo 3?", "undo 1"], _ledger.Log.Where(l => l.StartsWith("undo", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("sleeps")]
    [InlineData("at its gate")]
    [InlineData("paused")]
    [InlineData("in an incident")]
    [InlineData("undoing")]
    [InlineData("ended")]
    public void A_parent_that_is_cancelled_ends_after_its_child_whatever_the_child_is_at(string phase)
    {
        Script.Body = async (visit, walk, _) =>
        {
            await visit.Run(walk, new(1));
            switch (phase)
            {
                case "at its gate": return new Weighing("heavy");
                case "in an incident": throw new InvalidOperationException("broken");
                case "undoing": return new Dropped("no");
                case "ended": return new Answered("yes");
            }
            await visit.Sleep(1.Days);
            return new Answered("");
        };
        var blocked = phase == "undoing";
        _ledger.UndoFails = _ => blocked ? new InvalidOperationException("stuck") : null;
        var node = Node(_shell, p => p.Workflow<Waits>());
        var parent = node.Start("waits", """{"name":"p"}""");
        node.Shell.Settle();
        var child = Assert.Single(node.Done(_store.List(new(), null, 100, default)), r => r.Workflow == "script").Id;
        if (phase == "paused") node.Done(node.Engine.Pause(child, Operator));
        node.Done(node.Engine.Cancel(parent, Operator, "enough"));
        node.Die();
        node = Node(new TestShell { Clock = _shell.Clock }, p => p.Workflow<Waits>());
        blocked = false;
        node.Shell.Pass(1.Minutes);
        Assert.Equal((phase == "ended" ? "ANSWERED" : "DROPPED", MapDefinition.Cancelled), (node.Look(child).State, node.Look(parent).State));
        Assert.Equal(phase != "ended", _ledger.Log.Contains("undo 1"));
        Assert.Empty(node.Logged);
    }

    [Fact]
    public void A_childs_end_reaches_a_parent_that_could_not_be_read_when_it_came()
    {
        Script.Body = async (visit, _, _) => { await visit.Sleep(1.Minutes); return new Answered("late"); };
        var node = Node(_shell, p => p.Workflow<Asks>().Configure(o => o.HotMax = 0));
        var parent = node.Start("asks", """{"name":"p"}""");
        node.Shell.Settle();
        var failed = 0;
        _store.LoadFault = id => id == parent && failed++ < 2 ? Task.FromException<StoredInstance?>(new StoreException("store.busy", "The store is busy.")) : null;
        node.Shell.Pass(2.Minutes);
        _store.LoadFault = null;
        Assert.Equal(("SENT", true), (node.Look(parent).State, failed > 2));
    }

    [Fact]
    public void An_operator_who_accepts_a_divergence_takes_the_winner_of_a_race_as_it_was_journaled()
    {
        Script.Body = async (visit, _, _) =>
        {
            var won = await visit.Race("who", visit.Sleep(1.Minutes, "a"), visit.Sleep(2.Minutes, "b"));
            await visit.Sleep(1.Hours, "more");
            return new Answered($"{won}");
        };
        var node = Node(_shell);
        var id = node.Start("script", """{"question":"why"}""");
        node.Shell.Pass(2.Minutes);
        Script.Body = async (visit, _, _) =>
        {
            var won = await visit.Race("who", visit.Sleep(2.Minutes, "b"), visit.Sleep(1.Minutes, "a"));
            await visit.Sleep(1.Hours, "more");
            return new Answered($"{won}");
        };
        node.Die();
        node = Node(new TestShell { Clock = _shell.Clock });
        node.Shell.Pass(2.Hours);
        Assert.Equal("replay.diverged", node.Look(id).Incident?.Failure.Code);
        node.Done(node.Engine.Retry(id, Operator, 1, RetryMode.Accept));
        node.Shell.Settle();
        Assert.Equal("""{"text":"0"}""", node.DataOf(id));
    }
}

/// <summary>A parent whose own body also waits for a day.</summary>
public sealed class Waits(Script script) : Workflow<Parcel>("waits", 1)
{
    protected override Map<Parcel> Define(Map<Parcel> map) => map.Start().Runs(Send).End<Sent>("SENT");
    public async Task<To<Sent>> Send(IVisit<Parcel> visit, Parcel parcel)
    {
        var end = await visit.Child(script, "q", new Ask(parcel.Name));
        await visit.Sleep(1.Days);
        return new Sent(end.State);
    }
}
