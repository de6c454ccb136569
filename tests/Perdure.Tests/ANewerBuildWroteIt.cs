using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Tests;

/// <summary>Records that a newer build wrote and this one cannot read: their instance is left as it is for a node that can, and nothing else is held up.</summary>
[Collection("script")]
public sealed class ANewerBuildWroteIt
{
    private readonly Ledger _ledger = new();
    private readonly MemoryStore _store = new();
    private readonly TestShell _shell = new();
    private InstanceId _newer;
    private int _loads;

    private TestNode Node(TestShell? shell = null) => new(_store, shell ?? _shell, p => p.Workflow<Hike>().Workflow<Script>(), s => s.AddSingleton(_ledger));

    private TestNode Again(TestNode before)
    {
        before.Die();
        return Node(new TestShell { Clock = _shell.Clock });
    }

    /// <summary>From now on the newest record of that instance is one of a newer build.</summary>
    private void Becomes(InstanceId newer, long version)
    {
        _newer = newer;
        _store.LoadsAs = record => record.Instance == newer && record.Version == version ? Newer(record) : record;
        // Reads without an end would hold up the test for ever.
        _store.LoadFault = id => id == newer && ++_loads > 100 ? new TaskCompletionSource<StoredInstance?>().Task : null;
    }

    private static StoredRecord Newer(StoredRecord record) => record with { Body = """[{"type":"step.intended","ordinal":1,"whatOnlyALaterBuildKnows":true}]"""u8.ToArray() };

    private void IsLeft(TestNode node)
    {
        Assert.Contains(node.Engine.Health.Problems, p => p.StartsWith($"Instance {_newer} cannot be read by this node's build, and waits for a node that can: ", StringComparison.Ordinal));
        Assert.True(node.Engine.Health.Ready);
        Assert.Single(node.Logged, l => l.Contains($"Instance {_newer} cannot be read", StringComparison.Ordinal));
    }

    [Fact]
    public void What_was_at_work_is_read_once_and_left_others_go_on_and_a_node_that_can_read_it_finishes_it()
    {
        var node = Node();
        _ledger.Waits = new TaskCompletionSource().Task;
        var newer = node.Start("hike", """{"name":"Ann","steps":1}""");
        node.Shell.Settle();
        Becomes(newer, 1);
        _ledger.Waits = Task.CompletedTask;
        var commits = _store.Commits;

        node = Again(node);
        node.Shell.Pass(2.Minutes);
        Assert.Equal((1, commits), (_loads, _store.Commits));
        IsLeft(node);
        Assert.Equal("instance.unreadable", Assert.IsType<CommandAnswer.Unavailable>(node.Done(node.Engine.Cancel(newer, new("olga", []), "enough"))).Code);
        Assert.Equal("instance.unreadable", Assert.IsType<CommandAnswer.Unavailable>(node.Done(node.Engine.Pause(newer, new("olga", [])))).Code);
        Assert.Equal((3, commits), (_loads, _store.Commits));
        IsLeft(node);
        Assert.Throws<HistoryFormatException>(() => node.Look(newer));
        Assert.Equal("ARRIVED", node.Look(node.Start("hike", """{"name":"Bob","steps":1}""", "other")).State);

        _store.LoadsAs = record => record;
        node = Again(node);
        node.Shell.Settle();
        Assert.Equal("ARRIVED", node.Look(newer).State);
        Assert.Empty(node.Engine.Health.Problems);
    }

    [Fact]
    public void What_waits_for_a_child_keeps_the_message_of_its_end_for_a_node_that_can_read_it()
    {
        var node = Node();
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ledger.Waits = go.Task;
        Script.Body = async (visit, _, hike) => new Answered((await visit.Child(hike, "c", new Trip("kid", 1))).State);
        var parent = node.Start("script", """{"question":"why"}""");
        node.Shell.Settle();
        Becomes(parent, 1);
        node = Again(node);
        _ledger.Waits = Task.CompletedTask;
        node = Again(node);
        node.Shell.Pass(2.Minutes);
        IsLeft(node);
        Assert.InRange(_loads, 1, 10);

        _store.LoadsAs = record => record;
        node = Again(node);
        node.Shell.Settle();
        Assert.Equal(Status.Ended, node.Look(parent).Status);
    }

    [Fact]
    public void A_command_for_what_has_ended_and_was_erased_is_refused_as_for_all_that_has_ended()
    {
        var node = Node();
        var erased = node.Start("hike", """{"name":"Ann","steps":1}""");
        node.Shell.Settle();
        Becomes(erased, 0);
        _store.LoadsAs = record => record with { Body = default };
        Assert.Equal(new CommandAnswer.Refused("instance.ended", "The instance ended in 'ARRIVED'."), node.Done(node.Engine.Pause(erased, new("olga", []))));
        Assert.Equal(1, _loads);
        Assert.Empty(node.Engine.Health.Problems);
        Assert.Empty(node.Logged);
    }

    [Fact]
    public void What_must_be_undone_and_cannot_be_read_is_undone_by_a_node_that_can()
    {
        var node = Node();
        _ledger.Fails = number => number == 2 ? new PermanentFailure("no", "No.") : null;
        _store.ReadsAs = Newer;
        _newer = node.Start("hike", """{"name":"Ann","steps":2}""");
        node.Shell.Pass(2.Minutes);
        IsLeft(node);
        Assert.DoesNotContain(_ledger.Log, l => l.StartsWith("undo", StringComparison.Ordinal));
        Assert.Equal(Status.Compensating, node.Look(_newer).Status);

        _store.ReadsAs = record => record;
        node = Again(node);
        node.Shell.Settle();
        Assert.Equal(["undo 1"], _ledger.Log.Where(l => l.StartsWith("undo", StringComparison.Ordinal)));
        Assert.Equal("TURNED_BACK", node.Look(_newer).State);
        Assert.Empty(node.Engine.Health.Problems);
    }
}
