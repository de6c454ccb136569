using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Runtime;

namespace Perdure.Tests;

/// <summary>What has ended is kept for as long as the options say, and goes in pieces.</summary>
[Collection("script")]
public sealed class WhatHasEndedIsKept
{
    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly TestShell _shell = new();
    private readonly Kept _kept;
    private readonly MemoryStore _store;

    public WhatHasEndedIsKept() => (_kept, _store) = (new(_shell.Clock), new());

    /// <summary>A store with some that have ended, each a day after the one before.</summary>
    private sealed class Kept(TimeProvider time) : IRetention
    {
        public List<(InstanceId Id, DateTimeOffset Ended)> Instances { get; } = [];
        public List<InstanceId> Keys { get; } = [];
        public List<(DateTimeOffset At, DateTimeOffset EndedBefore, int Limit)> Pieces { get; } = [];
        public Exception? Fault { get; set; }
        public TaskCompletionSource? Held { get; set; }

        public void Add(int days) => Instances.Add((InstanceId.Create(Begin.AddDays(days), 0, 0), Begin.AddDays(days)));

        public async Task<Removal> Remove(DateTimeOffset endedBefore, InstanceId after, int limit, CancellationToken cancellation)
        {
            Pieces.Add((time.GetUtcNow(), endedBefore, limit));
            if (Fault is { } fault) throw fault;
            if (Held is { } held) await held.Task.ConfigureAwait(false);
            var seen = Instances.Where(i => i.Id.CompareTo(after) > 0).Take(limit).ToList();
            var due = seen.FindAll(i => i.Ended < endedBefore);
            foreach (var one in due)
            {
                Instances.Remove(one);
                Keys.Add(one.Id);
            }
            return new(due.Count, seen.Count == 0 ? null : seen[^1].Id, due.Count == 0 ? null : due[0].Ended);
        }

        public Task<int> RemoveKeys(DateTimeOffset madeBefore, int limit, CancellationToken cancellation)
        {
            var due = Keys.Where(k => k.At < madeBefore).Take(limit).ToList();
            Keys.RemoveAll(due.Contains);
            return Task.FromResult(due.Count);
        }
    }

    private TestNode Node(Action<RetentionOptions>? options = null)
    {
        _store.Retention = _kept;
        return new(_store, _shell, p => p.Workflow<Script>().Configure(o => options?.Invoke(o.Retention)), s => s.AddSingleton(new Ledger()));
    }

    [Fact]
    public void Instances_are_removed_after_thirty_days_and_their_keys_after_ninety()
    {
        foreach (var day in (int[])[-91, -31, -29]) _kept.Add(day);
        Node();
        _shell.Pass(59.Seconds);
        Assert.Equal(3, _kept.Instances.Count);
        _shell.Pass(2.Seconds);
        Assert.Equal((-29, -31), ((Assert.Single(_kept.Instances).Ended - Begin).Days, (int)(Assert.Single(_kept.Keys).At - Begin).TotalDays));
        _shell.Pass(25.Hours);
        Assert.Empty(_kept.Instances);
        Assert.Equal(2, _kept.Keys.Count);
    }

    [Fact]
    public void Beyond_the_most_that_are_kept_the_oldest_go_first()
    {
        for (var day = -9; day < 1; day++) _kept.Add(day);
        _store.Finished = 10;
        Node(o => (o.FinishedFor, o.FinishedMax, o.PieceMax) = (null, 3, 4));
        _shell.Pass(61.Seconds);
        Assert.Equal([-2, -1, 0], _kept.Instances.Select(i => (i.Ended - Begin).Days));
        Assert.Equal([4, 3], _kept.Pieces.Select(p => p.Limit));
    }

    [Fact]
    public void A_pass_goes_in_pieces_with_a_rest_after_each()
    {
        for (var day = -100; day < -50; day++) _kept.Add(day);
        Node(o => o.PieceMax = 10);
        for (var passed = 0; passed < 70; passed++) _shell.Pass(1.Seconds);
        Assert.Empty(_kept.Instances);
        Assert.Equal(6, _kept.Pieces.Count);
        Assert.Equal(_kept.Pieces.Select(p => p.At).Distinct(), _kept.Pieces.Select(p => p.At));
    }

    [Fact]
    public void A_pass_that_is_behind_goes_on_without_rest()
    {
        for (var i = 0; i < 500; i++) _kept.Instances.Add((InstanceId.Create(Begin.AddDays(-100), i, 0), Begin.AddDays(-100)));
        Node(o => o.PieceMax = 10);
        for (var passed = 0; passed < 80; passed++) _shell.Pass(1.Seconds);
        Assert.Empty(_kept.Instances);
    }

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    [Fact]
    public void What_keeps_up_takes_a_quarter_of_the_time_and_a_tenth_where_much_is_under_way()
    {
        var pace = new Pace();
        Assert.Equal(Ms(300), pace.After(Ms(100), behind: false, busy: false, Ms(50), Ms(5)));
        Assert.Equal(Ms(900), pace.After(Ms(100), behind: false, busy: true, null, null));
    }

