using Perdure.Kernel;

namespace Perdure.Tests;

public sealed record Trip(string Name, int Steps = 3);
public sealed record Arrived(string Report);
public sealed record TurnedBack(string Why);

public sealed record Leg(int Number);
public sealed record Walked(int Number);
public sealed class Walk(Ledger ledger) : Operation<Leg, Walked>
{
    public override Retry Retry => Retry.Exponential(1.Seconds, attempts: 3, jitter: TimeSpan.Zero);
    public override Retry UndoRetry => Retry.Exponential(1.Seconds, attempts: 3, jitter: TimeSpan.Zero);
    public override async Task<Walked> Run(Leg leg, Attempt attempt)
    {
        ledger.Ran(attempt.Token, leg.Number);
        await ledger.Waits.WaitAsync(attempt.Cancelled);
        return new(leg.Number);
    }
    public override Task Undo(Leg leg, Walked? output, Attempt attempt)
    {
        ledger.Undone(attempt.Token, leg.Number, output);
        return Task.CompletedTask;
    }
}

/// <summary>What happened outside, and what is to go wrong there.</summary>
public sealed class Ledger
{
    public List<string> Log { get; } = [];
    public List<string> Tokens { get; } = [];
    public Task Waits { get; set; } = Task.CompletedTask;
    public Func<int, Exception?> Fails { get; set; } = _ => null;
    public Func<int, Exception?> UndoFails { get; set; } = _ => null;

    public void Ran(string token, int number)
    {
        Tokens.Add(token);
        Log.Add($"run {number}");
        if (Fails(number) is { } e) throw e;
    }

    public void Undone(string token, int number, Walked? output)
    {
        Log.Add($"undo {number}{(output is null ? "?" : "")}");
        if (UndoFails(number) is { } e) throw e;
    }
}

public sealed class Hike(Walk walk) : Workflow<Trip>("hike", 1)
{
    protected override Map<Trip> Define(Map<Trip> map) => map
        .Start("Setting_Out").Runs(Go).End<Arrived>("ARRIVED").Revoked<TurnedBack>("TURNED_BACK");

    public async Task<To<Arrived, TurnedBack>> Go(IVisit<Trip> visit, Trip trip)
    {
        for (var i = 1; i <= trip.Steps; i++)
        {
            var leg = await visit.Try(walk, new(i));
            if (!leg.Ok) return new TurnedBack(leg.Failure.Code);
        }
        return new Arrived($"{trip.Name} walked {trip.Steps}");
    }
}

public sealed class AnInstanceRuns
{
    private readonly Ledger _ledger = new();
    private readonly MemoryStore _store = new();
    private readonly TestShell _shell = new();

    private TestNode Node() => new(_store, _shell, p => p.Workflow<Hike>(), s => s.Add(Microsoft.Extensions.DependencyInjection.ServiceDescriptor.Singleton(_ledger)));

    [Fact]
    public void To_its_end_in_one_commit_a_step()
    {
        var node = Node();
        var id = node.Start("hike", """{"name":"Ann","steps":3}""");
        node.Shell.Settle();
        Assert.Equal(["run 1", "run 2", "run 3"], _ledger.Log);
        Assert.Equal("ARRIVED", node.Look(id).State);
        Assert.Equal("""{"report":"Ann walked 3"}""", node.DataOf(id));
        Assert.Equal(4, _store.Commits);
        Assert.Empty(node.Logged);
    }

    [Fact]
    public void What_failed_for_good_after_others_were_done_undoes_them_in_reverse()
    {
        _ledger.Fails = n => n == 3 ? new PermanentFailure("blister", "It hurts.") : null;
        var node = Node();
        var id = node.Start("hike", """{"name":"Ann","steps":3}""");
        node.Shell.Settle();
        Assert.Equal(["run 1", "run 2", "run 3", "undo 2", "undo 1"], _ledger.Log);
        Assert.Equal("TURNED_BACK", node.Look(id).State);
        Assert.Equal("""{"why":"blister"}""", node.DataOf(id));
    }

