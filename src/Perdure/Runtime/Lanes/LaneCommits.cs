using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// Commits at their lane. While one batch is being written the next gathers; nothing that a turn owes the outside is released before its batch is durable.
/// A turn that is not written takes its instance out of memory; it is loaded again as it is durable.
/// </summary>
internal sealed partial class Lane
{
    private readonly ArrayBufferWriter<byte> _buffer = new(4096);
    private List<Turn> _turns = [];
    private List<Item> _items = [];
    private readonly Queue<Sent> _sent = new();
    private int _durable;       // of the batches sent, those that are durable and whose answer is on its way here
    private int _lastSent;
    private int _bytes;
    private long _batches;
    private bool _halted;
    private volatile bool _passed;      // the store has said that another owner has the lane; that is on its way here
    private DateTimeOffset? _retryFlushAt;
    private int _flushRetries;

    public bool Halted => _halted;

    /// <summary>Whether nothing is being written or waits to be.</summary>
    public bool IsSettled => _sent.Count == 0 && _items.Count == 0 && _ending == 0;

    /// <summary>What it is not settled for, in words; as another thread sees it.</summary>
    public string Unsettled => string.Create(CultureInfo.InvariantCulture,
        $"{_sent.Count} batches at the store, {_items.Count} records that are to be sent{(_retryFlushAt is { } at ? $" from {at:O} on" : "")}, {_ending} operations' own transactions; {_handedOver.Count} wait for its end{(_halted ? ", it stands" : "")}");

    /// <summary>A batch at the store, and the turns that it is made of.</summary>
    private sealed record Sent(Batch Batch, List<Turn> Turns, long Given)
    {
        public long At { get; } = Stopwatch.GetTimestamp();
    }

    /// <summary>Ends a turn: its events become a row. A turn without events owes its effects at once, behind what is still being written.</summary>
    private void Seal(Turn turn)
    {
        var hot = turn.Hot;
        if (turn.Events.Count == 0)
        {
            After(hot, turn, Release);
            return;
        }
        _items.Add(ItemOf(turn));
        _turns.Add(turn);
        _bytes += _items[^1].Body.Length;
    }

    /// <summary>The row of a turn, which is its instance's newest from now on.</summary>
    private Item ItemOf(Turn turn)
    {
        var hot = turn.Hot;
        Write(turn);
        turn.After = hot.Instance!;
        _buffer.ResetWrittenCount();
        EventCodec.Write(_buffer, [.. turn.Events]);
        var body = _buffer.WrittenSpan.ToArray();
        if (turn.Start is { } start) hot.Salt = start.Salt;
        var hash = new byte[Chain.Size];
        Span<byte> digest = stackalloc byte[Chain.Size];
        Chain.Digest(hot.Salt.Span, body, digest);
        Chain.Link(hot.Head, hot.Id, turn.Version, turn.At, digest, hash);
        hot.Head = hash;
        hot.Uncommitted++;
        hot.LastTurn = turn;
        SetBusy(hot);
        return Rows.Of(turn, body, hash);
    }

    /// <summary>
    /// Hands what has gathered to the store. Beside the batch that is being written a second one may wait, once it is worth it, so that the writer need not wait for the lane.
    /// Batches on their way have no instance in common: whatever becomes of the first, the second stands by itself.
    /// </summary>
    private void Flush()
    {
        if (_passed) return;
        if (_retryFlushAt is { } at)
        {
            if (Now < at) return;
            _retryFlushAt = null;
        }
        while (_items.Count > 0 && MaySend())
        {
            if (Take() is not { } batch) return;
            _sent.Enqueue(batch);
            _lastSent = batch.Turns.Count;
            Telemetry.CommitSize.Record(batch.Turns.Count);
            Submit(batch.Batch);
        }
    }

    private const int SecondMin = 64;

    // A store that has made a batch durable gets the next one at once, not only after all that this one releases. Any other answer is heard first: it may say that this owner is one no more.
    private bool MaySend() => (_sent.Count - Volatile.Read(ref _durable)) switch
    {
        0 => true,
        1 => _items.Count >= Math.Max(SecondMin, _lastSent),
        _ => false,
    };

