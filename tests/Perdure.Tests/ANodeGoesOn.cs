using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Tests;

/// <summary>Whatever goes wrong around a node: it goes on by itself, or its process ends with an error so that the next one does. Nobody has to come.</summary>
[Collection("script")]
public sealed class ANodeGoesOn
{
    private readonly Ledger _ledger = new();
    private readonly MemoryStore _store = new();
    private readonly TestShell _shell = new();
    private readonly Host _host = new();
    private static readonly Caller Operator = new("olga", []);
    private static readonly StoreException Full = new("store.full", "The disk is full.");
    private static readonly byte[] Yes = [.. """{"text":"yes"}"""u8];

    private TestNode Node(TestShell? shell = null, Action<PerdureOptions>? options = null) => new(_store, shell ?? _shell,
        p => p.Workflow<Script>().Workflow<Hike>().Configure(options ?? (_ => { })), s => s.AddSingleton(_ledger).AddSingleton<IHostApplicationLifetime>(_host));

    private TestNode Again(TestNode before)
    {
        before.Die();
        return Node(new TestShell { Clock = _shell.Clock });
    }

    private static InstanceId Run(TestNode node, Func<IVisit<Ask>, Walk, Hike, Task<To<Answered, Weighing, Dropped>>> body)
    {
        Script.Body = body;
        return node.Start("script", """{"question":"why"}""");
    }

    private static async Task<To<Answered, Weighing, Dropped>> Parent(IVisit<Ask> visit, Walk walk, Hike hike) =>
        new Answered((await visit.Child(hike, "c", new Trip("kid", 1))).State);

