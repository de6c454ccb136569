using System.Collections.Immutable;
using Perdure.Kernel;
using Perdure.Replay;
using Perdure.Runtime;
using Perdure.Simulation.Chance;
using Perdure.Simulation.Operations;

namespace Perdure.Simulation.Stressing;

/// <summary>
/// Operations on their way through injected latency and faults: first the latency passes, then the operation runs, or what stands in its place. Undos take the latency too; no fault strikes them.
/// </summary>
/// <param name="inner">Runs the operations themselves.</param>
/// <param name="pace">The stage's time.</param>
/// <param name="options">What is injected, and what is replaced.</param>
/// <param name="seed">Of latencies and faults.</param>
/// <param name="told">Told how each attempt ended: the operation, and the code of its failure or null.</param>
internal sealed class StressedOperations(IOperations inner, IPace pace, StageOptions options, ulong seed, Action<string, string?> told) : IOperations
{
    private readonly Lock _draws = new();
    private readonly Pcg32 _latency = new(seed, StageChance.Latency), _faults = new(seed, StageChance.Faults);
    private int _open;

    /// <summary>Operations that were called and have not come back.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>The operation that was called last of those that did not come back at once.</summary>
    public string Last { get; private set; } = "";

    /// <summary>The operation whose code is on the stage's thread, seen from outside of it; null where none is.</summary>
    public string? Entered => Volatile.Read(ref _entered);

    private string? _entered;

    private T Enter<T>(CarriedStep step, Func<T> call)
    {
        if (pace is not VirtualPace) return call();
        Volatile.Write(ref _entered, step.Handle.Name);
        try
        {
            return call();
        }
        finally
        {
            Volatile.Write(ref _entered, null);
        }
    }

    public async Task<Payload> Run(CarriedStep step, PayloadCodec codec, Payload input, Attempt attempt)
    {
        var began = pace.Now;
        try
        {
            var (takes, end) = Draw(step.Type);
            if (end == InjectedEnd.Timeout) await pace.Wait(Timeout.InfiniteTimeSpan, attempt.Cancelled).ConfigureAwait(false);
            if (takes > TimeSpan.Zero) await pace.Wait(takes, attempt.Cancelled).ConfigureAwait(false);
            if (end == InjectedEnd.Transient) throw new TransientFailure("stress.transient", "Injected: nothing happened, and it may be tried again.");
            if (end == InjectedEnd.Permanent) throw new PermanentFailure("stress.permanent", "Injected: nothing happened, for good.");
            var output = options.Stands.TryGetValue(step.Type, out var stand) ? Enter(step, () => stand.Run(codec, input)) : await Inside(step, Enter(step, () => inner.Run(step, codec, input, attempt))).ConfigureAwait(false);
            if (end == InjectedEnd.Unknown) throw new UnknownOutcome("stress.unknown", "Injected: it happened, and the answer was lost.");
            told(step.Handle.Name, TimedOut(step, began) ? StepTimeout : null);      // nobody waits for it any more
            return output;
        }
        catch (Exception e)
        {
            told(step.Handle.Name, TimedOut(step, began) ? StepTimeout : e is OperationCanceledException && attempt.Cancelled.IsCancellationRequested ? "step.cancelled" : Failures.OfAttempt(e).Code);
            throw;
        }
    }

    public async Task Undo(CarriedStep step, PayloadCodec codec, UndoData undo, Attempt attempt)
    {
        var (takes, _) = Draw(step.Type);
        if (takes > TimeSpan.Zero) await pace.Wait(takes, attempt.Cancelled).ConfigureAwait(false);
        if (options.Stands.TryGetValue(step.Type, out var stand)) Enter(step, () => { stand.Undo(codec, undo.Input); return true; });
        else await Inside(step, Enter(step, Undone)).ConfigureAwait(false);

        async Task<bool> Undone()
        {
            await inner.Undo(step, codec, undo, attempt).ConfigureAwait(false);
            return true;
        }
    }

    public const string StepTimeout = "step.timeout";

    private async Task<T> Inside<T>(CarriedStep step, Task<T> running)
    {
        if (running.IsCompleted) return await running.ConfigureAwait(false);
        Interlocked.Increment(ref _open);
        Last = step.Handle.Name;
        try
        {
            return await running.ConfigureAwait(false);
        }
        finally
        {
            pace.StillHere(step.Handle.Name);
            Interlocked.Decrement(ref _open);
        }
    }

    private bool TimedOut(CarriedStep step, long began) => pace.Now - began >= step.Handle.Timeout.Ticks;

    private (TimeSpan Takes, InjectedEnd End) Draw(Type step)
    {
        var shares = options.Faults.GetValueOrDefault(step) ?? options.FaultsOfAll;
        var latency = options.Latencies.GetValueOrDefault(step) ?? options.LatencyOfAll;
        lock (_draws)
        {
            var takes = latency?.Draw(_latency) ?? TimeSpan.Zero;
            var share = _faults.Share();
            if ((share -= shares.Transient) < 0) return (takes, InjectedEnd.Transient);
            if ((share -= shares.Permanent) < 0) return (takes, InjectedEnd.Permanent);
            if ((share -= shares.Unknown) < 0) return (takes, InjectedEnd.Unknown);
            return (takes, share - shares.Timeout < 0 ? InjectedEnd.Timeout : InjectedEnd.None);
        }
    }
}

/// <summary>What chance is drawn for in a stage: each has a stream of the seed for itself, and each rate of a ramp the same ones.</summary>
internal static class StageChance
{
    public const ulong Arrivals = 101, Inputs = 102, Latency = 103, Faults = 104, Answers = 105;
}
