using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Perdure.Runtime;
using Perdure.Simulation.Chance;

namespace Perdure.Simulation.Stressing;

/// <summary>One rate in real time: the runtime of production on threads, and a store in a folder that is removed afterwards.</summary>
internal sealed class RealStage(Subject subject, StageOptions options, ulong seed, Action<StressProgress>? progress, CancellationToken cancellation)
{
    private static readonly TimeSpan Closes = TimeSpan.FromSeconds(2);
    private const long DrainsAtLeast = 5 * TimeSpan.TicksPerSecond;
    private const int ShowsEvery = 100, LooksEvery = 10;

    private readonly RealPace _pace = new();
    private long _shown = Environment.TickCount64;

    public (string Name, StressRow Row) Run()
    {
        // Downstreams may keep tokens: those of another run must not be answered by what was done in this one.
        var run = $"stress-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}";
        var folder = subject.Carries is null ? null : Directory.CreateTempSubdirectory("perdure-stress-");
        try
        {
            using var context = new StressContext(subject, options, _pace.Clock, folder?.FullName);
            var stage = new Stage(options, context.SlotsOf(options), _pace);
            var operations = new StressedOperations(context.Operations, _pace, options, seed, context.Step is null ? stage.Told : (_, _) => { });
            if (context.Step is not { } step) return (context.Name, OnNode(stage, context, operations, run));
            stage.Target = new OperationTarget(stage, _pace, operations, step, context.Codec, run);
            return (context.Name, Drive(stage, context));
        }
        finally
        {
            folder?.Delete(recursive: true);
        }
    }

    private StressRow OnNode(Stage stage, StressContext context, IOperations operations, string run)
    {
        var target = new WorkflowTarget(stage, _pace, options, context.Workflow!, run, seed);
        var store = new ObservedStore(context.Store(), target.Durable);
        var node = new Node(context.Registry, store, new ThreadedShell(_pace.Clock), operations, context.Options, context.Codec, NullLogger.Instance);
        target.Engine = new Engine(node);
        stage.Target = target;
        node.Open(new(Environment.MachineName, Environment.ProcessId, "stress"), CancellationToken.None).GetAwaiter().GetResult();
        try
        {
            return Drive(stage, context);
        }
        finally
        {
            node.Close(stage.Open == 0 ? Closes : TimeSpan.Zero).GetAwaiter().GetResult();
        }
    }

    private StressRow Drive(Stage stage, StressContext context)
    {
        var times = new IntendedTimes(options.Arrivals, options.Rate, new(seed, StageChance.Arrivals));
        var dice = new Dice(new Pcg32(seed, StageChance.Inputs));
        _pace.Begin();
        var number = 0L;
        for (var at = times.Next(); at < stage.ArrivalsEnd && Until(at, stage); at = times.Next())
            stage.Arrive(new(++number, at, context.Input(dice, number)));
        Until(stage.ArrivalsEnd, stage);
        var drained = stage.ArrivalsEnd + Math.Max(options.Time.Ticks / 2, DrainsAtLeast);
        while (stage.Open > 0 && _pace.Now < drained && Until(_pace.Now + LooksEvery * TimeSpan.TicksPerMillisecond, stage)) { }
        return stage.Close(options, cancellation.IsCancellationRequested);
    }

    // A wait ends up to a millisecond late. That is part of the latencies, which count from the intended moment.
    private bool Until(long at, Stage stage)
    {
        while (true)
        {
            if (stage.Broken is { } broken) throw broken;
            if (cancellation.IsCancellationRequested) return false;
            if (progress is not null && Environment.TickCount64 - _shown >= ShowsEvery)
            {
                _shown = Environment.TickCount64;
                progress(stage.Progress(options.Rate));
            }
            if (at - _pace.Now is not (> 0 and var left)) return true;
            cancellation.WaitHandle.WaitOne((int)Math.Clamp(left / TimeSpan.TicksPerMillisecond, 1, ShowsEvery));
        }
    }
}
