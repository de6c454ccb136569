using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Tests;

public sealed record Parcel(string Name, int Weight = 1);
public sealed record Weighed(int Weight);
public sealed record Gone(string How);
public sealed record Back(string Why);

/// <summary>An operation that does what the test says.</summary>
public sealed class Ship(Dock dock) : Operation<Parcel, Weighed>
{
    public override Retry Retry => Retry.Exponential(1.Seconds, attempts: 2, jitter: TimeSpan.Zero);
    public override TimeSpan Timeout => 10.Seconds;
    public override int Concurrency => 2;
    public override Task<Weighed> Run(Parcel parcel, Attempt attempt) => dock.Run(parcel, attempt);
    public override Task Undo(Parcel parcel, Weighed? output, Attempt attempt)
    {
        dock.Undone.Add(parcel.Name);
        return Task.CompletedTask;
    }
}

public sealed class Once(Dock dock) : Irreversible<Parcel, Weighed>
{
    public override bool AtMostOnce => true;
    public override Task<Weighed> Run(Parcel parcel, Attempt attempt) => dock.Run(parcel, attempt);
}

public sealed class Dock
{
    public Func<Parcel, Attempt, Task<Weighed>> Run { get; set; } = (parcel, _) => Task.FromResult(new Weighed(parcel.Weight));
    public List<string> Undone { get; } = [];
}

public sealed class Freight(Ship ship, Once once) : Workflow<Parcel>("freight", 1)
{
    public static Func<IVisit<Parcel>, Ship, Once, Task<To<Weighed, Gone, Back>>> Body { get; set; } = null!;
    protected override string? BusinessKey(Parcel input) => input.Name != "throw" ? input.Name : throw new InvalidOperationException("No key.");
    protected override Map<Parcel> Define(Map<Parcel> map) => map
        .Start("Packed").Runs(Go).State<Weighed>("Weighed", settles: true).Runs(Leave).End<Gone>("GONE").Revoked<Back>("BACK");
    public Task<To<Weighed, Gone, Back>> Go(IVisit<Parcel> visit, Parcel parcel) => Body(visit, ship, once);
    public async Task<To<Gone, Back, Weighed>> Leave(IVisit<Parcel> visit, Weighed weighed)
    {
        if (weighed.Weight == 0) return new Weighed(0);
        await visit.Run(ship, new("second"));
        return weighed.Weight < 0 ? new Back("too light") : new Gone("by ship");
    }
}

/// <summary>The same map, another way to an end: version 2 from version 1's map.</summary>
public sealed class FreightV2(Freight v1) : Workflow<Parcel>("freight", 2)
{
    protected override string? BusinessKey(Parcel input) => input.Name;
    protected override Map<Parcel> Define(Map<Parcel> map) => v1.Map.Redirect((Gone gone) => new Flown(gone.How)).Without<Gone>().End<Flown>("FLOWN");
}
public sealed record Flown(string How);

[Collection("script")]
public sealed class ANodeHolds
{
    private readonly Dock _dock = new();
    private readonly MemoryStore _store = new();
    private readonly TestShell _shell = new();
    private int _names;

    private TestNode Node(Action<PerdureOptions>? options = null, Action<PerdureBuilder>? more = null, TestShell? shell = null) => new(_store, shell ?? _shell, p =>
    {
        p.Workflow<Freight>().Configure(options ?? (_ => { }));
        more?.Invoke(p);
    }, s => s.AddSingleton(_dock));

    private TestNode Again(TestNode before, Action<PerdureBuilder>? more = null)
    {
        before.Die();
        return Node(null, more, new TestShell { Clock = _shell.Clock });
    }

    private InstanceId Run(TestNode node, Func<IVisit<Parcel>, Ship, Once, Task<To<Weighed, Gone, Back>>> body)
    {
        Freight.Body = body;
        return node.Start("freight", $$"""{"name":"p{{++_names}}"}""");
    }

    private static byte[] Json(string name) => Encoding.UTF8.GetBytes($$"""{"name":"{{name}}"}""");

