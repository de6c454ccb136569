using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Tests;

/// <summary>The end of an operation that ran in a transaction, while that is being committed: nothing else of the instance is decided, and memory goes back where it is not.</summary>
public sealed class AnEndInATransaction
{
    private readonly Till _till = new();
    private readonly MemoryStore _store = new();
    private readonly TestShell _shell = new();

    private TestNode Node(TestShell? shell = null) => new(_store, shell ?? _shell, p => p.Workflow<Purchase>(), s => s.AddSingleton(_till));

    [Fact]
    public void Is_one_record_with_what_the_body_answers_to_it()
    {
        var node = Node();
        var id = node.Start("purchase", """{"parts":2}""");
        Assert.Equal("PAID", node.Look(id).State);
        Assert.Equal(3, node.Done(node.Engine.History(id, 1, 100)).Count);      // the start with its intent; an end with the next; an end with the transition
        Assert.Equal(0, _store.OpenTransactions);
        Assert.Empty(node.Logged);
    }

    [Fact]
    public void Lets_commands_wait_that_come_meanwhile_and_they_are_decided_in_their_order()
    {
        var answer = new TaskCompletionSource<TransactionAnswer>();
        Item? sent = null;
        _store.EndFault = item =>
        {
            if (sent is not null) return null;
            sent = item;
            return answer.Task;
        };
        var node = Node();
        var id = node.Start("purchase", """{"parts":1,"waits":true}""");
        Assert.NotNull(sent);
        var first = node.Engine.Signal(id, "word", "m1", """{"text":"one"}"""u8.ToArray());
        var again = node.Engine.Signal(id, "word", "m1", """{"text":"one"}"""u8.ToArray());
        node.Shell.Settle();
        Assert.False(first.IsCompleted || again.IsCompleted);
        answer.SetResult(_store.End(1, sent));
        Assert.Equal(new CommandAnswer.Done(true), node.Done(first));
        Assert.Equal(new CommandAnswer.Done(false), node.Done(again));
        Assert.Equal("""{"why":"one"}""", node.DataOf(id));
        Assert.Empty(node.Logged);
    }

    [Fact]
    public void Answers_commands_that_wait_for_it_also_where_the_instance_ends_with_it()
    {
        var answer = new TaskCompletionSource<TransactionAnswer>();
        Item? sent = null;
        _store.EndFault = item =>
        {
            sent = item;
            return answer.Task;
        };
        var node = Node();
        var id = node.Start("purchase", """{"parts":1}""");
        var said = node.Engine.Signal(id, "word", "m1", """{"text":"one"}"""u8.ToArray());
        node.Shell.Settle();
        Assert.False(said.IsCompleted);
        answer.SetResult(_store.End(1, sent!));
        Assert.Equal(node.Done(said), node.Done(node.Engine.Signal(id, "word", "m1", """{"text":"one"}"""u8.ToArray())));
        Assert.Equal("PAID", node.Look(id).State);
        Assert.Equal((0, 0), (node.Lanes[0].Backlog, node.Lanes[0].InMemory.Count));
    }

