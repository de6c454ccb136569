using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// Ends of operations that ran inside of a transaction of the store's database. Such an end, with all that the body answers to it, is written in that same transaction, apart from the lane's batches.
/// From then until it is answered the instance decides nothing else, so that its memory can go back where the transaction is not committed; commands wait, as they do for one that is being loaded.
/// Where the store writes nothing else while such a transaction is open, that begins before the transaction does.
/// </summary>
internal sealed partial class Lane
{
    private int _ending;

    /// <summary>Has an attempt wait until its instance has nothing to be written, where the store cannot write that while the attempt's transaction is open. False where it need not.</summary>
    internal bool Binds(RunningAttempt attempt)
    {
        if (!attempt.Step.Handle.IsTransacted || !_node.Store.Transactions!.IsExclusive) return false;
        Enqueue(attempt);
        return true;
    }

    private void Enqueue(RunningAttempt attempt)
    {
        _ending++;
        (attempt.Hot.Ends ??= new()).Enqueue(attempt);
        WriteEnd(attempt.Hot);
    }

    /// <summary>An attempt that its instance was bound to has come to another end than a commit.</summary>
    private bool Unbind(RunningAttempt attempt)
    {
        if (attempt.Hot.Ends is not { Count: > 0 } ends || !ends.Contains(attempt)) return false;
        _ending--;
        if (ends.Peek() == attempt) ends.Dequeue();
        else attempt.Hot.Ends = new(ends.Where(other => other != attempt));
        return true;
    }

    private void EndInTransaction(RunningAttempt attempt)
    {
        var hot = attempt.Hot;
        attempt.HasRun = true;
        if (hot.Dropped || hot.Halted)
        {
            _ = attempt.Discard();
            return;
        }
        if (hot.Ends?.Contains(attempt) == true) WriteEnd(hot);
        else Enqueue(attempt);
    }

    /// <summary>Decides and writes the first end that waits, once everything that was decided before it is durable; or has the first attempt run that waited for that.</summary>
    private void WriteEnd(Hot hot)
    {
        if (_passed || hot.IsEnding || hot.Uncommitted > 0 || hot.Ends is not { Count: > 0 } ends) return;
        if (ends.Peek() is { HasRun: false } first)
        {
            if (!first.IsRunning && !Leaving) first.Go();
            else if (!first.IsRunning) Leave(first);
            return;
        }
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
        var sent = new SentEnd(attempt, turn, before, head, hadBody);
        attempt.Transaction!.Commit(_lease.Lane, _lease.Epoch, item).ContinueWith(
            task =>
            {
                if (task is { IsCompletedSuccessfully: true, Result: TransactionAnswer.Fenced }) _passed = true;
                Post(new EndWritten(sent, task));
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
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

    /// <summary>Nothing is started any more: recovery does.</summary>
    private void Leave(RunningAttempt waiting)
    {
        Unbind(waiting);
        _attempts.End(waiting);
        GoOn(waiting.Hot);
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
            if (attempt != sent && attempt.HasRun) _ = attempt.Discard();      // one that still runs does so itself when it comes back
        }
    }
}