    [Fact]
    public void Two_versions_side_by_side_and_new_starts_take_the_highest()
    {
        var node = Node();
        var old = Run(node, async (visit, ship, _) => { await visit.Sleep(1.Hours); await visit.Run(ship, new("x")); return new Gone("slowly"); });
        node = Again(node, p => p.Workflow<FreightV2>());
        var young = node.Start("freight", """{"name":"young"}""", "young");
        node.Shell.Pass(2.Hours);
        Assert.Equal(("GONE", 1), (node.Look(old).State, node.Look(old).WorkflowVersion));
        Assert.Equal(("FLOWN", 2), (node.Look(young).State, node.Look(young).WorkflowVersion));
        Assert.Equal(2, node.Engine.Workflows.Count);
    }

    [Fact]
    public void An_instance_whose_code_is_absent_waits_and_says_so()
    {
        var node = Node(more: p => p.Workflow<FreightV2>());
        Freight.Body = async (visit, _, _) => { await visit.Sleep(1.Minutes); return new Gone("later"); };
        var id = node.Start("freight", """{"name":"x"}""");
        node = Again(node);
        node.Shell.Pass(5.Minutes);
        Assert.NotNull(node.Done(node.Engine.Get(id))!.CodeAbsent);
        Assert.Contains(node.Engine.Health.Problems, p => p.Contains("freight version 2", StringComparison.Ordinal));
        Assert.Equal("workflow.absent", ((CommandAnswer.Unavailable)node.Done(node.Engine.Pause(id, new("o", [])))).Code);
        node = Again(node, p => p.Workflow<FreightV2>());
        node.Shell.Pass(1.Minutes);
        Assert.Equal("FLOWN", node.Look(id).State);
    }

    [Fact]
    public void An_at_most_once_operation_of_unknown_outcome_parks_and_is_not_started_again()
    {
        var node = Node();
        var runs = 0;
        _dock.Run = (_, _) => { runs++; node.Die(); return new TaskCompletionSource<Weighed>().Task; };
        Freight.Body = async (visit, _, once) => { await visit.Run(once, new("x")); return new Gone("once"); };
        _ = node.Engine.Start(new("freight", "k", Json("p")));
        node.Shell.Settle();
        node = Again(node);
        var id = node.Done(_store.FindKey("default", "freight", "k", default))!.Instance;
        node.Shell.Pass(1.Hours);
        Assert.Equal(("step.outcome-unknown", 1), (node.Look(id).Incident?.Failure.Code, runs));
        Assert.Single(_store.PageRecords);
        _dock.Run = (parcel, _) => { runs++; return Task.FromResult(new Weighed(1)); };
        node.Done(node.Engine.Retry(id, new("olga", [])));
        node.Shell.Settle();
        Assert.Equal(("GONE", 2), (node.Look(id).State, runs));
    }

    [Fact]
    public void An_operation_that_never_answers_times_out_as_unknown_under_the_same_token_and_is_undone()
    {
        var node = Node();
        List<string> tokens = [];
        _dock.Run = (_, attempt) => { tokens.Add(attempt.Token); return new TaskCompletionSource<Weighed>().Task; };
        var id = Run(node, async (visit, ship, _) => await visit.Try(ship, new("x")) is { Ok: false } f ? new Back(f.Failure.Code) : new Gone(""));
        node.Shell.Pass(1.Minutes);
        Assert.Equal(("BACK", """{"why":"step.timeout"}"""), (node.Look(id).State, node.DataOf(id)));
        Assert.Equal(2, tokens.Count);
        Assert.Single(tokens.Distinct());
        Assert.Equal(["x"], _dock.Undone);
    }

    [Fact]
    public void Progress_is_visible_while_an_operation_runs_and_its_concurrency_is_bounded()
    {
        var node = Node();
        var held = new Held();
        var running = 0;
        _dock.Run = async (_, attempt) =>
        {
            running++;
            attempt.Progress(0.5, "half way");
            await held.Wait();
            return new Weighed(1);
        };
        var id = Run(node, async (visit, ship, _) => { await visit.Each(ship, Enumerable.Range(0, 5).Select(n => new Parcel($"{n}")), p => p.Name); return new Gone(""); });
        Assert.Equal(2, running);
        Assert.Equal([new Progress(0.5, "half way"), new Progress(0.5, "half way")], node.Done(node.Engine.Get(id))!.Running.Values);
        held.LetGo();
        node.Shell.Pass(1.Seconds);
        Assert.Equal((5, "GONE"), (running, node.Look(id).State));
    }

