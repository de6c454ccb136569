using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;

namespace Perdure.Tests;

/// <summary>A node that has as many instances under way as it may goes on with those, and pages people about all.</summary>
public sealed class ANodeWithoutRoom
{
    private readonly MemoryStore _store = new();
    private readonly TestShell _shell = new();
    private readonly Downstream _downstream = new();

    public sealed record Call(string Kind);
    public sealed record Answer(string Text);

    /// <summary>What answers only when the test says so.</summary>
    public sealed class Downstream
    {
        public Held Answers { get; } = new();
    }

    public sealed class Asks(Downstream downstream) : Irreversible<Call, Answer>
    {
        public override TimeSpan Timeout => 1.Days;

        public override async Task<Answer> Run(Call input, Attempt attempt)
        {
            await downstream.Answers.Wait();
            return new("late");
        }
    }

    public sealed class Calls(Asks asks) : Workflow<Call>("call", version: 1)
    {
        protected override Map<Call> Define(Map<Call> map) => map.Start("Called", within: 5.Minutes, page: Severity.High).Runs(Ask).End<Answer>("ANSWERED");

        public async Task<To<Answer>> Ask(IVisit<Call> visit, Call call)
        {
            if (call.Kind is "asleep" or "naps")
            {
                await visit.Sleep(call.Kind == "naps" ? 1.Minutes : 1.Hours);
                return new Answer("slept");
            }
            var answer = visit.Run(asks, call);
            await visit.Sleep(1.Minutes);
            return await answer;
        }
    }

    /// <summary>Sleeps, and has no deadline that would bring it into memory.</summary>
    public sealed class Dozes : Workflow<Call>
    {
        public Dozes() : base("doze", version: 1) { }

        protected override Map<Call> Define(Map<Call> map) => map.Start("Called").Runs(Sleep).End<Answer>("ANSWERED");

        public async Task<To<Answer>> Sleep(IVisit<Call> visit, Call call)
        {
            await visit.Sleep(call.Kind == "naps" ? 1.Minutes : 1.Hours);
            return new Answer("slept");
        }
    }

    private TestNode Node(int inFlight = 2, TestShell? shell = null) => new(_store, shell ?? _shell, p => p.Workflow<Calls>().Workflow<Dozes>().Configure(o => o.InFlightMax = inFlight), s => s.AddSingleton(_downstream));

    private static string Json(string kind) => $$"""{"kind":"{{kind}}"}""";

    private InstanceId[] Fill(TestNode node)
    {
        InstanceId[] ids = [node.Start("call", Json("asleep")), node.Start("call", Json("hangs")), node.Start("call", Json("hangs"))];
        Assert.IsType<StartAnswer.Overloaded>(node.Done(node.Engine.Start(new("call", "no room", Encoding.UTF8.GetBytes(Json("hangs"))))));
        return ids;
    }

    [Fact]
    public void Raises_the_page_of_every_deadline_once()
    {
        var node = Node();
        var ids = Fill(node);
        node.Shell.Pass(3.Hours);
        Assert.Equal(ids.Order(), _store.PageRecords.Select(p => p.Instance).Order());
    }

    [Fact]
    public void Fires_what_those_under_way_wait_for_and_the_others_when_there_is_room()
    {
        var node = Node();
        var ids = Fill(node);
        node.Shell.Pass(3.Hours);
        Assert.Equal([false, true, true], ids.Select(id => node.Events(id).Any(e => e is SleepEnded)));
        _downstream.Answers.LetGo();
        node.Shell.Pass(1.Seconds);
        Assert.All(ids, id => Assert.Equal("ANSWERED", node.Look(id).State));
    }

    [Fact]
    public void Fires_what_had_to_wait_for_room_as_soon_as_its_instance_is_under_way()
    {
        var node = Node();
        var ids = Fill(node);
        node.Shell.Pass(3.Hours);
        Assert.Equal("Called", node.Look(ids[0]).State);
        Wake(node, ids[0]);
        Assert.Equal("ANSWERED", node.Look(ids[0]).State);
    }

    [Fact]
    public void Passes_over_no_deadline_where_more_is_due_than_it_can_hold_and_goes_on_with_all_of_it_in_the_end()
    {
        var (node, naps) = Full("call", last: "naps");
        node.Shell.Pass(4.Minutes);
        Assert.Empty(_store.PageRecords);
        node.Shell.Pass(10.Minutes);
        Assert.Equal(Naps + 2, _store.PageRecords.Count);
        _downstream.Answers.LetGo();
        node.Shell.Pass(10.Minutes);
        Assert.Null(node.Done(_store.NextTimer(0, DateTimeOffset.MinValue, default)));
        Assert.Empty(node.Done(_store.Active(0, default, int.MaxValue, default)));
        Assert.Equal("ANSWERED", node.Look(naps[^1]).State);
    }

    [Fact]
    public void Fires_also_what_it_could_not_hold_as_soon_as_its_instance_is_under_way()
    {
        var (node, ids) = Full("doze", last: "asleep");
        // In memory from before its moment on, which comes when no more can be held.
        var asleep = ids[^1];
        Wake(node, asleep);
        node.Shell.Pass(2.Hours);
        Assert.Equal("Called", node.Look(asleep).State);
        Wake(node, asleep);
        Assert.Equal("ANSWERED", node.Look(asleep).State);
        Assert.Equal("Called", node.Look(ids[0]).State);
    }

    /// <summary>It is under way for a moment.</summary>
    private static void Wake(TestNode node, InstanceId id)
    {
        node.Done(node.Engine.Pause(id, new("ann", [])));
        node.Done(node.Engine.Resume(id, new("ann", [])));
        node.Shell.Settle();
    }

    private const int Naps = 21_000;

    /// <summary>A node with as many under way as it may have, and with more that nap than it holds timers of. The last of them may do something else.</summary>
    private (TestNode Node, InstanceId[] Ids) Full(string workflow, string last)
    {
        var node = Node(Naps);
        var starts = Enumerable.Range(0, Naps).Select(n => node.Engine.Start(new(workflow, $"nap-{n}", Encoding.UTF8.GetBytes(Json(n < Naps - 1 ? "naps" : last))))).ToList();
        node.Shell.Settle();
        InstanceId[] ids = [.. starts.Select(start => Assert.IsType<StartAnswer.Accepted>(node.Done(start)).Instance)];
        node.Start("call", Json("hangs"), "hangs-1");
        node.Start("call", Json("hangs"), "hangs-2");
        node.Die();
        return (Node(2, new TestShell { Clock = _shell.Clock }), ids);
    }
}
