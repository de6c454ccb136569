using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;

namespace Perdure.Tests;

/// <summary>A message whose record refuses what it should not hold.</summary>
public sealed record Even
{
    public Even(int number) => Number = number % 2 == 0 ? number : throw new ArgumentException($"{number} is odd.");
    public int Number { get; }
}

/// <summary>Code that errs costs its own instance at the most, and says so where an operator looks.</summary>
[Collection("script")]
public sealed class WhatAuthorsGetWrong
{
    private readonly Ledger _ledger = new();
    private readonly MemoryStore _store = new();
    private readonly TestShell _shell = new();
    private static readonly Caller Operator = new("olga", ["judge"]);

    private TestNode Node() => new(_store, _shell, p => p.Workflow<Script>().Workflow<Hike>(), s => s.AddSingleton(_ledger));

    private static InstanceId Run(TestNode node, Func<IVisit<Ask>, Walk, Hike, Task<To<Answered, Weighing, Dropped>>> body)
    {
        Script.Body = body;
        var id = node.Start("script", """{"question":"why"}""");
        node.Shell.Settle();
        return id;
    }

    [Fact]
    public void An_operation_that_cannot_read_the_answer_it_got_may_have_happened_and_is_tried_again_under_its_token()
    {
        var tries = 0;
        _ledger.Fails = _ => ++tries == 1 ? new JsonException("The answer was cut off.") : null;
        var node = Node();
        var id = node.Start("hike", """{"name":"Ann","steps":1}""");
        node.Shell.Pass(1.Minutes);
        Assert.Equal("ARRIVED", node.Look(id).State);
        Assert.Equal(2, _ledger.Tokens.Count);
        Assert.Single(_ledger.Tokens.Distinct());
    }

    [Fact]
    public void An_undo_that_cannot_read_the_answer_it_got_is_tried_again()
    {
        var tries = 0;
        _ledger.Fails = n => n == 2 ? new PermanentFailure("blister", "It hurts.") : null;
        _ledger.UndoFails = _ => ++tries == 1 ? new JsonException("The answer was cut off.") : null;
        var node = Node();
        var id = node.Start("hike", """{"name":"Ann","steps":2}""");
        node.Shell.Pass(1.Minutes);
        Assert.Equal("TURNED_BACK", node.Look(id).State);
        Assert.Empty(_store.PageRecords);
    }

    [Theory]
    [InlineData("""{"number":3}""")]      // its record throws
    [InlineData("""{"nothing":0}""")]     // of another shape
    public void A_message_that_the_body_cannot_read_is_an_incident_and_the_visit_can_be_restarted_for_another(string bad)
    {
        var node = Node();
        var id = Run(node, async (visit, _, _) => new Answered($"{(await visit.Signal<Even>())!.Number}"));
        node.Done(node.Engine.Signal(id, "even", "m1", Encoding.UTF8.GetBytes(bad)));
        Assert.Equal("payload.unreadable", node.Look(id).Incident?.Failure.Code);
        Assert.Single(_store.PageRecords);
        node.Done(node.Engine.Retry(id, Operator, 1, RetryMode.RestartVisit));
        node.Done(node.Engine.Signal(id, "even", "m2", """{"number":4}"""u8.ToArray()));
        Assert.Equal("""{"text":"4"}""", node.DataOf(id));
        Assert.Empty(node.Logged);
    }

    [Fact]
    public void An_input_that_its_record_refuses_is_refused_with_its_words_and_leaves_nothing()
    {
        var node = new TestNode(_store, _shell, p => p.Workflow<Evens>());
        var answer = Assert.IsType<StartAnswer.Invalid>(node.Done(node.Engine.Start(new("evens", "k", """{"number":3}"""u8.ToArray()))));
        Assert.Contains("3 is odd.", Assert.Single(answer.Faults).Message, StringComparison.Ordinal);
        Assert.Equal(0, _store.Commits);
    }

    [Fact]
    public void A_cancellation_whose_record_cannot_be_made_is_answered_and_the_instance_goes_on()
    {
        var node = Node();
        var id = Run(node, async (visit, _, _) => { await visit.Sleep(1.Minutes); return new Answered(""); });
        Assert.Equal("command.failed", Assert.IsType<CommandAnswer.Unavailable>(node.Done(node.Engine.Cancel(id, Operator, "throw"))).Code);
        node.Shell.Pass(1.Minutes);
        Assert.Equal("ANSWERED", node.Look(id).State);
    }

    [Fact]
    public void A_child_that_cannot_be_started_is_an_incident_of_its_parent_and_a_retry_starts_it()
    {
        var dock = new Dock();
        var node = new TestNode(_store, _shell, p => p.Workflow<Sends>().Workflow<Freight>(), s => s.AddSingleton(dock));
        Freight.Body = async (visit, ship, _) => { await visit.Run(ship, new("x")); return new Gone("by sea"); };
        node.Start("freight", """{"name":"taken"}""");
        var parent = node.Start("sends", """{"name":"taken"}""");
        node.Shell.Settle();
        Assert.Equal("child.business-key", node.Look(parent).Incident?.Failure.Code);
        _store.FreeBusinessKey("taken");
        node.Done(node.Engine.Retry(parent, Operator));
        node.Shell.Settle();
        Assert.Equal(("SENT", """{"how":"GONE"}"""), (node.Look(parent).State, node.DataOf(parent)));

        var bad = node.Start("sends", """{"name":"throw"}""");
        node.Shell.Settle();
        Assert.Equal("child.input", node.Look(bad).Incident?.Failure.Code);
        Assert.Empty(node.Logged);
    }

    [Fact]
    public void A_child_that_its_parent_cancels_ends_with_the_data_that_its_map_makes()
    {
        Script.Body = async (visit, _, _) => { await visit.Sleep(1.Days); return new Answered(""); };
        var node = new TestNode(_store, _shell, p => p.Workflow<Asks>().Workflow<Script>(), s => s.AddSingleton(_ledger));
        var parent = node.Start("asks", """{"name":"p"}""");
        node.Shell.Settle();
        node.Done(node.Engine.Cancel(parent, Operator, "enough"));
        node.Shell.Pass(5.Seconds);
        Assert.True(node.Look(parent).Ended);
        var child = Assert.Single(node.Done(_store.List(new(), null, 100, default)), r => r.Workflow == "script").Id;
        Assert.Equal(("DROPPED", """{"why":"The parent was cancelled."}"""), (node.Look(child).State, node.DataOf(child)));
    }
}

public sealed class Evens() : Workflow<Even>("evens", 1)
{
    protected override Map<Even> Define(Map<Even> map) => map.Start().Runs((_, _) => Task.FromResult<To<Sent>>(new Sent(""))).End<Sent>("SENT");
}

/// <summary>A parent that has a parcel sent.</summary>
public sealed record Sent(string How);
public sealed class Sends(Freight freight) : Workflow<Parcel>("sends", 1)
{
    protected override Map<Parcel> Define(Map<Parcel> map) => map.Start().Runs(Send).End<Sent>("SENT");
    public async Task<To<Sent>> Send(IVisit<Parcel> visit, Parcel parcel) => new Sent((await visit.Child(freight, parcel.Name, parcel)).State);
}

/// <summary>A parent that has a question asked.</summary>
public sealed class Asks(Script script) : Workflow<Parcel>("asks", 1)
{
    protected override Map<Parcel> Define(Map<Parcel> map) => map.Start().Runs(Send).End<Sent>("SENT");
    public async Task<To<Sent>> Send(IVisit<Parcel> visit, Parcel parcel) => new Sent((await visit.Child(script, "q", new Ask(parcel.Name))).State);
}