    [Fact]
    public void Entering_a_state_that_settles_keeps_what_was_done_before()
    {
        var node = Node();
        var id = Run(node, async (visit, ship, _) => { await visit.Run(ship, new("first")); return new Weighed(-1); });
        node.Shell.Settle();
        Assert.Equal("BACK", node.Look(id).State);
        Assert.Equal(["second"], _dock.Undone);
    }

    [Fact]
    public void The_loser_of_a_race_stays_on_the_stack_if_it_may_have_happened()
    {
        var node = Node();
        _dock.Run = (_, attempt) =>
        {
            var never = new TaskCompletionSource<Weighed>();
            attempt.Cancelled.Register(() => never.TrySetCanceled(attempt.Cancelled));
            return never.Task;
        };
        var id = Run(node, async (visit, ship, _) =>
        {
            var won = await visit.Race("first", visit.Run(ship, new("slow")), visit.Sleep(1.Seconds));
            return new Back($"won by {won}");
        });
        node.Shell.Pass(5.Seconds);
        Assert.Equal("""{"why":"won by 1"}""", node.DataOf(id));
        Assert.Equal(["slow"], _dock.Undone);
    }

    [Fact]
    public void Over_the_limit_a_start_is_refused_at_once_and_what_was_admitted_goes_on()
    {
        var node = Node(o => o.InFlightMax = 5);
        var held = new Held();
        _dock.Run = async (_, _) => { await held.Wait(); return new Weighed(1); };
        Freight.Body = async (visit, ship, _) => { await visit.Run(ship, new("x")); return new Gone(""); };
        var answers = Enumerable.Range(0, 10).Select(n => node.Done(node.Engine.Start(new("freight", $"k{n}", Json($"n{n}"))))).ToList();
        Assert.Equal((5, 5), (answers.OfType<StartAnswer.Accepted>().Count(), answers.OfType<StartAnswer.Overloaded>().Count()));
        Assert.All(answers.OfType<StartAnswer.Overloaded>(), o => Assert.True(o.RetryAfter > TimeSpan.Zero));
        held.LetGo();
        node.Shell.Pass(1.Seconds);
        Assert.All(answers.OfType<StartAnswer.Accepted>(), a => Assert.Equal("GONE", node.Look(a.Instance).State));
    }

