using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Tests;

/// <summary>After deaths that they took part in, instances go on one after the other: each until it progresses, waits or has had its time, and not longer.</summary>
[Collection("script")]
public sealed class SuspectsGoOnAlone
{
    private readonly Ledger _ledger = new();
    private readonly MemoryStore _store = new();
    private readonly TestShell _shell = new();
    private InstanceId _first, _second;
    private TestNode _node = null!;

    // Both have been under way at two deaths.
    private void Begin()
    {
        Script.Body = async (visit, walk, _) =>
        {
            var first = visit.Input.Question == "first";
            await visit.Run(walk, new(first ? 1 : 3));
            if (first) await visit.Run(walk, new(2));
            return new Answered("");
        };
        _ledger.Waits = new TaskCompletionSource().Task;
        _node = Node(_shell);
        _first = _node.Start("script", """{"question":"first"}""");
        _second = _node.Start("script", """{"question":"second"}""");
        for (var deaths = 0; deaths < 2; deaths++) Again();
        Assert.Equal((2, 2), (_node.Look(_first).Recoveries, _node.Look(_second).Recoveries));
        _ledger.Log.Clear();
    }

    private TestNode Node(TestShell shell) => new(_store, shell, p => p.Workflow<Script>(), s => s.AddSingleton(_ledger));

    // The next process, a moment later.
    private void Again()
    {
        _node.Die();
        _shell.Clock.Advance(20.Seconds);
        _node = Node(new TestShell { Clock = _shell.Clock });
        _node.Shell.Settle();
    }

    private void Hangs(int step) => _ledger.Fails = number =>
    {
        _ledger.Waits = number == step ? new TaskCompletionSource().Task : Task.CompletedTask;
        return null;
    };

    [Fact]
    public void One_that_does_not_progress_has_its_time_before_the_next_one_goes_on()
    {
        Begin();
        Hangs(1);
        Again();
        Assert.Equal(["run 1"], _ledger.Log);
        _node.Shell.Pass(29.Seconds);
        Assert.Equal(["run 1"], _ledger.Log);
        _node.Shell.Pass(3.Seconds);
        Assert.Equal(["run 1", "run 3"], _ledger.Log[..2]);
    }

    [Fact]
    public void One_that_has_progressed_holds_up_nobody_whatever_it_does_next()
    {
        Begin();
        Hangs(2);
        Again();
        Assert.Equal(["run 1", "run 2", "run 3"], _ledger.Log);
        Assert.Equal("ANSWERED", _node.Look(_second).State);
    }

    [Fact]
    public void One_that_was_dropped_from_memory_holds_up_nobody()
    {
        Begin();
        Hangs(2);
        var refused = 0;
        _store.Fault = batch => batch.Items.Any(i => i.Instance == _first) && refused++ == 0
            ? new CommitAnswer.Committed([.. batch.Items.Select(_ => new ItemAnswer.Refused("no"))]) : null;
        Again();
        Assert.Contains("run 3", _ledger.Log);
        Assert.Equal("ANSWERED", _node.Look(_second).State);
        Assert.Equal("store.refused", _node.Look(_first).Incident?.Failure.Code);
    }

    [Fact]
    public void One_that_cannot_be_read_holds_up_nobody()
    {
        Begin();
        var unread = _node.Start("script", """{"question":"unread"}""", "unread");
        _ledger.Waits = Task.CompletedTask;
        _store.LoadFault = id => id == unread ? Task.FromException<StoredInstance?>(new IOException("The page is damaged.")) : null;
        Again();
        _node.Shell.Pass(5.Seconds);
        Assert.Equal(("ANSWERED", "ANSWERED"), (_node.Look(_first).State, _node.Look(_second).State));
        Assert.Contains(_node.Engine.Health.Problems, problem => problem.Contains($"{unread}", StringComparison.Ordinal));
        _store.LoadFault = null;
        _node.Shell.Pass(1.Minutes);
        Assert.Equal("ANSWERED", _node.Look(unread).State);
        Assert.DoesNotContain(_node.Engine.Health.Problems, problem => problem.Contains($"{unread}", StringComparison.Ordinal));
    }
}