    [Fact]
    public void That_is_not_committed_is_a_failed_attempt_and_what_else_runs_is_left_alone()
    {
        _store.EndFault = _ =>
        {
            if (_till.Paid.Count(p => p == 1) > 1) return null;
            return Task.FromResult<TransactionAnswer>(new TransactionAnswer.Failed(new("transaction.refused", "No.", Transient: true)));
        };
        _till.Holds = n => n == 2;
        var node = Node();
        var id = node.Start("purchase", """{"parts":2,"atOnce":true}""");
        node.Shell.Pass(2.Seconds);
        Assert.Equal([1, 2, 1], _till.Paid);
        _till.Go();
        node.Shell.Pass(1.Minutes);
        Assert.Equal("PAID", node.Look(id).State);
        Assert.Equal([1, 2, 1], _till.Paid);
        var retried = Assert.Single(node.Events(id).OfType<StepRetryScheduled>());
        Assert.Equal(("transaction.refused", false), (retried.Failure.Code, retried.Failure.Unknown));
        Assert.Equal(0, _store.OpenTransactions);
        Assert.Empty(node.Logged);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Of_which_nobody_knows_is_found_when_the_instance_is_read_again(bool committed)
    {
        var lost = false;
        _store.EndFault = item =>
        {
            if (lost) return null;
            lost = true;
            if (committed) _store.End(1, item);
            return Task.FromResult<TransactionAnswer>(new TransactionAnswer.Unknown(new("store.unavailable", "Lost.")));
        };
        var node = Node();
        var id = node.Start("purchase", """{"parts":2}""");
        node.Shell.Pass(1.Minutes);
        Assert.Equal("PAID", node.Look(id).State);
        Assert.Equal(committed ? [1, 2] : [1, 1, 2], _till.Paid);
        Assert.Equal(0, _store.OpenTransactions);
        Assert.Contains("Nobody knows", Assert.Single(node.Logged), StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_that_meets_a_record_that_came_late_is_to_be_given_again_and_not_taken_for_said()
    {
        var node = Node();
        var id = node.Start("purchase", """{"parts":1,"waits":true}""");
        _store.Fault = batch => new CommitAnswer.Committed([.. batch.Items.Select(_ => new ItemAnswer.Duplicate("log_instance_version_key"))]);
        Assert.IsType<CommandAnswer.Unavailable>(node.Done(node.Engine.Signal(id, "word", "m1", """{"text":"one"}"""u8.ToArray())));
        _store.Fault = null;
        Assert.Equal(new CommandAnswer.Done(true), node.Done(node.Engine.Signal(id, "word", "m1", """{"text":"one"}"""u8.ToArray())));
        Assert.Equal("""{"why":"one"}""", node.DataOf(id));
    }

    [Fact]
    public void Where_nothing_else_is_written_meanwhile_begins_once_all_before_it_is_durable_and_commands_wait_until_it_is_over()
    {
        _store.IsExclusive = true;
        var openWhenWritten = new List<int>();
        _store.Fault = _ =>
        {
            openWhenWritten.Add(_store.OpenTransactions);
            return null;
        };
        _till.Holds = n => n == 1;
        var node = Node();
        var id = node.Start("purchase", """{"parts":3,"atOnce":true,"waits":true}""");
        Assert.Equal(1, _store.OpenTransactions);
        Assert.Equal([1], _till.Paid);      // the others wait for it
        var said = node.Engine.Signal(id, "word", "m1", """{"text":"one"}"""u8.ToArray());
        node.Shell.Settle();
        Assert.False(said.IsCompleted);
        _till.Go();
        Assert.Equal(new CommandAnswer.Done(true), node.Done(said));
        Assert.Equal("""{"why":"one"}""", node.DataOf(id));
        Assert.Equal([1, 2, 3], _till.Paid);
        Assert.All(openWhenWritten, open => Assert.Equal(0, open));
        Assert.Empty(node.Logged);
    }

    [Fact]
    public void Where_nothing_else_is_written_meanwhile_one_that_fails_or_takes_too_long_lets_the_others_go_on()
    {
        _store.IsExclusive = true;
        _till.Holds = n => n == 1 && _till.Paid.Count == 1;
        _till.Fails = n => n == 2 && _till.Paid.Count == 2 ? new InvalidOperationException("No.") : null;
        var node = Node();
        var id = node.Start("purchase", """{"parts":3,"atOnce":true}""");
        node.Shell.Pass(4.Seconds);
        Assert.Equal([1], _till.Paid);
        node.Shell.Pass(2.Seconds);
        _till.Go();
        node.Shell.Pass(1.Minutes);
        Assert.Equal("PAID", node.Look(id).State);
        Assert.Equal(0, _store.OpenTransactions);
        Assert.Empty(node.Logged);
    }

    [Fact]
    public void Two_of_one_instance_are_written_one_after_the_other()
    {
        var sent = new List<(Item Item, TaskCompletionSource<TransactionAnswer> Answer)>();
        _store.EndFault = item =>
        {
            sent.Add((item, new()));
            return sent[^1].Answer.Task;
        };
        var node = Node();
        var id = node.Start("purchase", """{"parts":2,"atOnce":true}""");
        Assert.Single(sent);
        sent[0].Answer.SetResult(_store.End(1, sent[0].Item));
        node.Shell.Settle();
        Assert.Equal(2, sent.Count);
        sent[1].Answer.SetResult(_store.End(1, sent[1].Item));
        Assert.Equal("PAID", node.Look(id).State);
        Assert.Equal([1, 2], _till.Paid);
    }

    [Fact]
    public void Is_waited_for_by_a_node_that_stops()
    {
        var (answer, sent) = (new TaskCompletionSource<TransactionAnswer>(), (Item?)null);
        _store.EndFault = item =>
        {
            sent = item;
            return answer.Task;
        };
        var node = Node();
        node.Start("purchase", """{"parts":1}""");
        Task stop = null!;
        TestShell.Do(() => stop = node.Stop());
        node.Shell.Settle();
        Assert.False(stop.IsCompleted);
        answer.SetResult(_store.End(1, sent!));
        node.Shell.Pass(1.Minutes);
        Assert.True(stop.IsCompletedSuccessfully);
        Assert.Equal(0, _store.OpenTransactions);
    }

    [Fact]
    public void That_comes_after_its_time_is_undone_and_its_outcome_is_known()
    {
        _till.Holds = _ => _till.Paid.Count == 1;
        var node = Node();
        var id = node.Start("purchase", """{"parts":1}""");
        node.Shell.Pass(10.Seconds);
        var retried = Assert.Single(node.Events(id).OfType<StepRetryScheduled>());
        Assert.Equal(("step.timeout", false), (retried.Failure.Code, retried.Failure.Unknown));
        _till.Go();
        node.Shell.Pass(1.Minutes);
        Assert.Equal("PAID", node.Look(id).State);
        Assert.Equal([1, 1], _till.Paid);
        Assert.Equal(0, _store.OpenTransactions);
    }

    [Fact]
    public void Under_an_older_epoch_ends_the_lane()
    {
        _store.EndFault = _ => Task.FromResult<TransactionAnswer>(new TransactionAnswer.Fenced(2));
        var node = Node();
        var id = node.Start("purchase", """{"parts":1}""");
        Assert.Contains(node.Logged, l => l.Contains("lane.fenced", StringComparison.Ordinal));
        Assert.Equal(Status.Running, node.Done(_store.Find(id, default))!.Status);
        Assert.Equal(0, _store.OpenTransactions);
    }

    [Fact]
    public void Is_undone_once_in_a_transaction_of_its_own_and_what_was_never_committed_is_not_undone()
    {
        _till.Fails = n => n == 3 ? new PermanentFailure("till.closed", "No more.") : null;
        var node = Node();
        var id = node.Start("purchase", """{"parts":3}""");
        node.Shell.Pass(1.Minutes);
        Assert.Equal("RETURNED", node.Look(id).State);
        Assert.Equal([2, 1], _till.Returned);
        Assert.Equal(0, _store.OpenTransactions);
    }

    [Fact]
    public void A_store_without_transactions_is_refused_with_the_operation_that_needs_one()
    {
        var refused = Assert.Throws<StoreException>(() => new TestNode(_store, new SharedStore(new(), 0), _shell, p => p.Workflow<Purchase>(), s => s.AddSingleton(_till)));
        Assert.Equal("store.no-transactions", refused.Code);
        Assert.Contains("\"pay\"", refused.Message, StringComparison.Ordinal);
    }
}

/// <summary>Where parts are paid.</summary>
public sealed class Till
{
    private readonly TaskCompletionSource _go = new();

    public List<int> Paid { get; } = [];
    public List<int> Returned { get; } = [];
    public Func<int, bool> Holds { get; set; } = _ => false;
    public Func<int, Exception?> Fails { get; set; } = _ => null;

    public void Go() => TestShell.Do(_go.SetResult);

    public Task Pay(int number)
    {
        Paid.Add(number);
        if (Fails(number) is { } e) throw e;
        return Holds(number) ? _go.Task : Task.CompletedTask;
    }
}

public sealed record Basket(int Parts, bool AtOnce = false, bool Waits = false);
public sealed record Part(int Number);
public sealed record Paid(int Number);
public sealed record Word(string Text);
public sealed record AllPaid(string? Why);
public sealed record Returned(string Why);

public sealed class Pay(Till till) : Transacted<Part, Paid>
{
    public override TimeSpan Timeout => 5.Seconds;
    public override Retry Retry => Retry.Exponential(1.Seconds, attempts: 5, jitter: TimeSpan.Zero);

    public override async Task<Paid> Run(Part input, StoreTransaction store, Attempt attempt)
    {
        await till.Pay(input.Number);
        return new(input.Number);
    }

    public override Task Undo(Part input, Paid output, StoreTransaction store, Attempt attempt)
    {
        till.Returned.Add(output.Number);
        return Task.CompletedTask;
    }
}

public sealed class Purchase(Pay pay) : Workflow<Basket>("purchase", version: 1)
{
    protected override Map<Basket> Define(Map<Basket> map) => map.Start("Received").Runs(Receive).End<AllPaid>("PAID").Revoked<Returned>("RETURNED");

    public async Task<To<AllPaid, Returned>> Receive(IVisit<Basket> visit, Basket basket)
    {
        var parts = Enumerable.Range(1, basket.Parts).Select(n => new Part(n)).ToList();
        if (basket.AtOnce) await visit.Each(pay, parts, p => $"{p.Number}");
        else
        {
            foreach (var part in parts)
                if (await visit.Try(pay, part, key: $"{part.Number}") is { Ok: false, Failure: var failure }) return new Returned(failure.Code);
        }
        return new AllPaid(basket.Waits ? (await visit.Signal<Word>())!.Text : null);
    }
}