    [Fact]
    public void An_unknown_outcome_is_tried_again_under_the_same_token_and_undone_in_the_end()
    {
        _ledger.Fails = n => n == 2 ? new TimeoutException("no answer") : null;
        var node = Node();
        var id = node.Start("hike", """{"name":"Ann","steps":3}""");
        node.Shell.Pass(1.Minutes);
        Assert.Equal(["run 1", "run 2", "run 2", "run 2", "undo 2?", "undo 1"], _ledger.Log);
        Assert.Single(_ledger.Tokens.Skip(1).Distinct());
        Assert.Equal("TURNED_BACK", node.Look(id).State);
    }

    [Fact]
    public void A_definite_failure_that_may_pass_is_tried_again_under_the_next_token()
    {
        var tries = 0;
        _ledger.Fails = n => n == 1 && ++tries < 3 ? new TransientFailure("busy", "Try later.") : null;
        var node = Node();
        var id = node.Start("hike", """{"name":"Ann","steps":1}""");
        node.Shell.Pass(1.Minutes);
        Assert.Equal("ARRIVED", node.Look(id).State);
        Assert.Equal(3, _ledger.Tokens.Distinct().Count());
    }

    [Fact]
    public void A_node_that_dies_anywhere_loses_nothing_and_redoes_under_the_same_token()
    {
        var node = Node();
        var dead = false;
        _ledger.Fails = n =>
        {
            if (n == 2 && !dead)
            {
                dead = true;
                node.Die();
            }
            return null;
        };
        var id = node.Start("hike", """{"name":"Ann","steps":3}""");
        Assert.True(dead);
        var second = new TestNode(_store, new TestShell { Clock = _shell.Clock }, p => p.Workflow<Hike>(), s => s.Add(Microsoft.Extensions.DependencyInjection.ServiceDescriptor.Singleton(_ledger)));
        second.Shell.Pass(1.Seconds);
        Assert.Equal(["run 1", "run 2", "run 2", "run 3"], _ledger.Log);
        Assert.Equal(_ledger.Tokens[1], _ledger.Tokens[2]);
        Assert.Equal("ARRIVED", second.Look(id).State);
        Assert.Empty(second.Logged);
    }

    [Fact]
    public void A_key_gives_one_instance_however_often_it_is_sent()
    {
        var node = Node();
        var id = node.Start("hike", """{"name":"Ann","steps":1}""", "k");
        Assert.Equal(id, node.Start("hike", """{ "steps":1, "name":"Ann" }""", "k"));
        Assert.IsType<StartAnswer.KeyReused>(node.Done(node.Engine.Start(new("hike", "k", """{"name":"Ann","steps":2}"""u8.ToArray()))));
        Assert.Equal(["run 1"], _ledger.Log);
    }

    [Fact]
    public void An_undo_that_keeps_failing_is_an_incident_with_a_page_and_an_operator_continues_it()
    {
        _ledger.Fails = n => n == 3 ? new PermanentFailure("blister", "It hurts.") : null;
        _ledger.UndoFails = n => n == 2 ? new InvalidOperationException("stuck") : null;
        var node = Node();
        var id = node.Start("hike", """{"name":"Ann","steps":3}""");
        node.Shell.Pass(1.Minutes);
        var stuck = node.Look(id);
        Assert.Equal(Status.Incident, stuck.Status);
        Assert.Single(_store.PageRecords);
        _ledger.UndoFails = _ => null;
        Assert.True(Assert.IsType<CommandAnswer.Done>(node.Done(node.Engine.Retry(id, new("op", []), stuck.Incident!.Number))).Changed);
        node.Shell.Pass(1.Minutes);
        Assert.Equal("TURNED_BACK", node.Look(id).State);
        Assert.Equal(["undo 2", "undo 1"], _ledger.Log.TakeLast(2));
    }

    [Fact]
    public void Bad_input_is_refused_with_its_fault_and_leaves_nothing()
    {
        var node = Node();
        foreach (var bad in (string[])["", "{", "null", "[]", """{"steps":1}""", """{"name":1}""", """{"name":"a","name":"b"}""", """{"name":"a","more":1}""", """{"name":null}""",
            """{"\ud800":1}""", """{"name":"a","\ud800":1}"""])
            Assert.IsType<StartAnswer.Invalid>(node.Done(node.Engine.Start(new("hike", "k", System.Text.Encoding.UTF8.GetBytes(bad)))));
        Assert.IsType<StartAnswer.NoWorkflow>(node.Done(node.Engine.Start(new("nothing", "k", "{}"u8.ToArray()))));
        Assert.Equal(0, _store.Commits);
    }
}
