using CsCheck;

namespace Perdure.Kernel.Tests;

/// <summary>What is promised about effects, over random maps and command sequences.</summary>
public class EffectProperties
{
    private const int Cases = 10_000;

    [Fact]
    public void What_may_have_happened_is_undone_in_exactly_the_reverse_order() => Maps.Cases.Sample((map, script) =>
    {
        var saga = new SagaChecker();
        var world = Watch.Play(map, script, saga.Attach);
        if (!world.Instance!.Ended) world.Give(new Command.Cancel(world.Now, "ann", "the end", null));
        Outside.Finish(world, new((uint)script.Length));
        saga.ExpectEnd();
    }, iter: Cases);

    [Fact]
    public void Nothing_is_stuck_and_memory_is_what_recovery_would_rebuild() => Maps.Cases.Sample((map, script) =>
    {
        var world = new World(map);
        world.Start();
        Check(world);
        foreach (var number in script)
        {
            world.Give(Outside.Next(world, new(number)));
            Check(world);
        }
    }, iter: Cases);

    private static void Check(World world)
    {
        var instance = world.Instance!;
        var pending = Decider.Pending(world.Map, instance);

        // Timers and rows are what the state says, no more and no less.
        Assert.Equal(
            pending.OfType<Effect.SetTimer>().Select(t => (t.Timer.Kind, t.Timer.Ordinal, t.Due)).Order(),
            world.Timers.Select(t => (t.Key.Kind, t.Key.Ordinal, t.Value)).Order());
        Assert.Equal(instance.Stack.Keys, world.Stack.Keys);
        Assert.Equal(instance.Stack.Values.Select(s => (s.Generation, s.IntendedAt)), world.Stack.Values.Select(s => (s.Generation, s.IntendedAt)));
        Assert.True(instance.Messages.SetEquals(world.Messages));
        Assert.Equal(instance.Ended, world.Notified is not null);

        // What the state says is running does run.
        foreach (var (ordinal, name) in instance.Outstanding)
        {
            var entry = instance.Journal[name];
            Assert.Equal(ordinal, entry.Ordinal);
            if (entry is { Kind: EntryKind.Step, Status: EntryStatus.Running }) Assert.Equal(entry.Attempt, world.Running[ordinal]);
            if (entry.Kind == EntryKind.Child) Assert.True(world.ChildrenUp.ContainsKey(ordinal));
        }
        Assert.All(instance.Journal.Values, e => Assert.Equal(e.IsDone, !instance.Outstanding.ContainsKey(e.Ordinal)));

        if (instance.Ended || instance.Halted) return;
        if (instance.Exit is null)
        {
            if (!instance.AtGate || instance.Decided is not null) Assert.Equal(instance.Visit, world.Body);
            return;
        }
        Assert.Null(world.Body);
        if (instance.Outstanding.IsEmpty)
            Assert.True(world.Undo is not null || world.Timers.Keys.Any(t => t.Kind == TimerKind.Undo), $"Nobody undoes it: {Same.Dump(instance)}");
    }

    [Fact]
    public void Timers_never_fire_early_and_a_deadline_raises_one_page() => Maps.Cases.Sample((map, script) =>
        Watch.Play(map, script, world => world.Decided += (before, command, verdict) =>
        {
            if (command is not Command.FireTimer fire || verdict is not Verdict.Accepted { Events.Length: > 0 } accepted) return;
            var due = before!.Open(fire.Timer.Ordinal)?.Due;
            if (fire.Timer.Kind == TimerKind.Deadline) due = before.Deadline!.Due;
            if (fire.Timer.Kind == TimerKind.Undo) due = before.Stack.Last.Value.UndoDue;
            Assert.True(due <= command.At);
            if (fire.Timer.Kind == TimerKind.Deadline)
                Assert.Single(accepted.Effects, new Effect.RaisePage(new($"{before.Id}/{before.Visit}/deadline", Severity.High, "deadline.breached",
                    accepted.Effects.OfType<Effect.RaisePage>().Single().Page.Summary)));
        }), iter: Cases);
}