    [Fact]
    public void What_is_behind_rests_as_little_as_the_writers_let_pass()
    {
        var pace = new Pace();
        TimeSpan[] rests = [.. Enumerable.Range(0, 16).Select(_ => pace.After(Ms(100), behind: true, busy: true, Ms(8), Ms(6)))];
        Assert.Equal(rests.Take(6).OrderDescending(), rests.Take(6));
        Assert.Equal(TimeSpan.Zero, rests[6]);
        Assert.Contains(Ms(10), rests[8..]);      // so that it hears how long writers wait alone

        rests = [.. Enumerable.Range(0, 16).Select(_ => pace.After(Ms(100), behind: true, busy: true, Ms(60), Ms(6)))];
        Assert.Equal(rests.Order(), rests);
        Assert.Equal(Ms(900), rests[^1]);
        Assert.True(pace.After(Ms(100), behind: true, busy: true, Ms(8), null) < Ms(900));
        Assert.True(pace.After(Ms(100), behind: true, busy: true, null, null) < Ms(450));      // nobody writes
    }

    [Fact]
    public void A_batch_that_was_under_way_together_with_a_piece_waited_with_it()
    {
        var waits = new WriterWaits();
        waits.Answered(0, Ms(1_000));      // before anybody asked
        waits.Begin();
        waits.Answered(1, Ms(20));
        Assert.Equal(((TimeSpan?)Ms(20), null), waits.End(10));
        waits.Answered(5, Ms(40));         // given before the piece was over
        waits.Answered(12, Ms(4));
        waits.Answered(13, Ms(6));
        waits.Begin();
        Assert.Equal(((TimeSpan?)Ms(40), (TimeSpan?)Ms(5)), waits.End(20));
        Assert.Equal((null, null), waits.End(30));
    }

    [Fact]
    public void Nothing_is_removed_where_everything_is_kept_for_ever()
    {
        _kept.Add(-700);
        Node(o => (o.FinishedFor, o.KeysFor) = (null, null));
        _shell.Pass(5.Minutes);
        Assert.Empty(_kept.Pieces);
    }

    [Fact]
    public void A_pass_that_fails_is_told_and_made_again()
    {
        _kept.Add(-40);
        _kept.Fault = new StoreException("store.busy", "Something holds it.");
        var node = Node();
        _shell.Pass(61.Seconds);
        Assert.Contains(node.Logged, l => l.Contains("Something holds it.", StringComparison.Ordinal));
        node.Logged.Clear();
        _kept.Fault = null;
        _shell.Pass(60.Seconds);
        Assert.Empty(_kept.Instances);
    }

    [Fact]
    public void A_stop_waits_for_the_piece_and_begins_none_any_more()
    {
        for (var day = -100; day < -50; day++) _kept.Add(day);
        _kept.Held = new();
        var node = Node(o => o.PieceMax = 10);
        _shell.Pass(61.Seconds);
        var stop = Task.CompletedTask;
        TestShell.Do(() => stop = node.Stop());
        _shell.Settle();
        Assert.False(stop.IsCompleted);
        TestShell.Do(() => _kept.Held.SetResult());
        _shell.Pass(10.Seconds);
        Assert.True(stop.IsCompletedSuccessfully);
        Assert.Single(_kept.Pieces);
        Assert.Equal(40, _kept.Instances.Count);
    }

    [Fact]
    public void A_command_to_what_was_removed_is_told_so_and_to_what_never_was_that_there_is_none()
    {
        var node = Node();
        var (removed, never) = (InstanceId.Create(Begin, 0, 1), InstanceId.Create(Begin, 0, 2));
        _store.RemovedOnes.Add(removed);
        var by = new Caller("op", []);
        Task<CommandAnswer>[] All(InstanceId id) =>
            [node.Engine.Signal(id, "reply", "m", "{}"u8.ToArray()), node.Engine.Decide(id, 1, true, by, ""), node.Engine.Cancel(id, by, ""), node.Engine.Pause(id, by), node.Engine.Resume(id, by), node.Engine.Retry(id, by)];
        Assert.All(All(removed), asked => Assert.Equal(new CommandAnswer.Removed(removed), node.Done(asked)));
        Assert.All(All(never), asked => Assert.Equal(new CommandAnswer.NotFound(), node.Done(asked)));
        _store.ReadFault = new StoreException("store.busy", "Something holds it.");
        Assert.Equal("store.busy", Assert.IsType<CommandAnswer.Unavailable>(node.Done(node.Engine.Cancel(removed, by, ""))).Code);
    }

    [Fact]
    public void A_key_is_not_kept_for_less_than_its_instance() =>
        Assert.Contains("KeysFor", Assert.ThrowsAny<Exception>(() => Node(o => o.KeysFor = 29.Days)).ToString(), StringComparison.Ordinal);

    [Fact]
    public void Of_two_nodes_the_one_with_the_first_lane_removes()
    {
        var database = new SharedDatabase();
        database.Rows.Retention = _kept;
        _kept.Add(-40);
        TestNode On(SharedStore store, TestShell shell) => new(database.Rows, store, shell, p => p.Workflow<Script>(), s => s.AddSingleton(new Ledger()));
        var there = new TestShell { Clock = _shell.Clock };
        var other = new SharedStore(database, 1, 2, 3);
        On(other, there);
        _shell.Pass(3.Minutes);
        Assert.Empty(_kept.Pieces);
        TestShell.Do(() => other.Gain(0));
        there.Settle();
        there.Pass(61.Seconds);
        Assert.Empty(_kept.Instances);
    }
}