    private static async Task<To<Answered, Weighing, Dropped>> Patient(IVisit<Ask> visit, Walk walk, Hike hike)
    {
        await visit.Signal<Reply>();
        await visit.Run(walk, new(1));
        return new Answered("");
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public void A_node_that_has_lost_its_lane_ends_its_host_with_an_error(bool unknown)
    {
        var node = Node();
        _store.Fault = _ => unknown ? new CommitAnswer.Unknown(new("store.io", "The volume is gone.")) : new CommitAnswer.Fenced(9);
        Assert.IsType<StartAnswer.Unavailable>(node.Done(node.Engine.Start(new("script", "k", Encoding.UTF8.GetBytes("""{"question":"why"}""")))));
        node.Shell.Settle();
        Assert.True(_host.ApplicationStopping.IsCancellationRequested);
        Assert.Contains(node.Logged, l => l.StartsWith("Critical", StringComparison.Ordinal));
        var stop = node.Stop();
        node.Shell.Pass(1.Seconds);
        Assert.Equal(unknown ? "store.io" : "lane.fenced", Assert.IsType<StoreException>(stop.Exception?.InnerException).Code);
    }

    [Fact]
    public void A_stop_that_has_not_lost_anything_ends_well_and_one_that_cannot_close_the_store_too()
    {
        var node = Node();
        _store.CloseFault = Full;
        var stop = node.Stop();
        node.Shell.Pass(1.Seconds);
        Assert.True(stop.IsCompletedSuccessfully);
        Assert.False(_host.ApplicationStopping.IsCancellationRequested);
        Assert.Contains(node.Logged, l => l.Contains("closed in order", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("drains"), InlineData("is full"), InlineData("has lost its lane")]
    public void A_timer_that_is_due_and_cannot_fire_now_does_not_keep_the_lane_running_in_circles(string node)
    {
        var host = Node(options: o => o.InFlightMax = node == "is full" ? 1 : o.InFlightMax);
        Run(host, async (visit, _, _) => { await visit.Sleep(10.Seconds); return new Answered(""); });
        host.Shell.Settle();
        _ledger.Waits = new TaskCompletionSource().Task;
        Script.Body = async (visit, walk, _) => { await visit.Run(walk, new(1)); return new Answered(""); };
        if (node == "has lost its lane") _store.Fault = _ => new CommitAnswer.Fenced(9);
        _ = host.Engine.Start(new("script", "another", Encoding.UTF8.GetBytes("""{"question":"why not"}""")));
        host.Shell.Settle();
        if (node == "drains") _ = host.Stop();
        host.Shell.Pass(11.Seconds);
        Assert.True(host.Shell.Next > _shell.Clock.GetUtcNow());
    }

    [Fact]
    public void A_timer_that_was_forgotten_brings_nobody_back_into_memory()
    {
        var node = Node();
        var id = Run(node, async (visit, _, _) => { await visit.Signal<Reply>(within: 10.Seconds); return new Answered(""); });
        node.Shell.Pass(1.Seconds);
        node.Done(node.Engine.Signal(id, "reply", "m1", Yes));
        node.Shell.Settle();
        Assert.Equal("ANSWERED", node.Look(id).State);
        var loads = 0;
        _store.LoadFault = _ => { loads++; return null; };
        node.Shell.Pass(1.Minutes);
        Assert.Equal(0, loads);
    }

    [Fact]
    public void A_child_whose_start_its_node_did_not_live_to_write_is_started_by_the_next_one()
    {
        var node = Node();
        _store.Fault = batch => batch.Items.Any(i => i is { Workflow: "hike", Start: not null }) ? new CommitAnswer.Failed(Full) : null;
        var id = Run(node, Parent);
        node.Shell.Settle();
        Assert.Equal(Status.Waiting, node.Look(id).Status);
        _store.Fault = null;
        node = Again(node);
        node.Shell.Pass(1.Minutes);
        Assert.Equal("ANSWERED", node.Look(id).State);
        Assert.Equal(["run 1"], _ledger.Log);
    }

    [Fact]
    public void The_end_of_a_child_that_nobody_awaits_any_more_is_not_kept()
    {
        var node = Node();
        _ledger.Waits = new TaskCompletionSource().Task;
        var id = Run(node, async (visit, _, hike) =>
        {
            var child = visit.Child(hike, "c", new Trip("kid", 1));
            await visit.Sleep(1.Seconds);
            throw new InvalidOperationException($"broken, {child.Status}");
        });
        node.Shell.Pass(10.Seconds);
        Assert.Equal(Status.Incident, node.Look(id).Status);
        Script.Body = async (visit, _, _) => { await visit.Sleep(1.Hours); return new Answered(""); };
        node.Done(node.Engine.Retry(id, Operator, 1, RetryMode.RestartVisit));
        node.Shell.Pass(1.Minutes);
        Assert.Equal("undo 1?", _ledger.Log[^1]);
        Assert.Empty(node.Done(_store.Outbox(0, 0, 10, default)));
        node.Shell.Pass(1.Hours);
        Assert.Equal("ANSWERED", node.Look(id).State);
    }

    [Fact]
    public void A_child_whose_start_met_a_full_disk_is_cancelled_with_its_parent()
    {
        var node = Node();
        _ledger.Waits = new TaskCompletionSource().Task;
        var tries = 0;
        _store.Fault = batch => batch.Items.Any(i => i is { Workflow: "hike", Start: not null }) && tries++ == 0 ? new CommitAnswer.Failed(Full) : null;
        var id = Run(node, Parent);
        node.Shell.Pass(10.Seconds);
        Assert.Equal(["run 1"], _ledger.Log);
        node.Done(node.Engine.Cancel(id, Operator, "enough"));
        node.Shell.Pass(1.Minutes);
        Assert.Equal("DROPPED", node.Look(id).State);
        Assert.Equal("undo 1?", _ledger.Log[^1]);
    }

    [Fact]
    public void A_child_that_the_store_refuses_after_a_full_disk_is_an_incident_of_its_parent()
    {
        var node = Node(options: o => o.HotMax = 0);
        var tries = 0;
        _store.Fault = batch => !batch.Items.Any(i => i is { Workflow: "hike", Start: not null }) || tries >= 2 ? null
            : tries++ == 0 ? new CommitAnswer.Failed(Full) : new CommitAnswer.Committed([.. batch.Items.Select(_ => new ItemAnswer.Refused("no"))]);
        var id = Run(node, Parent);
        node.Shell.Pass(10.Seconds);
        Assert.Equal("store.refused", node.Look(id).Incident?.Failure.Code);
        Assert.Single(_store.PageRecords);
        node.Done(node.Engine.Retry(id, Operator));
        node.Shell.Pass(10.Seconds);
        Assert.Equal("ANSWERED", node.Look(id).State);
    }

    [Fact]
    public void A_childs_end_reaches_a_parent_that_cannot_be_read_for_a_while()
    {
        var node = Node(options: o => o.HotMax = 0);
        var release = new TaskCompletionSource();
        _ledger.Waits = release.Task;
        var id = Run(node, Parent);
        _store.LoadFault = i => i == id ? Task.FromException<StoredInstance?>(Full) : null;
        TestShell.Do(release.SetResult);
        node.Shell.Pass(5.Seconds);
        var pause = node.Engine.Pause(id, Operator);
        node.Shell.Pass(2.Seconds);
        Assert.Equal("store.read", ((CommandAnswer.Unavailable)node.Done(pause)).Code);
        _store.LoadFault = null;
        node.Shell.Pass(5.Seconds);
        Assert.Equal("""{"text":"ARRIVED"}""", node.DataOf(id));
    }

    [Fact]
    public void An_operation_that_runs_while_its_instance_is_paused_is_not_forgotten_nor_started_a_second_time()
    {
        var node = Node(options: o => o.HotMax = 0);
        var release = new TaskCompletionSource();
        _ledger.Waits = release.Task;
        var id = Run(node, async (visit, walk, _) => { await visit.Run(walk, new(1)); return new Answered(""); });
        node.Done(node.Engine.Pause(id, Operator));
        node.Shell.Pass(1.Seconds);
        node.Done(node.Engine.Resume(id, Operator));
        TestShell.Do(release.SetResult);
        node.Shell.Pass(1.Seconds);
        Assert.Equal("ANSWERED", node.Look(id).State);
        Assert.Single(_ledger.Log);
        Assert.Equal(0, node.Engine.Health.Hot);
    }

    [Fact]
    public void A_childs_end_that_was_not_written_is_delivered_again()
    {
        var node = Node();
        var refused = 0;
        _store.Fault = batch => batch.Items.Any(i => i.OutboxDone is not null) && refused++ == 0
            ? new CommitAnswer.Committed([.. batch.Items.Select(_ => new ItemAnswer.Refused("no"))]) : null;
        var id = Run(node, Parent);
        node.Shell.Pass(10.Seconds);
        Assert.Equal("store.refused", node.Look(id).Incident?.Failure.Code);
        node.Done(node.Engine.Retry(id, Operator));
        node.Shell.Pass(10.Seconds);
        Assert.Equal("ANSWERED", node.Look(id).State);
    }

    [Fact]
    public void What_was_under_way_goes_on_when_it_can_be_read_and_is_not_asked_for_without_pause()
    {
        var node = Node();
        _ledger.Waits = new TaskCompletionSource().Task;
        var id = Run(node, async (visit, walk, _) => { await visit.Run(walk, new(1)); return new Answered(""); });
        _ledger.Waits = Task.CompletedTask;
        _store.ReadFault = Full;
        node = Again(node);
        var reads = _store.Reads;
        node.Shell.Pass(10.Seconds);
        Assert.InRange(_store.Reads - reads, 1, 40);
        _store.ReadFault = null;
        _store.LoadFault = _ => Task.FromException<StoredInstance?>(Full);
        node.Shell.Pass(5.Seconds);
        _store.LoadFault = null;
        node.Shell.Pass(5.Seconds);
        Assert.Equal("ANSWERED", node.Look(id).State);
    }

    [Fact]
    public void Commands_that_wait_for_their_instance_are_bounded()
    {
        var node = Node(options: o => (o.HotMax, o.QueueMax) = (0, 3));
        var id = Run(node, Patient);
        _store.LoadFault = _ => new TaskCompletionSource<StoredInstance?>().Task;
        var answers = Enumerable.Range(0, 5).Select(n =>
        {
            var answer = node.Engine.Signal(id, "reply", $"m{n}", Yes);
            node.Shell.Settle();
            return answer;
        }).ToList();
        Assert.Equal(3, answers.Count(a => !a.IsCompleted));
        Assert.All(answers.Skip(3), a => Assert.IsType<CommandAnswer.Overloaded>(a.Result));
    }

    [Fact]
    public void Writing_goes_on_in_its_time_when_the_clock_goes_back()
    {
        var node = Node();
        var id = Run(node, Patient);
        var tries = 0;
        _store.Fault = _ => tries++ == 0 ? new CommitAnswer.Failed(Full) : null;
        Assert.IsType<CommandAnswer.Unavailable>(node.Done(node.Engine.Signal(id, "reply", "m", Yes)));
        _shell.Clock.AdjustTime(_shell.Clock.GetUtcNow().AddHours(-1));
        node.Shell.Pass(10.Seconds);
        Assert.Equal("ANSWERED", node.Look(id).State);
    }

    [Fact]
    public void A_sleep_that_was_begun_before_the_clock_went_back_does_not_end_early()
    {
        var node = Node();
        var id = Run(node, async (visit, _, _) => { await visit.Sleep(5.Minutes); return new Answered(""); });
        _shell.Clock.AdjustTime(_shell.Clock.GetUtcNow().AddHours(-1));
        node.Shell.Pass(64.Minutes);
        Assert.Equal("Asked", node.Look(id).State);
        node.Shell.Pass(2.Minutes);
        Assert.Equal("ANSWERED", node.Look(id).State);
    }

    [Fact]
    public void A_moment_that_passed_while_no_node_was_there_is_made_up_for()
    {
        var node = Node();
        var sleeper = Run(node, async (visit, _, _) => { await visit.Sleep(5.Minutes); return new Answered(""); });
        var late = Run(node, Patient);
        node.Die();
        Script.Body = async (visit, _, _) =>
        {
            if (visit.Instance == $"{late}") await visit.Signal<Reply>();
            await visit.Sleep(5.Minutes);
            return new Answered("");
        };
        _shell.Clock.Advance(TimeSpan.FromDays(3));
        node = Again(node);
        node.Shell.Pass(1.Seconds);
        Assert.Equal("ANSWERED", node.Look(sleeper).State);
        Assert.Equal(late, Assert.Single(_store.PageRecords).Instance);
    }

    private sealed class Host : IHostApplicationLifetime
    {
        private readonly CancellationTokenSource _stopping = new();
        public CancellationToken ApplicationStarted => default;
        public CancellationToken ApplicationStopping => _stopping.Token;
        public CancellationToken ApplicationStopped => default;
        public void StopApplication() => _stopping.Cancel();
    }
}
