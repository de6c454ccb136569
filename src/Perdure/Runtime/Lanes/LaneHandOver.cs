using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// How a lane leaves a node: handed over in order, or lost. Handed over, it starts nothing new, cancels what runs, and writes what it has decided; what was cancelled runs again at the next
/// owner under the same token.
/// </summary>
internal sealed partial class Lane
{
    private bool _handingOver;
    private readonly List<TaskCompletionSource> _handedOver = [];
    private readonly Queue<(Hot Hot, Effect Effect)> _withheld = new();

    /// <summary>Nothing new is started any more: the node stops, or the lane goes to another.</summary>
    internal bool Leaving => _handingOver || _node.Draining;

    private void HandOver(TaskCompletionSource done)
    {
        _handedOver.Add(done);
        if (_handingOver || _halted) return;
        _handingOver = true;
        foreach (var hot in _hot.Values) _attempts.Abandon(hot);
    }

    /// <summary>Everything that was decided is durable: nothing of this lane is at the store any more, nor will be.</summary>
    private void EndHandOver()
    {
        if (_handedOver.Count == 0 || !(_halted || IsSettled)) return;
        if (!_halted) Stand("lane.moved", "Another node is to have the lane.");
        foreach (var done in _handedOver) _node.Shell.Dispatch(new HandedOver(done));
        _handedOver.Clear();
    }

    /// <summary>An effect outside waits until it is certain that no other node owns the lane.</summary>
    private bool Withhold(Hot hot, Effect effect)
    {
        if (_node.Store.Holds(_lease.Lane)) return false;
        _withheld.Enqueue((hot, effect));
        return true;
    }

    private void ReleaseWithheld()
    {
        if (_withheld.Count == 0 || !_node.Store.Holds(_lease.Lane)) return;
        for (var left = _withheld.Count; left > 0 && _withheld.TryDequeue(out var one); left--)
            if (!one.Hot.Dropped) Carry(one.Hot, one.Effect);
    }

    /// <summary>An attempt that is cancelled while it is held back is not started any more. False where none is held back.</summary>
    private bool LetGo(Hot hot, int ordinal)
    {
        Effect.StartAttempt? held = null;
        for (var left = _withheld.Count; left > 0; left--)
        {
            var one = _withheld.Dequeue();
            if (one.Hot == hot && one.Effect is Effect.StartAttempt start && start.Ordinal == ordinal) held = start;
            else _withheld.Enqueue(one);
        }
        if (held is null) return false;
        NeverBegan(hot, held.Ordinal, held.Attempt);
        return true;
    }

    private static readonly TimeSpan WithheldEvery = TimeSpan.FromMilliseconds(50);

    private sealed class HandedOver(TaskCompletionSource done) : IThreadPoolWorkItem
    {
        public void Execute() => done.TrySetResult();
    }

    internal sealed class HandOverMessage(TaskCompletionSource done) : LaneMessage
    {
        public override bool IsAwaited => true;
        public override void Handle(Lane lane)
        {
            lane.HandOver(done);
            if (lane._halted) lane.EndHandOver();
        }
    }

    /// <summary>The store says that the lane is not this node's any more.</summary>
    internal sealed class LostMessage(StoreException why) : LaneMessage
    {
        public override void Handle(Lane lane)
        {
            if (!lane._halted) lane.HaltLane(why.Code, why.Message);
        }
    }

    /// <summary>The database is away: who waits for an answer is told to ask again.</summary>
    internal sealed class AwayMessage(StoreException why) : LaneMessage
    {
        public override void Handle(Lane lane)
        {
            foreach (var turn in lane._sent.SelectMany(s => s.Turns).Concat(lane._turns)) TellUnavailable(turn, why.Code, why.Message, kept: true);
        }
    }
}
