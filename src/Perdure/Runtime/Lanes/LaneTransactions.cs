using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// Ends of operations that ran inside of a transaction of the store's database. Such an end, with all that the body answers to it, is written in that same transaction, apart from the lane's batches.
/// From then until it is answered the instance decides nothing else, so that its memory can go back where the transaction is not committed; commands wait, as they do for one that is being loaded.
/// </summary>
internal sealed partial class Lane
{
    private int _ending;

    private void EndInTransaction(RunningAttempt attempt)
    {
        var hot = attempt.Hot;
        if (hot.Dropped || hot.Halted)
        {
            _ = attempt.Discard();
            return;
        }
        _ending++;
        (hot.Ends ??= new()).Enqueue(attempt);
        WriteEnd(hot);
    }

    /// <summary>Decides and writes the first end that waits, once everything that was decided before it is durable.</summary>
    private void WriteEnd(Hot hot)
    {
        if (hot.IsEnding || hot.Uncommitted > 0 || hot.Ends is not { Count: > 0 } ends) return;
        var attempt = ends.Peek();
        var (before, head, hadBody, turn) = (hot.Instance!, hot.Head, hot.Body is not null, new Turn(hot, Now));
        Item? item = null;
        hot.IsEnding = true;
        try
        {
            if (Apply(turn, EndOf(attempt, null, attempt.Result)) is null) Advance(turn);
            if (turn.Events.Count > 0) item = ItemOf(turn);
        }
        catch (Exception e)
        {
            Halt(hot, e);
            DropEnds(hot);
            return;
        }
        if (item is null)      // nobody waits for it any more
        {
            _ = attempt.Discard();
            Over(hot);
            Release(turn);
            GoOn(hot);
            return;
        }
        hot.AtStore++;
        attempt.Transaction!.Commit(_lease.Lane, _lease.Epoch, item).ContinueWith(
            (task, _) => Post(new EndWritten(new(attempt, turn, before, head, hadBody), task)), null, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>An end that is being committed, and the instance as it was before.</summary>
    private sealed record SentEnd(RunningAttempt Attempt, Turn Turn, Instance Before, byte[] Head, bool HadBody);

    private sealed class EndWritten(SentEnd end, Task<TransactionAnswer> written) : LaneMessage
    {
        public override bool IsAwaited => true;

        public override void Handle(Lane lane)
        {
            _ = end.Attempt.Discard();
            if (!lane._halted && !lane._over)
                lane.Answered(end, written.IsCompletedSuccessfully ? written.Result : new TransactionAnswer.Unknown(new("store.broken", written.Exception!.InnerException!.Message)));
        }
    }

    private void Answered(SentEnd end, TransactionAnswer answer)
    {
        var (attempt, turn) = (end.Attempt, end.Turn);
        var hot = turn.Hot;
        hot.AtStore--;
        Over(hot);
        Count(attempt, (answer as TransactionAnswer.Failed)?.Failure);
        switch (answer)
        {
            case TransactionAnswer.Committed(var position):
                _node.Writable();
                try
                {
                    Committed(turn);
                }
                catch (Exception e)
                {
                    Halt(hot, e);
                }
                _node.Moved(position);
                break;
            case TransactionAnswer.Failed(var failure):
                GoBack(hot, end);
                if (!(Leaving && failure is { Code: "step.cancelled" })) Decide(hot, EndOf(attempt, failure, null), bodyDue: end.HadBody);
                break;
            case TransactionAnswer.Refused(var reason):
                Again(hot, () => NotWritten(turn, new ItemAnswer.Refused(reason)));
                break;
            case TransactionAnswer.Fenced(var epoch):
                HaltLane("lane.fenced", $"Another node owns the lane, with epoch {epoch} over {_lease.Epoch}.");
                return;
            case TransactionAnswer.Unknown(var reason):
                Log.EndUnknown(_log, hot.Id, reason.Message);
                Again(hot, () => NotWritten(turn, ItemAnswer.Skipped.Item));
                break;
        }
        RaiseBroken(hot);
        GoOn(hot);
    }

    /// <summary>The instance in memory is again as it is durable; its body runs anew, along its journal.</summary>
    private static void GoBack(Hot hot, SentEnd end)
    {
        hot.Uncommitted--;
        (hot.Instance, hot.Head, hot.LastTurn, hot.Body) = (end.Before, end.Head, null, null);
    }

    private void Over(Hot hot)
    {
        hot.IsEnding = false;
        _ending--;
        hot.Ends!.Dequeue();
    }

    /// <summary>The next end, or what has waited for this one.</summary>
    private void GoOn(Hot hot)
    {
        if (hot.Dropped || hot.Loading) return;
        WriteEnd(hot);
        while (hot is { IsBound: false, Dropped: false } && Unpark(hot) is { } next) Handle(hot, next.Command, next.Reply, next.OutboxDone);
        Settle(hot);
    }

    /// <summary>Reads the instance again; what waited for it waits on.</summary>
    private void Again(Hot hot, Action drop)
    {
        var waiting = hot.Waiting;
        hot.Waiting = null;
        drop();
        var again = Take(hot.Id);
        while (waiting is not null && waiting.TryDequeue(out var next)) (again.Waiting ??= new()).Enqueue(next);
    }

    /// <summary>The instance leaves memory: what has not been sent to be committed is undone.</summary>
    private void DropEnds(Hot hot)
    {
        if (hot.Ends is not { } ends) return;
        hot.Ends = null;
        // The first may be on its way to the store, and is its own then.
        var sent = hot.IsEnding && hot.AtStore > 0 ? ends.Peek() : null;
        foreach (var attempt in ends)
        {
            _ending--;
            if (attempt != sent) _ = attempt.Discard();
        }
    }
}