    /// <summary>Takes the next batch off what has gathered: within the bounds, and without instances that have turns at the store. Null where there is none.</summary>
    private Sent? Take()
    {
        var number = _batches + 1;
        var (itemsMax, bytesMax) = (_node.Options.BatchItemsMax, _node.Options.BatchBytesMax);
        List<Turn> turns = new(Math.Min(_turns.Count, itemsMax)), restTurns = [];
        List<Item> items = new(turns.Capacity), restItems = [];
        var (bytes, full) = (0, false);
        for (var i = 0; i < _turns.Count; i++)
        {
            var (turn, item) = (_turns[i], _items[i]);
            var hot = turn.Hot;
            full |= items.Count == itemsMax || (items.Count > 0 && bytes + item.Body.Length > bytesMax);
            if (!full && (hot.AtStore == 0 || hot.LastBatch == number))
            {
                hot.AtStore++;
                hot.LastBatch = number;
                bytes += item.Body.Length;
                turns.Add(turn);
                items.Add(item);
            }
            else
            {
                restTurns.Add(turn);
                restItems.Add(item);
            }
        }
        if (items.Count == 0) return null;
        (_turns, _items, _bytes) = (restTurns, restItems, _bytes - bytes);
        return new(new(_lease.Lane, _lease.Epoch, ++_batches, items), turns, _node.Shell.Time.GetTimestamp());
    }

    private void Submit(Batch batch) => _node.Store.Commit(batch, answer =>
    {
        if (answer is CommitAnswer.Committed) Interlocked.Increment(ref _durable);
        if (answer is CommitAnswer.Fenced) _passed = true;
        Post(new AnsweredMessage(answer));
    });

    private sealed class AnsweredMessage(CommitAnswer answer) : LaneMessage
    {
        public override void Handle(Lane lane) => lane.Answered(answer);
    }

    private void Answered(CommitAnswer answer)
    {
        if (answer is CommitAnswer.Committed) Interlocked.Decrement(ref _durable);
        if (_halted) return;
        var (first, turns) = (_sent.Peek(), _sent.Peek().Turns);
        _node.Waits.Answered(first.Given, _node.Shell.Time.GetElapsedTime(first.Given));
        Telemetry.CommitLatency.Record(Stopwatch.GetElapsedTime(first.At).TotalSeconds);
        switch (answer)
        {
            case CommitAnswer.Committed(var items):
                _sent.Dequeue();
                (_flushRetries, _retryFlushAt) = (0, null);
                _node.Writable();
                foreach (var turn in turns) turn.Hot.AtStore--;
                long position = 0;
                for (var i = 0; i < turns.Count; i++)
                {
                    if (items[i] is ItemAnswer.Committed committed) position = committed.Position;
                    try
                    {
                        if (items[i] is ItemAnswer.Committed) Committed(turns[i]);
                        else NotWritten(turns[i], items[i]);
                    }
                    catch (Exception e)      // one instance stands still; the others of the batch go on
                    {
                        Halt(turns[i].Hot, e);
                    }
                    RaiseBroken(turns[i].Hot);
                }
                if (position > 0) _node.Moved(position);
                break;
            case CommitAnswer.Failed(var reason):
                // Nothing was written, for certain: callers are told, and the same batch is tried again until it is, or the node stops.
                Log.CommitFailed(_log, reason, reason.Code, turns.Count);
                _node.NotWritable(this, reason);
                foreach (var turn in turns) TellUnavailable(turn, reason.Code, reason.Message, kept: true);
                foreach (var turn in _turns) TellUnavailable(turn, reason.Code, reason.Message, kept: true);
                // One that was sent behind it is answered next, in order; it stays at its place until then.
                _sent.Dequeue();
                foreach (var turn in turns) turn.Hot.AtStore--;
                (_turns, _items, _bytes) = ([.. turns, .. _turns], [.. first.Batch.Items, .. _items], _bytes + first.Batch.Items.Sum(i => i.Body.Length));
                _retryFlushAt = Now + TimeSpan.FromMilliseconds(Math.Min(5_000, 100 << Math.Min(_flushRetries++, 6)));
                break;
            case CommitAnswer.Fenced(var epoch):
                HaltLane("lane.fenced", $"Another node owns the lane, with epoch {epoch} over {_lease.Epoch}.");
                break;
            case CommitAnswer.Unknown(var reason):
                HaltLane(reason.Code, $"Nobody knows whether the last batch was written: {reason.Message}");
                break;
        }
    }

