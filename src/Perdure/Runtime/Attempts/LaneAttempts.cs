using System.Diagnostics;
using Perdure.Kernel;

namespace Perdure.Runtime;

/// <summary>The attempts that a lane has running, and those that wait for their turn: bounded for the lane, and for each operation that asks for it.</summary>
internal sealed class LaneAttempts(Lane lane)
{
    private readonly Dictionary<TimeSpan, TimeoutLine> _lines = [];
    private readonly Dictionary<string, (int Running, Queue<RunningAttempt> Waiting)> _bounded = new(StringComparer.Ordinal);
    private readonly Queue<RunningAttempt> _waiting = new();

    public int Running { get; private set; }

    public DateTimeOffset? NextTimeout
    {
        get
        {
            DateTimeOffset? next = null;
            foreach (var line in _lines.Values)
                if (line.First is { } first && (next is null || first.TimesOutAt < next)) next = first.TimesOutAt;
            return next;
        }
    }

    public void Start(Hot hot, Effect.StartAttempt start)
    {
        if (lane.Node.Registry.Step(start.Operation) is { } step)
            Add(new(lane, hot, step, start.Ordinal, start.Attempt, start.Name, start.Token, start.Input, null));
        else lane.WaitForCode(hot, start.Operation);
    }

    public void Start(Hot hot, Effect.StartUndo undo, UndoData data)
    {
        if (lane.Node.Registry.Step(undo.Operation) is { } step)
            Add(new(lane, hot, step, undo.Ordinal, undo.Attempt, undo.Operation, undo.Token, data.Input, data));
        else lane.WaitForCode(hot, undo.Operation);
    }

    public void Cancel(Hot hot, int ordinal)
    {
        if (hot.Attempts is not { } attempts || !attempts.TryGetValue(ordinal, out var attempt)) return;
        attempt.Cancel();
        if (attempt.StartedAt > 0) return;
        End(attempt);
        lane.NeverBegan(hot, ordinal, attempt.Number);
    }

    /// <summary>The instance leaves memory: its attempts are cancelled, and their ends mean nothing any more.</summary>
    public void Abandon(Hot hot)
    {
        if (hot.Attempts is not { } attempts) return;
        foreach (var attempt in attempts.Values.ToList())
        {
            attempt.Cancel();
            End(attempt);
        }
    }

    /// <summary>Cancels everything: the node stops.</summary>
    public void CancelAll(IEnumerable<Hot> all)
    {
        foreach (var hot in all)
            if (hot.Attempts is { } attempts)
                foreach (var attempt in attempts.Values) attempt.Cancel();
    }

    public void FireTimeouts(DateTimeOffset now)
    {
        List<RunningAttempt>? late = null;
        foreach (var line in _lines.Values)
            for (var attempt = line.First; attempt is not null && attempt.TimesOutAt <= now; attempt = attempt.Later) (late ??= []).Add(attempt);
        if (late is null) return;
        foreach (var attempt in late)
        {
            if (attempt.Over) continue;
            attempt.Cancel();
            End(attempt);
            lane.TimedOut(attempt);
        }
    }

    /// <summary>Attempts keep their span of time.</summary>
    public void ClockWentBack(TimeSpan by)
    {
        foreach (var line in _lines.Values)
            for (var attempt = line.First; attempt is not null; attempt = attempt.Later)
                if (attempt.TimesOutAt < DateTimeOffset.MaxValue) attempt.TimesOutAt -= by;
    }

    /// <summary>The attempt is over for the lane; who waited for its place runs.</summary>
    public void End(RunningAttempt attempt)
    {
        if (attempt.Over) return;
        attempt.Over = true;
        attempt.Line?.Remove(attempt);
        attempt.Hot.Attempts?.Remove(attempt.Ordinal);
        if (attempt.StartedAt == 0) return;      // it still waited
        Running--;
        if (attempt.Step.Handle.Concurrency > 0)
        {
            var (running, waiting) = _bounded[attempt.Step.Handle.Name];
            _bounded[attempt.Step.Handle.Name] = (running - 1, waiting);
            while (!lane.Leaving && waiting.TryDequeue(out var next))
            {
                if (next.Over) continue;
                Begin(next);
                break;
            }
        }
        while (!lane.Leaving && Running < lane.Node.Options.OperationsMax && _waiting.TryDequeue(out var next))
            if (!next.Over) Begin(next);
    }

    private void Add(RunningAttempt attempt)
    {
        var attempts = attempt.Hot.Attempts ??= [];
        if (attempts.TryGetValue(attempt.Ordinal, out var other))
        {
            // It runs already. An undo and what it undoes are not the same: of a visit that was begun again the run may still be under way, and makes way for its undo.
            if (other.IsUndo == attempt.IsUndo && other.Number >= attempt.Number) return;
            other.Cancel();
            End(other);
        }
        attempts[attempt.Ordinal] = attempt;
        if (Running >= lane.Node.Options.OperationsMax) _waiting.Enqueue(attempt);
        else Begin(attempt);
    }

