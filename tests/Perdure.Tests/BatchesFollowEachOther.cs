using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Tests;

/// <summary>When a lane hands batches to its store, where more than one is on its way.</summary>
[Collection("script")]
public sealed class BatchesFollowEachOther
{
    private readonly SharedDatabase _database = new();
    private readonly TestShell _shell = new();
    private readonly Queue<Action> _held = new();
    private readonly SharedStore _store;
    private readonly TestNode _node;

    public BatchesFollowEachOther()
    {
        Script.Body = async (visit, _, _) => new Answered((await visit.Signal<Reply>())!.Text);
        _store = new(_database, 0) { Held = _held };
        _node = new(_database.Rows, _store, _shell, p => p.Workflow<Script>(), s => s.AddSingleton(new Ledger()));
    }

    private void Start(string key, int count)
    {
        for (var i = 0; i < count; i++) _ = _node.Engine.Start(new("script", $"{key}-{i}", """{"question":"why"}"""u8.ToArray()));
        _shell.Settle();
    }

    private void Answer()
    {
        _held.Dequeue()();
        _shell.Settle();
    }

    [Fact]
    public async Task After_a_batch_that_was_not_written_nothing_is_handed_over_before_the_next_try()
    {
        Start("first", 100);
        Start("second", 100);
        Assert.Equal(2, _held.Count);
        _store.Instead = _ => new CommitAnswer.Failed(new("store.full", "There is no room."));
        Answer();
        Assert.Single(_held);
        Answer();
        Assert.Empty(_held);
        _store.Instead = _ => null;
        _shell.Pass(10.Seconds);
        while (_held.Count > 0) Answer();
        foreach (var key in new[] { "first", "second" })
            for (var i = 0; i < 100; i++) Assert.NotNull(await _database.Rows.FindKey("default", "script", $"{key}-{i}", default));
    }

    [Fact]
    public void After_one_that_is_durable_the_next_try_is_at_once()
    {
        Start("first", 100);
        Start("second", 100);
        _store.Instead = _ => new CommitAnswer.Failed(new("store.full", "There is no room."));
        Answer();
        _store.Instead = _ => null;
        Answer();
        Assert.Single(_held);
    }

    [Fact]
    public void Callers_of_an_instance_that_breaks_while_their_batch_is_written_are_told_that_it_is_durable()
    {
        _store.Held = null;
        Script.Body = async (visit, _, _) =>
        {
            for (var n = 0; n < 3; n++) await visit.Signal<Reply>(name: $"reply-{n}");
            return new Answered("");
        };
        var id = _node.Start("script", """{"question":"why"}""");
        _store.Held = _held;
        _ = _node.Engine.Start(new("script", "other", """{"question":"why"}"""u8.ToArray()));
        _shell.Settle();
        var told = Enumerable.Range(0, 2).Select(n => _node.Engine.Signal(id, "reply", $"m{n}", """{"text":""}"""u8.ToArray())).ToList();
        _shell.Settle();
        Answer();
        Assert.Single(_held);
        var lane = Assert.Single(_node.Lanes);
        lane.Halt(lane.InMemory.Single(hot => hot.Id == id), new InvalidOperationException("It is broken."));
        Answer();
        Assert.All(told, answer => Assert.IsType<CommandAnswer.Done>(_node.Done(answer)));
    }
}
