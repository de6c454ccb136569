using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// An attempt of an operation or of an undo: it runs off the lane, in a DI scope of its own, and comes back to the lane as a message with its end.
/// </summary>
internal sealed class RunningAttempt(Lane lane, Hot hot, CarriedStep step, int ordinal, int number, string name, string token, Payload input, UndoData? undo)
    : LaneMessage, IThreadPoolWorkItem
{
    private CancellationTokenSource? _cancel;
    private Progress? _progress;
    private Payload? _result;
    private Failure? _failure;
    private ITransaction? _transaction;

    public Hot Hot => hot;
    public CarriedStep Step => step;
    public int Ordinal => ordinal;
    public int Number => number;
    public string Name => name;
    public bool IsUndo => undo is not null;
    public Failure? Failure => _failure;
    public Payload? Result => _result;
    /// <summary>The transaction that it ran in and that is to be committed with its end; null where it ran in none, or has failed.</summary>
    public ITransaction? Transaction => _transaction;
    /// <summary>A transaction must not be left open where the lane has come to its end.</summary>
    public override bool IsAwaited => _transaction is not null;
    public Progress? Progress => Volatile.Read(ref _progress);
    public long StartedAt { get; private set; }

    /// <summary>It has been sent off to run.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>It has come back, and its end waits to be written in its transaction.</summary>
    public bool HasRun;

    /// <summary>It has been given up: its end changes nothing any more.</summary>
    public bool Over;
    public DateTimeOffset TimesOutAt;
    public RunningAttempt? Earlier, Later;
    public TimeoutLine? Line;

    /// <summary>Its time runs from here.</summary>
    public void Begin()
    {
        StartedAt = Stopwatch.GetTimestamp();
        _cancel = new();
    }

    /// <summary>Runs it.</summary>
    public void Go()
    {
        IsRunning = true;
        lane.Node.Shell.Dispatch(this);
    }

    /// <summary>Asks it to end. What the operation has registered for that is its own code: it runs off the lane, and what it throws is no more than logged.</summary>
    public void Cancel()
    {
        if (_cancel is { IsCancellationRequested: false } cancel) lane.Node.Shell.Dispatch(new Cancelling(this, cancel));
    }

    private sealed class Cancelling(RunningAttempt attempt, CancellationTokenSource cancel) : IThreadPoolWorkItem
    {
        public void Execute()
        {
            try
            {
                cancel.Cancel();
            }
            catch (AggregateException e)
            {
                attempt.CancelFailed(e);
            }
        }
    }

    private void CancelFailed(Exception e) => lane.CancelFailed(this, e);

    void IThreadPoolWorkItem.Execute() => _ = Run();

    private async Task Run()
    {
        using var activity = Telemetry.Source.HasListeners() ? Activity() : null;
        try
        {
            // What was not committed was not done, so that an undo without an output has nothing to take back.
            if (step.Handle.IsTransacted && undo is not { Output: null })
                _transaction = await lane.Node.Store.Transactions!.Begin(lane.Lease.Lane, step.Handle.Timeout, _cancel!.Token).ConfigureAwait(false);
            var attempt = new Attempt(token, number, _cancel!.Token, report => Volatile.Write(ref _progress, report)) { Store = _transaction?.Store };
            var run = undo is null ? lane.Node.Operations.Run(step, lane.Codec, input, attempt) : lane.Node.Operations.Undo(step, lane.Codec, undo, attempt);
            // What it failed with is taken off the task: to throw it here once more would cost more than the rest of the attempt.
            await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (run.Exception is { InnerException: { } e }) Fail(e);
            else if (run.IsCanceled && Over) _failure = GivenUp;
            else if (undo is not null) await run.ConfigureAwait(false);
            else _result = await ((Task<Payload>)run).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Fail(e);
        }
        if (step.Handle.IsTransacted && _failure is not null)
        {
            _failure = _failure with { Unknown = false };
            await Discard().ConfigureAwait(false);
        }
        activity?.SetStatus(_failure is null ? ActivityStatusCode.Ok : ActivityStatusCode.Error, _failure?.Code);
        lane.Post(this);
    }

    // Nobody looks at the end of what was given up: neither at where it was cancelled, which is the dearest to tell.
    private static readonly Failure GivenUp = new("step.cancelled", "The attempt was given up.", Transient: true, Unknown: true);

    private void Fail(Exception e)
    {
        if (e is OperationCanceledException && _cancel!.IsCancellationRequested) _failure = Failures.Of("step.cancelled", e, transient: true, unknown: true);
        else _failure = Failures.OfAttempt(e);
    }

    public override void Handle(Lane lane) => lane.Ended(this);

    /// <summary>Undoes what the operation wrote in its transaction, where that is not committed, and gives the connection back.</summary>
    public async Task Discard()
    {
        if (Interlocked.Exchange(ref _transaction, null) is not { } transaction) return;
        try
        {
            await transaction.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e)      // a connection that is broken has undone it
        {
            lane.DiscardFailed(this, e);
        }
    }

    private Activity? Activity()
    {
        ActivityContext.TryParse(hot.Instance?.TraceParent, null, out var parent);
        var activity = Telemetry.Source.StartActivity(undo is null ? $"run {step.Handle.Name}" : $"undo {step.Handle.Name}", ActivityKind.Internal, parent);
        activity?.SetTag("perdure.instance", hot.Id.ToString()).SetTag("perdure.workflow", hot.Code?.Map.Workflow).SetTag("perdure.step", name).SetTag("perdure.attempt", number);
        return activity;
    }
}
