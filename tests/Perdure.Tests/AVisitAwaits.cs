using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Tests;

public sealed record Ask(string Question, int Patience = 10);
public sealed record Weighing(string Text);
public sealed record Answered(string Text);
public sealed record Dropped(string Why);
public sealed record Reply(string Text);

/// <summary>A workflow whose body the test gives.</summary>
public sealed class Script(Walk walk, Hike hike) : Workflow<Ask>("script", 1)
{
    public static Func<IVisit<Ask>, Walk, Hike, Task<To<Answered, Weighing, Dropped>>> Body { get; set; } = null!;

    protected override Map<Ask> Define(Map<Ask> map) => map
        .Start("Asked", within: 1.Hours, page: Severity.High).Runs(Run)
        .Gate<Weighing>(role: "judge", within: 1.Days).Decides(Decide)
        .End<Answered>("ANSWERED").Revoked<Dropped>("DROPPED", cancelled: by => new Dropped(by.Reason != "throw" ? by.Reason : throw new InvalidOperationException("No words.")));

    public Task<To<Answered, Weighing, Dropped>> Run(IVisit<Ask> visit, Ask ask) => Body(visit, walk, hike);

    public To<Answered, Dropped> Decide(IVisit<Ask> visit, Weighing waiting, Decision decision) =>
        decision.Approved ? new Answered($"{waiting.Text} by {decision.By}") : new Dropped(decision.Why);
}

[Collection("script")]
public sealed class AVisitAwaits
{
    private readonly Ledger _ledger = new();
    private readonly MemoryStore _store = new();
    private readonly TestShell _shell = new();
    private const string Input = """{"question":"why"}""";
    private static readonly Caller Operator = new("olga", ["judge"]);

    private TestNode Node(TestShell? shell = null, Action<PerdureOptions>? options = null) => new(_store, shell ?? _shell,
        p => p.Workflow<Script>().Workflow<Hike>().Configure(options ?? (_ => { })), s => s.AddSingleton(_ledger));

    /// <summary>Another process over the same store, at the same moment.</summary>
    private TestNode Again(TestNode before)
    {
        before.Die();
        return Node(new TestShell { Clock = _shell.Clock });
    }

    private InstanceId Run(TestNode node, Func<IVisit<Ask>, Walk, Hike, Task<To<Answered, Weighing, Dropped>>> body)
    {
        Script.Body = body;
        var id = node.Start("script", Input);
        node.Shell.Settle();
        return id;
    }

    [Fact]
    public void A_sleep_of_thirty_days_across_a_crash_and_never_ends_early()
    {
        var node = Node();
        var id = Run(node, async (visit, _, _) => { await visit.Sleep(30.Days); return new Answered("late"); });
        Assert.Equal(Status.Waiting, node.Look(id).Status);
        node = Again(node);
        node.Shell.Pass(30.Days - 1.Seconds);
        Assert.Equal("Asked", node.Look(id).State);
        node.Shell.Pass(2.Seconds);
        Assert.Equal("ANSWERED", node.Look(id).State);
    }