    private static void TellUnavailable(Turn turn, string code, string message, bool kept = false)
    {
        if (!kept || turn.Reply is { Outlives: false })
        {
            turn.Reply?.Unavailable(code, message);
            turn.Reply = null;
        }
        if (turn.Followers is null) return;
        foreach (var follower in turn.Followers)
        {
            follower.Reply?.Unavailable(code, message);
            follower.Reply = null;
        }
    }

    /// <summary>This owner may not or cannot write any more: everything stops here, and the next owner recovers from what is durable.</summary>
    private void HaltLane(string code, string message)
    {
        if (_node.Store.IsShared) Log.LanePassed(_log, _lease.Lane, code, message);
        else Log.LaneHalted(_log, _lease.Lane, code, message);
        Stand(code, message);
        EndHandOver();
        _node.LaneGone(this, code, message);
    }

    /// <summary>Nothing of the lane goes on here.</summary>
    private void Stand(string code, string message)
    {
        _halted = true;
        _node.Withdraw(this);
        foreach (var turn in _sent.SelectMany(s => s.Turns).Concat(_turns)) TellUnavailable(turn, code, message);
        _sent.Clear();
        (_turns, _items) = ([], []);
        foreach (var hot in _hot.Values.ToList()) Drop(hot);
    }

    private void Committed(Turn turn)
    {
        var hot = turn.Hot;
        hot.Uncommitted--;
        if (hot.LastTurn == turn) hot.LastTurn = null;
        if (hot.Dropped)
        {
            if (turn.Messages is not null) ReadOutboxAgain();      // they are durable, and nobody else carries them
            turn.Reply?.Committed(turn);
            if (turn.Followers is { } told)
                foreach (var follower in told) follower.Reply?.Committed(follower);
            return;
        }
        Release(turn);
        if (turn.Followers is { } followers)
            foreach (var follower in followers) follower.Released!(follower);
        if (hot.Suspect) Exonerate(hot, progressed: turn.After!.Recoveries == 0);
        Settle(hot);
        WriteEnd(hot);
    }

    /// <summary>What a durable turn owes the outside leaves.</summary>
    private void Release(Turn turn)
    {
        var hot = turn.Hot;
        foreach (var effect in turn.Effects) Carry(hot, effect, turn.Messages);
        // A message that changed nothing has arrived all the same.
        if (turn is { Events.Count: 0, OutboxDone: { } done }) Forget(new(0, turn.OutboxDoneOf ?? hot.Id, done, 0, "", Payload.Null));
        Count(turn);
        turn.Reply?.Committed(turn);
        if (turn.Events.Count == 0) Settle(hot);
    }

    private void Carry(Hot hot, Effect effect, List<OutboxMessage>? messages = null)
    {
        switch (effect)
        {
            case Effect.StartAttempt start:
                if (!Leaving && !Withhold(hot, start)) _attempts.Start(hot, start);
                break;
            case Effect.CancelAttempt cancel:
                if (!LetGo(hot, cancel.Ordinal)) _attempts.Cancel(hot, cancel.Ordinal);
                break;
            case Effect.StartUndo undo:
                if (!Leaving && !Withhold(hot, undo)) StartUndo(hot, undo);
                break;
            case Effect.SetTimer set:
                Keep(hot.Id, set.Timer, set.Due);
                break;
            case Effect.StartChild or Effect.CancelChild or Effect.NotifyParent:
                SendOut(hot, effect, messages);
                break;
            case Effect.RaisePage:
                _node.PageRaised();
                break;
            case Effect.ClearTimer clear:
                _timers.Remove(hot.Id, clear.Timer);
                break;
            case Effect.KeepToken or Effect.LeaveStack or Effect.SettleStack or Effect.KeepMessage:
                break;      // rows only
            default:
                throw new InvalidOperationException($"The effects are a closed set; {effect.GetType().Name} is not in it.");
        }
    }