    [Fact]
    public void A_stop_cancels_what_outlasts_it_although_its_time_ends_just_as_a_lane_is_asked()
    {
        var node = Node(o => o.DrainWithin = 30.Milliseconds);
        var cancelled = false;
        _dock.Run = (_, attempt) =>
        {
            attempt.Cancelled.Register(() => cancelled = true);
            return Task.Delay(Timeout.InfiniteTimeSpan, node.Shell.Time, attempt.Cancelled).ContinueWith(_ => new Weighed(1), TaskContinuationOptions.ExecuteSynchronously);
        };
        Run(node, async (visit, ship, _) => { await visit.Run(ship, new("slow")); return new Gone(""); });
        Task? stop = null;
        TestShell.Do(() => stop = node.Stop());
        node.Shell.Settle();
        TestShell.Do(() => node.Shell.Clock.Advance(20.Milliseconds));      // the lane is asked a second time
        TestShell.Do(() => node.Shell.Clock.Advance(20.Milliseconds));      // and the time ends before it comes to answer
        node.Shell.Pass(5.Seconds);
        Assert.True(stop!.IsCompletedSuccessfully);
        Assert.True(cancelled);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_still_runs_from_a_visit_that_was_begun_again_is_undone_all_the_same(bool stopsWhenAsked)
    {
        var node = Node();
        _dock.Run = (parcel, attempt) =>
        {
            if (parcel.Name == "bad") throw new InvalidOperationException("It does not fit.");
            var never = new TaskCompletionSource<Weighed>();
            if (stopsWhenAsked) attempt.Cancelled.Register(() => never.TrySetCanceled(attempt.Cancelled));
            return never.Task;
        };
        var id = Run(node, async (visit, ship, once) =>
        {
            _ = visit.Run(ship, new("slow"), key: "slow");
            await visit.Run(ship, new("bad"), key: "bad");
            return new Gone("");
        });
        node.Shell.Pass(5.Seconds);
        Assert.Equal(Status.Incident, node.Look(id).Status);
        Freight.Body = (_, _, _) => Task.FromResult<To<Weighed, Gone, Back>>(new Back("given up"));
        node.Done(node.Engine.Retry(id, new("ann", []), 1, RetryMode.RestartVisit));
        node.Shell.Pass(1.Minutes);
        Assert.Equal("BACK", node.Look(id).State);
        Assert.Contains("slow", _dock.Undone);
    }

    [Fact]
    public void A_business_key_belongs_to_one_request()
    {
        var node = Node();
        Freight.Body = (_, _, _) => Task.FromResult<To<Weighed, Gone, Back>>(new Gone(""));
        var first = node.Start("freight", """{"name":"same"}""", "one");
        Assert.Equal(first, ((StartAnswer.BusinessKeyTaken)node.Done(node.Engine.Start(new("freight", "two", Json("same"))))).Instance);
        Assert.Equal(first, node.Start("freight", """{"name":"same"}""", "one"));
    }

    [Fact]
    public void What_the_database_refuses_is_an_incident_of_that_instance_alone()
    {
        var node = Node();
        Freight.Body = async (visit, ship, _) => { await visit.Signal<Reply>(); await visit.Run(ship, new("x")); return new Gone(""); };
        var bad = node.Start("freight", """{"name":"bad"}""");
        var good = node.Start("freight", """{"name":"good"}""");
        var refuse = true;
        _store.Fault = batch =>
        {
            if (!refuse || batch.Items.All(i => i.Instance != bad)) return null;
            refuse = false;
            return new CommitAnswer.Committed([.. batch.Items.Select(i => i.Instance == bad ? (ItemAnswer)new ItemAnswer.Refused("transition: not declared") : ItemAnswer.Skipped.Item)]);
        };
        node.Done(node.Engine.Signal(bad, "reply", "m", """{"text":""}"""u8.ToArray()));
        node.Done(node.Engine.Signal(good, "reply", "m", """{"text":""}"""u8.ToArray()));
        node.Shell.Pass(1.Seconds);
        Assert.Equal("store.refused", node.Look(bad).Incident?.Failure.Code);
        Assert.Equal("GONE", node.Look(good).State);
        Assert.True(node.Engine.Health.Ready);
    }

    [Fact]
    public void A_node_that_lost_its_lane_stops_and_says_so()
    {
        var node = Node();
        var id = Run(node, async (visit, ship, _) => { await visit.Signal<Reply>(); await visit.Run(ship, new("x")); return new Gone(""); });
        _ = Node(shell: new TestShell { Clock = _shell.Clock });      // another node takes the store over
        Assert.Equal("lane.fenced", ((CommandAnswer.Unavailable)node.Done(node.Engine.Signal(id, "reply", "m", """{"text":""}"""u8.ToArray()))).Code);
        Assert.False(node.Engine.Health.Ready);
        Assert.IsType<StartAnswer.Unavailable>(node.Done(node.Engine.Start(new("freight", "k", Json("late")))));
    }

    [Fact]
    public void An_operation_that_throws_when_it_is_asked_to_end_harms_nobody()
    {
        var node = Node();
        _dock.Run = (_, attempt) =>
        {
            attempt.Cancelled.Register(() => throw new InvalidOperationException("not now"));
            return new TaskCompletionSource<Weighed>().Task;
        };
        var id = Run(node, async (visit, ship, _) => await visit.Try(ship, new("x")) is { Ok: false } f ? new Back(f.Failure.Code) : new Gone(""));
        node.Shell.Pass(1.Minutes);
        Assert.Equal("""{"why":"step.timeout"}""", node.DataOf(id));
        Assert.Contains(node.Logged, l => l.Contains("not now", StringComparison.Ordinal));
    }

    [Fact]
    public void Instances_whose_code_is_absent_take_no_place_of_those_that_can_go_on()
    {
        var node = Node(more: p => p.Workflow<FreightV2>());
        _dock.Run = (_, _) => new TaskCompletionSource<Weighed>().Task;
        for (var i = 0; i < 5; i++) Run(node, async (visit, ship, _) => { await visit.Run(ship, new("x")); return new Gone(""); });
        node = Again(node);
        node.Shell.Pass(5.Seconds);
        Assert.Equal(0, node.Engine.Health.InFlight);
    }

    [Fact]
    public void A_body_that_awaits_what_is_not_of_its_visit_is_reported_and_one_that_goes_on_outside_is_stopped()
    {
        var node = Node();
        var foreign = new TaskCompletionSource();
        var stalled = Run(node, async (visit, ship, _) => { await foreign.Task; return new Gone(""); });
        node.Shell.Pass(30.Seconds);
        Assert.Equal("body.stalled", node.Look(stalled).Incident?.Failure.Code);

        var other = new TaskCompletionSource();
        var escaped = Run(node, async (visit, ship, _) => { await other.Task; await visit.Run(ship, new("x")); return new Gone(""); });
        TestShell.Do(other.SetResult);
        node.Shell.Pass(1.Seconds);
        Assert.Equal("replay.escaped", node.Look(escaped).Incident?.Failure.Code);
    }

    [Fact]
    public void A_body_that_awaits_one_task_at_two_places_is_told_that_this_may_be_why()
    {
        var node = Node();
        var weighed = new TaskCompletionSource<Weighed>();
        _dock.Run = (_, _) => weighed.Task;
        var twice = Run(node, async (visit, ship, _) =>
        {
            var first = visit.Run(ship, new("x"));
            async Task Then(string next)
            {
                await first;
                await visit.Run(ship, new(next), key: next);
            }
            await Task.WhenAll(Then("y"), Then("z"));
            return new Gone("");
        });
        weighed.SetResult(new(1));
        var began = System.Diagnostics.Stopwatch.GetTimestamp();      // what has left the engine goes on in its own time
        while (node.Look(twice).Incident is null && System.Diagnostics.Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(30)) node.Shell.Pass(1.Milliseconds);
        Assert.Equal("replay.escaped", node.Look(twice).Incident?.Failure.Code);
        Assert.Contains("one task of its visit at two places", node.Look(twice).Incident!.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loop_and_a_journal_without_end_are_found_and_not_run_for_ever()
    {
        var node = Node(o => o.Limits = o.Limits with { Visits = 50, JournalEntries = 50 });
        var loop = Run(node, (_, _, _) => Task.FromResult<To<Weighed, Gone, Back>>(new Weighed(0)));
        Assert.Equal("instance.loop", node.Look(loop).Incident?.Failure.Code);
        var full = Run(node, async (visit, ship, _) => { for (; ; ) await visit.Run(ship, new("x")); });
        node.Shell.Settle();
        Assert.Equal("visit.journal-full", node.Look(full).Incident?.Failure.Code);
    }

    [Fact]
    public void What_could_not_be_undone_here_is_said_before_it_must_be()
    {
        var node = Node();
        Run(node, async (visit, ship, _) => { await visit.Run(ship, new("x")); await visit.Sleep(1.Days); return new Gone(""); });
        node.Die();
        var other = new TestNode(_store, new TestShell { Clock = _shell.Clock }, p => p.Workflow<Hike>(), s => s.AddSingleton(new Ledger()));
        Assert.Contains(other.Engine.Health.Problems, p => p.Contains("\"ship\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(100)]
    public void What_waits_for_its_turn_and_is_cancelled_is_never_run(int operationsMax)
    {
        List<string> ran = [];
        List<TaskCompletionSource<Weighed>> ends = [];
        _dock.Run = (parcel, _) =>
        {
            ran.Add(parcel.Name);
            ends.Add(new());
            return ends[^1].Task;
        };
        var node = Node(o => o.OperationsMax = operationsMax);
        Freight.Body = async (visit, ship, _) => await visit.Run(ship, new(visit.Input.Name)) is { } weighed ? new Gone($"{weighed.Weight}") : new Back("");
        var ids = new[] { "a", "b", "c" }.Select(name => node.Start("freight", $$"""{"name":"{{name}}"}""")).ToList();
        Assert.Equal(["a", "b"], ran);
        node.Done(node.Engine.Cancel(ids[2], new("op", []), ""));
        Assert.Equal("CANCELLED", node.Look(ids[2]).State);
        foreach (var end in ends) TestShell.Do(() => end.SetResult(new(1)));
        _shell.Settle();
        Assert.Equal(["a", "b"], ran);
        Assert.Equal("GONE", node.Look(ids[0]).State);
        Assert.Empty(_dock.Undone);
    }
}
