using System.Collections.Immutable;

namespace Perdure.Kernel.Tests;

/// <summary>What may come to an instance, in any order: bodies, ends of attempts, timers, people, crashes; also late, early and twice.</summary>
internal static class Outside
{
    private static readonly string[] Names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    private static readonly string[] Signals = ["paid", "shipped"];

    public static Command Next(World world, Dice dice)
    {
        var instance = world.Instance!;
        world.Now += TimeSpan.FromMilliseconds(dice.Below(1500));
        // Who dies once often dies again.
        if (world.Last is Command.Recover && dice.OneIn(2)) return new Command.Recover(world.Now, Unclean: true);
        switch (dice.Below(20))
        {
            case < 7 when world.Body is { } visit: return OfBody(world, instance, visit, dice);
            case < 11 when world.Running.Count > 0: return EndAttempt(world, dice, dice.Of([.. world.Running.Keys.Order()]));
            case < 11 when world.Undo is not null: return EndUndo(world, dice);
            case 11 or 12 when world.Timers.Count > 0:
                var timer = dice.Of([.. world.Timers.OrderBy(t => (t.Key.Kind, t.Key.Ordinal))]);
                if (timer.Value > world.Now && !dice.OneIn(4)) world.Now = timer.Value;
                return new Command.FireTimer(world.Now, timer.Key);
            case 12 or 13: return new Command.Send(world.Now, dice.Of(Signals), $"m{dice.Below(14)}", World.Json(dice.OneIn(20) ? Long : "\"hi\""));
            case 14 when world.ChildrenUp.Count > 0:
                var (ordinal, key) = dice.Of([.. world.ChildrenUp.OrderBy(c => c.Key)]);
                return new Command.EndChild(world.Now, ordinal, $"end:{key}", "DONE", World.Json("7"));
            case 14 or 15 when instance.AtGate:
                return new Command.DecideGate(world.Now, instance.Visit, dice.OneIn(2), dice.OneIn(2) ? "ann" : "bob", dice.OneIn(4) ? ["clerk"] : ["officer"], "");
            case 16: return Operator(world, instance, dice);
            case 17: return new Command.Recover(world.Now, !dice.OneIn(3));
            case 18: return Stale(world, instance, dice);
            case 19 when dice.OneIn(6): return new Command.Cancel(world.Now, "ann", "enough", dice.OneIn(2) ? null : World.Json("{}"));
            default:
                if (world.Body is { } present) return OfBody(world, instance, present, dice);
                if (world.Running.Count > 0) return EndAttempt(world, dice, dice.Of([.. world.Running.Keys.Order()]));
                if (instance.Incident is { } incident) return new Command.Retry(world.Now, "ann", incident.Number, RetryMode.Again);
                return new Command.Resume(world.Now, "ann");
        }
    }

    private const string Long = "\"0123456789012345678901234567890123456789\"";

    private static Command OfBody(World world, Instance instance, int visit, Dice dice)
    {
        switch (dice.Below(12))
        {
            case < 6:
                var intents = ImmutableArray.CreateBuilder<Intent>();
                for (var i = dice.Below(3); i >= 0; i--) intents.Add(AnIntent(dice));
                return new Command.Intend(world.Now, visit, intents.ToImmutable());
            case < 10:
                // Ends come last, mostly.
                IReadOnlyList<string> declared = world.Map.Find(instance.State)!.To;
                if (!dice.OneIn(4) && declared.Where(t => !world.Map.Find(t)!.IsEnd).ToList() is { Count: > 0 } inner) declared = inner;
                var to = dice.OneIn(8) ? dice.Of(world.Map.States).Name : dice.OneIn(16) ? "CANCELLED" : dice.Of(declared);
                return new Command.Transit(world.Now, visit, to, World.Json(dice.OneIn(20) ? Long : "{}"));
            case 10 when dice.OneIn(3): return new Command.FailBody(world.Now, visit, new("body.failed", "no") { Causes = Causes("x") });
            default: return new Command.Abandon(world.Now, visit, [dice.Of(Names), dice.Of(Names)]);
        }
    }

    private static Intent AnIntent(Dice dice)
    {
        // A name is for one thing only, mostly.
        var index = dice.Below(Names.Length);
        var name = Names[index];
        return (dice.OneIn(25) ? dice.Below(9) : index) switch
        {
            < 4 => new Intent.Step(name, $"op-{name}", World.Json(dice.OneIn(40) ? Long : "1"), index < 3, index is 0 or 3),
            4 => new Intent.Note(name, World.Json("5")),
            5 => new Intent.Sleep(name, TimeSpan.FromMilliseconds(dice.Below(9000))),
            6 => new Intent.Signal(name, "paid", dice.OneIn(2) ? TimeSpan.FromSeconds(3) : null),
            7 => new Intent.Signal(name, "shipped", null),
            _ => new Intent.Child(name, "child", "k", World.Json("1")),
        };
    }