    private void Begin(RunningAttempt attempt)
    {
        var handle = attempt.Step.Handle;
        if (handle.Concurrency > 0)
        {
            if (!_bounded.TryGetValue(handle.Name, out var bound)) bound = (0, new());
            if (bound.Running >= handle.Concurrency)
            {
                bound.Waiting.Enqueue(attempt);
                _bounded[handle.Name] = bound;
                return;
            }
            _bounded[handle.Name] = (bound.Running + 1, bound.Waiting);
        }
        Running++;
        var timeout = handle.Timeout;
        attempt.TimesOutAt = timeout < TimeSpan.FromDays(1_000) ? lane.Now + timeout : DateTimeOffset.MaxValue;
        if (!_lines.TryGetValue(timeout, out var line)) _lines.Add(timeout, line = new());
        line.Add(attempt);
        attempt.Begin();
        if (!lane.Binds(attempt)) attempt.Go();
    }
}

/// <summary>Attempts that all have the same time: they time out in the order in which they began, so that joining and leaving cost nothing.</summary>
internal sealed class TimeoutLine
{
    private RunningAttempt? _last;

    public RunningAttempt? First { get; private set; }

    public void Add(RunningAttempt attempt)
    {
        attempt.Line = this;
        attempt.Earlier = _last;
        if (_last is null) First = attempt;
        else _last.Later = attempt;
        _last = attempt;
    }

    public void Remove(RunningAttempt attempt)
    {
        if (attempt.Earlier is { } earlier) earlier.Later = attempt.Later;
        else First = attempt.Later;
        if (attempt.Later is { } later) later.Earlier = attempt.Earlier;
        else _last = attempt.Earlier;
        attempt.Line = null;
        attempt.Earlier = attempt.Later = null;
    }
}

/// <summary>The ends of attempts at their lane.</summary>
internal sealed partial class Lane
{
    private readonly LaneAttempts _attempts;

    public int RunningAttempts => _attempts.Running;

    internal void CancelFailed(RunningAttempt attempt, Exception e) => Log.CancelFailed(_log, e, attempt.Step.Handle.Name, attempt.Hot.Id);

    internal void DiscardFailed(RunningAttempt attempt, Exception e) => Log.DiscardFailed(_log, e, attempt.Step.Handle.Name, attempt.Hot.Id);

    internal void CancelAllAttempts() => _attempts.CancelAll(_hot.Values);

    /// <summary>What the running attempts of an instance report, by ordinal.</summary>
    internal IReadOnlyDictionary<int, Progress> ProgressOf(InstanceId instance)
    {
        Dictionary<int, Progress> running = [];
        if (Find(instance)?.Attempts is { } attempts)
            foreach (var (ordinal, attempt) in attempts)
                if (attempt.Progress is { } progress) running[ordinal] = progress;
        return running;
    }

    internal void Ended(RunningAttempt attempt)
    {
        if (attempt.Over || _halted || _over)      // timed out, or its instance was dropped
        {
            _attempts.End(attempt);
            _ = attempt.Discard();
            return;
        }
        _attempts.End(attempt);
        if (attempt.Transaction is not null) EndInTransaction(attempt);
        else Report(attempt, attempt.Failure, attempt.Result);
    }

    /// <summary>An attempt was cancelled before it began: nothing of it has happened, and its instance need not wait for it.</summary>
    internal void NeverBegan(Hot hot, int ordinal, int number) => Post(new NeverBeganMessage(hot, ordinal, number));

    // As a message, since it is said while what a turn owes is being carried out.
    private sealed class NeverBeganMessage(Hot hot, int ordinal, int number) : LaneMessage
    {
        public override void Handle(Lane lane)
        {
            if (!hot.Dropped && lane.Takes)
                lane.Handle(hot, new Command.EndAttempt(lane.Now, ordinal, number, new Outcome.Failed(new("step.cancelled", "It was cancelled before it began.", Transient: true)), Retry.Default, 0));
        }
    }

    internal void TimedOut(RunningAttempt attempt) =>
        Report(attempt, new("step.timeout", $"\"{attempt.Name}\" did not answer within {attempt.Step.Handle.Timeout}.", Transient: true, Unknown: !attempt.Step.Handle.IsTransacted), null);

    private void Report(RunningAttempt attempt, Failure? failure, Payload? result)
    {
        var hot = attempt.Hot;
        if (hot.Dropped || _halted) return;
        Count(attempt, failure);
        var bound = Unbind(attempt);
        // Cut off by the stop, recovery runs it again under the same token.
        if (!(Leaving && failure is { Code: "step.cancelled" })) Handle(hot, EndOf(attempt, failure, result));
        if (bound) GoOn(hot);
    }

    private Command EndOf(RunningAttempt attempt, Failure? failure, Payload? result)
    {
        var handle = attempt.Step.Handle;
        return attempt.IsUndo
            ? new Command.EndUndo(Now, attempt.Ordinal, attempt.Number, failure, handle.UndoRetry, NextShare())
            : new Command.EndAttempt(Now, attempt.Ordinal, attempt.Number, failure is null ? new Outcome.Success(result!) : new Outcome.Failed(failure), handle.Retry, failure is null ? 0 : NextShare());
    }

    private static void Count(RunningAttempt attempt, Failure? failure)
    {
        var handle = attempt.Step.Handle;
        var outcome = failure is null ? "success" : failure.Unknown ? "unknown" : "failure";
        if (Telemetry.Attempts.Enabled) Telemetry.Attempts.Add(1, new("operation", handle.Name), new("outcome", outcome), new("undo", attempt.IsUndo));
        if (Telemetry.StepDuration.Enabled)
            Telemetry.StepDuration.Record(Stopwatch.GetElapsedTime(attempt.StartedAt).TotalSeconds, new("operation", handle.Name), new("outcome", outcome), new("undo", attempt.IsUndo));
    }
}