    private void NotWritten(Turn turn, ItemAnswer answer)
    {
        var hot = turn.Hot;
        hot.Uncommitted--;
        TellRefusedStart(turn, answer);
        turn.Reply?.NotWritten(answer);
        if (turn is { OutboxDone: not null, Start: null }) ReadOutboxAgain();
        if (turn.Followers is { } followers)
            foreach (var follower in followers) follower.Reply?.Unavailable("store.retry", "What this waited for was not written; try again.");
        if (hot.Dropped) return;
        var isStart = turn.Before is null;
        var workingAgain = hot.Instance;
        Drop(hot);
        if (isStart || answer is ItemAnswer.Skipped) return;
        var again = Take(hot.Id);
        if (answer is ItemAnswer.Refused(var reason))
        {
            Log.TurnRefused(_log, hot.Id, reason);
            _node.Refuse("store.refused", reason, workingAgain?.Workflow, hot.Id);
            again.StoreRefusals = hot.StoreRefusals + 1;
            if (again.StoreRefusals <= 1)
                Handle(again, new Command.FailBody(Now, turn.Before!.Visit, new("store.refused", $"The database refused what the engine wanted to write: {reason}")));
            else
            {
                again.Halted = true;
                _node.Report($"Instance {hot.Id} stands still: the database refuses to write for it: {reason}");
            }
        }
        else if (answer is ItemAnswer.Duplicate && turn.Reply is null)
            Log.TurnDuplicate(_log, hot.Id, ((ItemAnswer.Duplicate)answer).What);
    }

    /// <summary>Throws an instance out of memory with all that it has decided and not written. Its body is dropped, never unwound.</summary>
    private void Drop(Hot hot)
    {
        hot.Dropped = true;
        hot.Body = null;
        _hot.Remove(hot.Id);
        ReadAgain(hot);
        Wake(hot);
        SetBusy(hot, false);
        _attempts.Abandon(hot);
        DropEnds(hot);
        Exonerate(hot);
        // Turns of it that were decided on top of what was not written, and wait in the next batch, must not be written either.
        for (var i = _turns.Count - 1; i >= 0; i--)
        {
            if (_turns[i].Hot != hot) continue;
            TellUnavailable(_turns[i], "store.retry", "What this was based on was not written; try again.");
            if (_turns[i] is { OutboxDone: not null, Start: null }) ReadOutboxAgain();
            _bytes -= _items[i].Body.Length;
            _turns.RemoveAt(i);
            _items.RemoveAt(i);
        }
        while (Unpark(hot) is { } next) next.Reply?.Unavailable("store.retry", "The instance is being loaded again; try again.");
    }

    private void Count(Turn turn)
    {
        foreach (var @event in turn.Events)
        {
            switch (@event)
            {
                case Started started:
                    Telemetry.Started.Add(1, new KeyValuePair<string, object?>("workflow", started.Workflow));
                    break;
                case Transitioned { IsEnd: true } ended:
                    Telemetry.Ended.Add(1, new("workflow", turn.Hot.Instance!.Workflow), new("state", ended.To));
                    break;
                case DeadlineBreached:
                    Telemetry.Breaches.Add(1, new KeyValuePair<string, object?>("workflow", turn.Hot.Instance!.Workflow));
                    break;
                case IncidentRaised incident:
                    Telemetry.Incidents.Add(1, new KeyValuePair<string, object?>("code", incident.Failure.Code));
                    break;
            }
        }
    }
}