    public static Command EndAttempt(World world, Dice dice, int ordinal)
    {
        var attempt = world.Running[ordinal];
        world.Ended(ordinal);
        return new Command.EndAttempt(world.Now, ordinal, attempt, AnOutcome(dice), World.Policy, dice.Share());
    }

    private static Outcome AnOutcome(Dice dice) => dice.Below(10) switch
    {
        < 5 => new Outcome.Success(World.Json(dice.OneIn(20) ? Long : "\"ok\"")),
        5 => new Outcome.Failed(new("busy", "later", Transient: true) { Conclusive = dice.OneIn(3) }),
        6 => new Outcome.Failed(new("no", "never") { Causes = Causes("x"), Conclusive = dice.OneIn(3) }),
        7 => new Outcome.Failed(new("lost", "who knows", Unknown: true)),
        _ => new Outcome.Failed(new("timeout", "who knows", Transient: true, Unknown: true)),
    };

    public static Command EndUndo(World world, Dice dice)
    {
        var (ordinal, attempt) = world.Undo!.Value;
        world.UndoEnded();
        var failure = dice.Below(5) switch { 0 => new Failure("busy", "later", Transient: true), 1 when dice.OneIn(2) => new Failure("no", "never"), _ => null };
        return new Command.EndUndo(world.Now, ordinal, attempt, failure, World.Policy, dice.Share());
    }

    private static Command Operator(World world, Instance instance, Dice dice) => dice.Below(5) switch
    {
        0 => new Command.Pause(world.Now, "ann"),
        1 => new Command.Resume(world.Now, "ann"),
        2 => new Command.Retry(world.Now, "ann", dice.Below(4), RetryMode.Again),
        _ when instance.Incident is { } incident => new Command.Retry(world.Now, "ann", incident.Number, dice.Of([RetryMode.Again, RetryMode.Again, RetryMode.RestartVisit, RetryMode.Accept])) { Queries = ["d"] },
        _ => new Command.Resume(world.Now, "ann"),
    };

    private static Command Stale(World world, Instance instance, Dice dice) => dice.Below(5) switch
    {
        0 => new Command.Transit(world.Now, instance.Visit - 1, "DONE", World.Json("{}")),
        1 => new Command.Intend(world.Now, instance.Visit + 1, [AnIntent(dice)]),
        2 => new Command.EndAttempt(world.Now, 1 + dice.Below(9), 90, new Outcome.Success(World.Json("1")), World.Policy, 0),
        3 => new Command.FireTimer(world.Now, new((TimerKind)dice.Below(5), dice.Below(9))),
        _ => new Command.EndUndo(world.Now, 1 + dice.Below(9), 90, null, World.Policy, 0),
    };

    private static ImmutableArray<Cause> Causes(string text) => [new("Error", text)];

    /// <summary>Lets everything that is under way come to its end, an operator help where one must, and nothing new fail.</summary>
    public static void Finish(World world, Dice dice)
    {
        for (var turns = 0; !world.Instance!.Ended; turns++)
        {
            if (turns > 300) Assert.Fail($"It never ends: {Same.Dump(world.Instance)}");
            var instance = world.Instance;
            if (instance.Paused) world.Give(new Command.Resume(world.Now, "ann"));
            else if (instance.Incident is { } incident) world.Give(new Command.Retry(world.Now, "ann", incident.Number));
            else if (world.Running.Count > 0) world.Give(EndAttempt(world, dice, world.Running.Keys.Min()));
            else if (world.Undo is not null) world.Give(EndUndo(world, dice));
            else if (instance.Open(world.ChildrenUp.Keys.Order().FirstOrDefault(k => instance.Open(k) is not null)) is { } child)
                world.Give(new Command.EndChild(world.Now, child.Ordinal, $"end:{child.Ordinal}", "CANCELLED", Payload.Null));
            else if (world.Timers.Count > 0)
            {
                var timer = world.Timers.MinBy(t => t.Value);
                if (timer.Value > world.Now) world.Now = timer.Value;
                world.Give(new Command.FireTimer(world.Now, timer.Key));
            }
            else Assert.Fail($"Nothing is under way, and it has not ended: {Same.Dump(instance)}");
        }
    }
}