    [Fact]
    public void A_signal_that_comes_late_early_twice_or_never()
    {
        Func<IVisit<Ask>, Walk, Hike, Task<To<Answered, Weighing, Dropped>>> body = async (visit, _, _) =>
            await visit.Signal<Reply>(within: 1.Minutes) is { } reply ? new Answered(reply.Text) : new Dropped("nobody");
        var node = Node();
        var late = Run(node, body);
        node.Done(node.Engine.Signal(late, "reply", "m1", """{"text":"yes"}"""u8.ToArray()));
        Assert.Equal("""{"text":"yes"}""", node.DataOf(late));

        var never = Run(node, body);
        node.Shell.Pass(2.Minutes);
        Assert.Equal("DROPPED", node.Look(never).State);

        var twice = Run(node, async (visit, _, _) =>
        {
            await visit.Sleep(1.Minutes);
            return new Answered((await visit.Signal<Reply>())!.Text + (await visit.Signal<Reply>())!.Text);
        });
        Assert.True(((CommandAnswer.Done)node.Done(node.Engine.Signal(twice, "reply", "m1", """{"text":"a"}"""u8.ToArray()))).Changed);
        Assert.False(((CommandAnswer.Done)node.Done(node.Engine.Signal(twice, "reply", "m1", """{"text":"a"}"""u8.ToArray()))).Changed);
        node = Again(node);
        node.Shell.Pass(2.Minutes);
        Assert.Equal("Asked", node.Look(twice).State);
        Assert.False(((CommandAnswer.Done)node.Done(node.Engine.Signal(twice, "reply", "m1", """{"text":"a"}"""u8.ToArray()))).Changed);
        node.Done(node.Engine.Signal(twice, "reply", "m2", """{"text":"b"}"""u8.ToArray()));
        Assert.Equal("""{"text":"ab"}""", node.DataOf(twice));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"text":"a","text":"b"}""")]
    [InlineData("""{"\ud800":1}""")]
    [InlineData("""{"text":{"\udc00":1}}""")]
    public void A_signal_whose_body_is_no_strict_JSON_is_refused_with_its_fault(string body)
    {
        var node = Node();
        var waits = Run(node, async (visit, _, _) => new Answered((await visit.Signal<Reply>())!.Text));
        var refused = Assert.IsType<CommandAnswer.Invalid>(node.Done(node.Engine.Signal(waits, "reply", "m1", System.Text.Encoding.UTF8.GetBytes(body))));
        Assert.Single(refused.Faults);
        Assert.Equal("Asked", node.Look(waits).State);
    }

    [Fact]
    public void Operations_at_once_and_each_result_in_its_place_also_after_a_crash_in_the_middle()
    {
        var node = Node();
        var crash = true;
        _ledger.Fails = n => { if (n == 3 && crash) { crash = false; node.Die(); } return null; };
        var id = Run(node, async (visit, walk, _) =>
        {
            var legs = await visit.Each(walk, [new Leg(1), new Leg(2), new Leg(3), new Leg(4)], leg => $"{leg.Number}", atOnce: 2);
            await Task.WhenAll(visit.Run(walk, new(5), key: "a"), visit.Run(walk, new(6), key: "b")).ConfigureAwait(false);
            return new Answered(string.Join(',', legs.Select(l => l.Number)));
        });
        node = Again(node);
        node.Shell.Pass(1.Minutes);
        Assert.Equal("""{"text":"1,2,3,4"}""", node.DataOf(id));
        Assert.Equal(6, _ledger.Tokens.Distinct().Count());
        Assert.Empty(node.Logged);
    }

    [Fact]
    public void A_race_has_one_winner_for_ever_and_its_loser_is_undone_if_it_may_have_happened()
    {
        var node = Node();
        var id = Run(node, async (visit, walk, _) =>
        {
            var first = await visit.Race("who", visit.Signal<Reply>(), visit.Sleep(1.Minutes));
            await visit.Sleep(1.Minutes, "more");
            return new Answered($"{first}");
        });
        node.Shell.Pass(90.Seconds);
        Assert.Equal("Asked", node.Look(id).State);
        node = Again(node);
        node.Shell.Pass(1.Minutes);
        Assert.Equal("""{"text":"1"}""", node.DataOf(id));
        Assert.Empty(node.Logged);
    }

    [Fact]
    public void What_is_decided_once_stays_decided()
    {
        var node = Node();
        var calls = 0;
        var id = Run(node, async (visit, _, _) =>
        {
            var (n, at, share, made) = (visit.Once("n", () => ++calls), visit.Now(), visit.Random(), visit.NewId());
            await visit.Sleep(1.Minutes);
            return new Answered($"{n} {at:O} {share} {made} {visit.Once("n", () => ++calls)}");
        });
        var made = System.Text.Encoding.UTF8.GetString(node.Look(id).Journal["id"].Input!.Body.Span).Trim('"');
        node = Again(node);
        node.Shell.Pass(2.Minutes);
        Assert.StartsWith("{\"text\":\"1 2026-01-01T00:00:00", node.DataOf(id));
        Assert.EndsWith($"{made} 2\"}}", node.DataOf(id));
        Assert.Equal(2, calls);
    }

    [Fact]
    public void A_gate_waits_for_the_right_role_and_records_who_decided()
    {
        var node = Node();
        var id = Run(node, async (visit, walk, _) => { await visit.Run(walk, new(1)); return new Weighing("heavy"); });
        node = Again(node);
        var gate = node.Look(id);
        Assert.Equal((Status.Waiting, "Weighing"), (gate.Status, gate.State));
        Assert.Equal("gate.role", ((CommandAnswer.Refused)node.Done(node.Engine.Decide(id, gate.Visit, true, new("eve", []), ""))).Code);
        Assert.Equal("gate.not-open", ((CommandAnswer.Refused)node.Done(node.Engine.Decide(id, gate.Visit + 1, true, Operator, ""))).Code);
        Assert.IsType<CommandAnswer.Done>(node.Done(node.Engine.Decide(id, gate.Visit, true, Operator, "fine")));
        Assert.Equal("""{"text":"heavy by olga"}""", node.DataOf(id));
        Assert.Contains(node.Events(id), e => e is GateDecided { By: "olga", Why: "fine" });
    }

    [Fact]
    public void A_deadline_that_passes_raises_one_page_restart_or_not()
    {
        var node = Node();
        Run(node, async (visit, _, _) => { await visit.Sleep(3.Hours); return new Answered(""); });
        node = Again(node);
        node.Shell.Pass(90.Minutes);
        node = Again(node);
        node.Shell.Pass(90.Minutes);
        Assert.Equal(Severity.High, Assert.Single(_store.PageRecords).Page.Severity);
    }

    [Fact]
    public void Cancelling_undoes_and_ends_where_the_map_says()
    {
        var node = Node();
        var id = Run(node, async (visit, walk, _) => { await visit.Run(walk, new(1)); await visit.Sleep(1.Days); return new Answered(""); });
        Assert.True(((CommandAnswer.Done)node.Done(node.Engine.Cancel(id, Operator, "changed my mind"))).Changed);
        node.Shell.Settle();
        Assert.Equal(("DROPPED", """{"why":"changed my mind"}"""), (node.Look(id).State, node.DataOf(id)));
        Assert.Equal(["run 1", "undo 1"], _ledger.Log);
        Assert.False(((CommandAnswer.Done)node.Done(node.Engine.Cancel(id, Operator, "again"))).Changed);
        Assert.IsType<CommandAnswer.NotFound>(node.Done(node.Engine.Cancel(new(12345), Operator, "")));
    }

    [Fact]
    public void A_paused_instance_stands_still_until_it_is_resumed()
    {
        var node = Node();
        var id = Run(node, async (visit, walk, _) => { await visit.Sleep(1.Minutes); await visit.Run(walk, new(1)); return new Answered(""); });
        node.Done(node.Engine.Pause(id, Operator));
        node.Shell.Pass(5.Minutes);
        Assert.Empty(_ledger.Log);
        node = Again(node);
        node.Shell.Pass(5.Minutes);
        Assert.Equal((Status.Paused, 0), (node.Look(id).Status, _ledger.Log.Count));
        node.Done(node.Engine.Resume(id, Operator));
        node.Shell.Pass(1.Minutes);
        Assert.Equal("ANSWERED", node.Look(id).State);
    }

    [Fact]
    public void A_child_is_started_awaited_across_a_crash_and_cancelled_with_its_parent()
    {
        var node = Node();
        var id = Run(node, async (visit, _, hike) =>
        {
            var child = await visit.Child(hike, "c1", new Trip("kid", 2));
            return new Answered($"{child.State} {child.Data.GetProperty("report").GetString()}");
        });
        node.Shell.Pass(1.Seconds);
        Assert.Equal("""{"text":"ARRIVED kid walked 2"}""", node.DataOf(id));

        _ledger.Fails = n => new TimeoutException();
        var parent = Run(node, async (visit, _, hike) => new Answered((await visit.Child(hike, "c2", new Trip("slow", 1))).State));
        node = Again(node);
        node.Shell.Settle();
        node.Done(node.Engine.Cancel(parent, Operator, "enough"));
        node.Shell.Pass(1.Minutes);
        Assert.Equal("DROPPED", node.Look(parent).State);
        var rows = node.Done(_store.List(new(), null, 100, default));
        Assert.All(rows, r => Assert.Equal(Status.Ended, r.Status));
        Assert.Contains(rows, r => r.Workflow == "hike" && r.State == MapDefinition.Cancelled);
        Assert.Empty(node.Logged);
    }

    [Fact]
    public void A_body_that_throws_is_an_incident_with_its_cause_and_an_operator_goes_on_with_mended_code()
    {
        var node = Node();
        var id = Run(node, async (visit, walk, _) =>
        {
            await visit.Run(walk, new(1));
            throw new InvalidOperationException("broken", new FormatException("inner"));
        });
        var incident = node.Look(id).Incident!;
        Assert.Equal(("body.exception", "broken"), (incident.Failure.Code, incident.Failure.Message));
        Assert.Equal(["InvalidOperationException", "FormatException"], incident.Failure.Causes.Select(c => c.Type));
        Assert.NotNull(incident.Failure.Stack);
        Assert.Single(_store.PageRecords);
        Script.Body = async (visit, walk, _) => { await visit.Run(walk, new(1)); return new Answered("mended"); };
        node = Again(node);
        node.Done(node.Engine.Retry(id, Operator, incident.Number));
        node.Shell.Settle();
        Assert.Equal("""{"text":"mended"}""", node.DataOf(id));
        Assert.Equal(["run 1"], _ledger.Log);
    }

    [Fact]
    public void A_body_that_no_longer_asks_as_journaled_diverges_and_a_catch_cannot_hide_it()
    {
        var node = Node();
        Func<IVisit<Ask>, Walk, Hike, Task<To<Answered, Weighing, Dropped>>> old = async (visit, walk, _) =>
        {
            await visit.Run(walk, new(1));
            await visit.Sleep(1.Minutes);
            return new Answered("old");
        };
        var changed = Run(node, old);
        var unasked = Run(node, old);
        Script.Body = async (visit, walk, _) =>
        {
            try
            {
                if (visit.Instance == changed.ToString()) await visit.Run(walk, new(99));
                await visit.Sleep(1.Minutes);
            }
            catch (Exception)
            {
                return new Answered("hidden");
            }
            return new Answered("new");
        };
        node = Again(node);
        node.Shell.Pass(2.Minutes);
        Assert.Equal("replay.diverged", node.Look(changed).Incident?.Failure.Code);
        Assert.Equal("replay.diverged", node.Look(unasked).Incident?.Failure.Code);

        node.Done(node.Engine.Retry(unasked, Operator, 1, RetryMode.Accept));
        node.Done(node.Engine.Retry(changed, Operator, 1, RetryMode.RestartVisit));
        node.Shell.Pass(2.Minutes);
        Assert.Equal("""{"text":"new"}""", node.DataOf(unasked));
        Assert.Equal("""{"text":"new"}""", node.DataOf(changed));
        Assert.Equal(["run 1", "run 1", "undo 1", "run 99"], _ledger.Log);
    }

    [Theory]
    [InlineData(false, "True")]
    [InlineData(true, "False")]
    public void A_body_learns_of_a_failed_step_whether_any_attempt_may_have_happened(bool conclusive, string told)
    {
        var tries = 0;
        _ledger.Fails = _ => ++tries == 1 ? new UnknownOutcome("lost", "Who knows.") : new PermanentFailure("no", "Never.") { Conclusive = conclusive };
        var node = Node();
        var id = Run(node, async (visit, walk, _) => new Answered($"{(await visit.Try(walk, new(1))).Failure!.Unknown}"));
        node.Shell.Pass(1.Minutes);
        Assert.Equal($$"""{"text":"{{told}}"}""", node.DataOf(id));
    }

    [Fact]
    public void A_name_used_twice_is_numbered_in_a_loop_and_needs_a_key_once_operations_overlap()
    {
        var node = Node();
        var loop = Run(node, async (visit, walk, _) => { for (var i = 0; i < 3; i++) await visit.Run(walk, new(i)); return new Answered(""); });
        Assert.Equal("ANSWERED", node.Look(loop).State);
        var overlap = Run(node, async (visit, walk, _) => { await Task.WhenAll(visit.Run(walk, new(1)), visit.Run(walk, new(2))); return new Answered(""); });
        Assert.Equal("replay.name-repeated", node.Look(overlap).Incident?.Failure.Code);
    }

    [Fact]
    public void A_name_that_was_given_and_is_a_numbered_repeat_s_as_well_is_told_with_its_fix()
    {
        var node = Node();
        var id = Run(node, async (visit, walk, _) =>
        {
            await visit.Run(walk, new(0), name: "walk#2");
            for (var i = 0; i < 2; i++) await visit.Run(walk, new(i), name: "walk");
            return new Answered("");
        });
        var failure = node.Look(id).Incident?.Failure;
        Assert.Equal("replay.name-repeated", failure?.Code);
        Assert.Contains("\"walk#2\" is the name of use 2 of \"walk\"", failure!.Message, StringComparison.Ordinal);
        Assert.Contains("Give that one another name", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Waiting_instances_leave_memory_and_come_back_when_something_comes()
    {
        var node = Node(options: o => o.HotMax = 2);
        var finallyRan = 0;
        var ids = Enumerable.Range(0, 10).Select(i => Run(node, async (visit, walk, _) =>
        {
            try
            {
                await visit.Run(walk, new(1));
                return new Answered((await visit.Signal<Reply>())!.Text);
            }
            finally
            {
                finallyRan++;
            }
        })).ToList();
        node.Shell.Settle();
        Assert.True(node.Engine.Health.Hot <= 3, $"{node.Engine.Health.Hot} instances are in memory.");
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(0, finallyRan);
        foreach (var id in ids) node.Done(node.Engine.Signal(id, "reply", "m", """{"text":"x"}"""u8.ToArray()));
        Assert.All(ids, id => Assert.Equal("ANSWERED", node.Look(id).State));
        Assert.Equal(10, _ledger.Log.Count);
        Assert.Empty(node.Logged);
    }

    [Fact]
    public void A_store_that_cannot_write_is_said_at_once_and_everything_goes_on_when_it_can()
    {
        var node = Node();
        var id = Run(node, async (visit, walk, _) => { await visit.Signal<Reply>(); await visit.Run(walk, new(1)); return new Answered(""); });
        _store.Fault = _ => new CommitAnswer.Failed(new("store.full", "The disk is full."));
        Assert.Equal("store.full", ((CommandAnswer.Unavailable)node.Done(node.Engine.Signal(id, "reply", "m", """{"text":"x"}"""u8.ToArray()))).Code);
        Assert.Equal("store.full", ((StartAnswer.Unavailable)node.Done(node.Engine.Start(new("script", "k", System.Text.Encoding.UTF8.GetBytes(Input))))).Code);
        Assert.False(node.Engine.Health.Ready);
        node.Shell.Pass(1.Minutes);
        Assert.Empty(_ledger.Log);
        _store.Fault = null;
        node.Shell.Pass(10.Seconds);
        Assert.True(node.Engine.Health.Ready);
        Assert.Equal("ANSWERED", node.Look(id).State);
    }

    [Fact]
    public void A_poison_instance_is_quarantined_and_the_others_go_on()
    {
        var node = Node();
        TestNode? current = node;
        _ledger.Fails = n => { if (n == 666) current!.Die(); return null; };
        Script.Body = async (visit, walk, _) => { await visit.Run(walk, new(visit.Input.Question == "poison" ? 666 : 1)); await visit.Signal<Reply>(); return new Answered(""); };
        var good = node.Start("script", """{"question":"fine"}""", "good");
        _ = node.Engine.Start(new("script", "bad", """{"question":"poison"}"""u8.ToArray()));
        node.Shell.Settle();
        for (var deaths = 0; deaths < 10; deaths++)
        {
            var shell = new TestShell { Clock = _shell.Clock };
            Assert.NotNull(current);
            current = null;
            TestNode? made = null;
            _ledger.Fails = n => { if (n == 666) shell.Die(); return null; };
            made = Node(shell);
            shell.Pass(2.Minutes);
            current = made;
        }
        var poison = node.Done(_store.FindKey("default", "script", "bad", default))!.Instance;
        Assert.Equal("instance.quarantined", current!.Look(poison).Incident?.Failure.Code);
        Assert.InRange(_ledger.Log.Count(l => l == "run 666"), 5, 7);
        current.Done(current.Engine.Signal(good, "reply", "m", """{"text":"x"}"""u8.ToArray()));
        Assert.Equal("ANSWERED", current.Look(good).State);
    }

    [Fact]
    public void A_stop_lets_what_runs_end_takes_nothing_new_and_loses_nothing()
    {
        var node = Node();
        var release = new TaskCompletionSource();
        _ledger.Waits = release.Task;
        var id = Run(node, async (visit, walk, _) => { await visit.Run(walk, new(1)); await visit.Run(walk, new(2)); return new Answered(""); });
        var stopped = node.Stop();
        node.Shell.Settle();
        Assert.Equal("node.stopping", ((StartAnswer.Unavailable)node.Done(node.Engine.Start(new("script", "k", System.Text.Encoding.UTF8.GetBytes(Input))))).Code);
        Assert.False(stopped.IsCompleted);
        TestShell.Do(release.SetResult);
        node.Shell.Pass(1.Seconds);
        Assert.True(stopped.IsCompletedSuccessfully);
        Assert.Equal(["run 1"], _ledger.Log);
        _ledger.Waits = Task.CompletedTask;
        node = Node(new TestShell { Clock = _shell.Clock });
        node.Shell.Settle();
        Assert.Equal("ANSWERED", node.Look(id).State);
        Assert.Equal(["run 1", "run 2"], _ledger.Log);
    }
}
