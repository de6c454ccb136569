using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging.Abstractions;
using Perdure.Runtime;
using Perdure.Simulation.Chance;
using Perdure.Simulation.Database;
using Perdure.Simulation.Faults;
using Perdure.Simulation.Nodes;
using Perdure.Simulation.Time;

namespace Perdure.Simulation.Stressing;

/// <summary>One rate in virtual time: everything on one thread and one queue, on which time passes from one thing to the next.</summary>
internal sealed class VirtualStage(Subject subject, StageOptions options, ulong seed, TimeSpan patience, Action<StressProgress>? progress, CancellationToken cancellation)
{
    // What has not ended so long after the last arrival, in virtual time, counts as unfinished.
    private static readonly long Drains = TimeSpan.TicksPerDay;
    // How long code that has left virtual time is waited for, in real time, so that it can be named.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private const int LooksEvery = 1_024;

    private long _number, _looked, _happened;
    private bool _arriving = true;

    // Seen from outside of its thread, where that stands still.
    private volatile Schedule? _schedule;
    private volatile StressedOperations? _operations;
    private volatile Node? _node;

    public (string Name, StressRow Row) Run()
    {
        (string, StressRow) result = default;
        ExceptionDispatchInfo? broken = null;
        // On a thread of its own: without a synchronization context or scheduler, under which continuations would not run inline.
        var thread = new Thread(() =>
        {
            try
            {
                result = OnItsThread();
            }
            catch (Exception e)
            {
                broken = ExceptionDispatchInfo.Capture(e);
            }
        }, 16 * 1024 * 1024) { IsBackground = true, Name = "perdure-stress" };
        using (ExecutionContext.SuppressFlow()) thread.Start();
        if (!Standstill.Join(thread, () => _schedule is { Happened: > 0 and var happened } ? happened : null, patience)) throw StandsStill();
        broken?.Throw();
        return result;
    }

    private (string, StressRow) OnItsThread()
    {
        var chance = new Streams(seed);
        var schedule = new Schedule(chance.Schedule);
        _schedule = schedule;
        var pace = new VirtualPace(schedule);
        using var context = new StressContext(subject, options, pace.Clock, null);
        var stage = new Stage(options, context.SlotsOf(options), pace);
        var operations = new StressedOperations(context.Operations, pace, options, seed, context.Step is null ? stage.Told : (_, _) => { });
        _operations = operations;
        if (context.Step is { } step) stage.Target = new OperationTarget(stage, pace, operations, step, context.Codec, "stress");
        else Open(stage, context, pace, operations, schedule, chance);
        pace.Begin();
        Arrive(stage, context, pace, new(options.Arrivals, options.Rate, new(seed, StageChance.Arrivals)), new(new Pcg32(seed, StageChance.Inputs)));
        var end = schedule.Now + stage.ArrivalsEnd + Drains;
        while ((_arriving || stage.Open > 0) && !cancellation.IsCancellationRequested && schedule.Step(end)) Look(stage, pace);
        if (!cancellation.IsCancellationRequested) Escapes(operations, pace, schedule, end);
        return (context.Name, stage.Close(options, cancellation.IsCancellationRequested));
    }

    private void Open(Stage stage, StressContext context, VirtualPace pace, IOperations operations, Schedule schedule, Streams chance)
    {
        var target = new WorkflowTarget(stage, pace, options, context.Workflow!, "stress", seed);
        var database = new SimulatedDatabase(schedule, chance.Store, Worlds.World.Begins) { Forgets = true };
        var clock = (NodeClock)pace.Clock;
        var link = new Link(schedule, chance, FaultMix.None(chance), pace, database, new StoreClock(clock));
        var store = new ObservedStore(new SimulatedStore(database, link, 0, 1), target.Durable);
        var node = new Node(context.Registry, store, new SimulatedShell(schedule, chance, pace, clock), operations, context.Options, context.Codec, NullLogger.Instance);
        _node = node;
        target.Engine = new Engine(node);
        stage.Target = target;
        var opened = node.Open(new("stress", 0, "simulated"), CancellationToken.None);
        while (!opened.IsCompleted && schedule.Step(TimeSpan.TicksPerMinute)) { }
        opened.GetAwaiter().GetResult();
    }

    private void Arrive(Stage stage, StressContext context, VirtualPace pace, IntendedTimes times, Dice dice)
    {
        var at = times.Next();
        if (at >= stage.ArrivalsEnd) _arriving = false;
        else
            pace.After(new(at - pace.Now), () =>
            {
                var number = ++_number;
                stage.Arrive(new(number, at, context.Input(dice, number)));
                Arrive(stage, context, pace, times, dice);
            });
    }

    private void Look(Stage stage, VirtualPace pace)
    {
        if (stage.Broken is { } broken) throw broken;
        if (pace.Escaped is { } operation) throw Left(operation);
        if (progress is null || ++_happened % LooksEvery != 0 || Environment.TickCount64 - _looked < 100) return;
        _looked = Environment.TickCount64;
        progress(stage.Progress(options.Rate));
    }

    // An operation that was called and never came back waits for what virtual time cannot bring about. It may look like a timeout, which it is not.
    private static void Escapes(StressedOperations operations, VirtualPace pace, Schedule schedule, long end)
    {
        while (operations.Open > 0 && pace.Escaped is null && schedule.Step(end)) { }
        if (operations.Open > 0) SpinWait.SpinUntil(() => operations.Open == 0, Patience);
        if (pace.Escaped is not null || operations.Open > 0) throw Left(pace.Escaped ?? operations.Last);
    }

    private InvalidOperationException StandsStill()
    {
        if (_operations?.Entered is { } operation) return Left(operation);
        foreach (var lane in _node?.Lanes ?? [])
            if (lane.Stands() is { } stands)
                return new($"The body of state '{stands.State}' of {stands.Instance} ({subject.Type.Name}, or a child) holds its thread: it waits for real time, real I/O or another thread. A body waits only for what its visit gives; what else it needs is an operation.");
        return new($"Virtual time stands still in '{_schedule?.Doing}': user code waits there for real time, real I/O or another thread.");
    }

    private static InvalidOperationException Left(string operation) => new(
        $"The operation '{operation}' waits for real time, real I/O or another thread, which virtual time does not bring about. Give it fakes and the TimeProvider of its services, put a function in its place by Replace, or run in real time.");
}
