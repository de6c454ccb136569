using System.Text;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>Children at their lane: an idempotent start, a cancel, and the message that tells the parent of the end.</summary>
internal sealed partial class Lane
{
    private void StartChild(Hot parent, Effect.StartChild child)
    {
        if (_node.CodeFor(child.Workflow, null) is not { } code)
        {
            Handle(parent, new Command.FailBody(Now, parent.Instance!.Visit, new("child.no-workflow", $"There is no workflow \"{child.Workflow}\" on this node.")));
            return;
        }
        string? businessKey;
        try
        {
            businessKey = code.Workflow.BusinessKey(Codec.Decode(child.Input, code.Workflow.InputType)!);
        }
        catch (Exception e)
        {
            Handle(parent, new Command.FailBody(Now, parent.Instance!.Visit, Failures.Of("child.input", e)));
            return;
        }
        _childStarts.Add(child.RequestKey);
        var hash = System.Security.Cryptography.SHA256.HashData(child.Input.Body.Span);
        Start(code, new(parent.Instance!.Namespace, child.RequestKey, businessKey, child.Input, hash)
        {
            Parent = new(parent.Id, child.Ordinal), TraceParent = parent.Instance.TraceParent, Priority = parent.Instance.Priority,
        }, new ChildStartReply(this, parent.Id, parent.Instance.Visit, child));
    }

    private void CancelChild(Hot parent, Effect.CancelChild child)
    {
        void Again() => Later(() => { if (!parent.Dropped) CancelChild(parent, child); });
        if (_childStarts.Contains(child.RequestKey))
        {
            Again();      // its start is being written: whether there is something to cancel is not known yet
            return;
        }
        Read(_node.Store.FindKey(parent.Instance!.Namespace, child.Workflow, child.RequestKey, CancellationToken.None), key =>
        {
            if (key is not null && key.Instance.Slot % _lease.Lanes != _lease.Lane)      // somebody else's, under the name of a child: it runs in a lane of its own
                _node.Forward(key.Instance, new InstanceCommand.Cancel($"instance {parent.Id}", ParentCancelled), new(_node.Shell));
            else if (key is not null)
                Handle(Take(key.Instance), hot => CancelOf(hot, $"instance {parent.Id}"));
            else      // it was never started, and will not be any more: the parent need not wait
                Deliver(parent.Id, child.Ordinal, $"never:{child.RequestKey}", MapDefinition.Cancelled, Payload.Null);
        }, Again);
    }

    private const string ParentCancelled = "The parent was cancelled.";

    // It is cancelled even where its map cannot make the data of that end: its parent waits for it.
    private Command.Cancel CancelOf(Hot child, string by)
    {
        try
        {
            return new(Now, by, ParentCancelled, child.Code?.DataOfCancelled(Codec, by, ParentCancelled));
        }
        catch (Exception e)
        {
            Log.CommandFailed(_log, e, child.Id);
            return new(Now, by, ParentCancelled, null);
        }
    }

    private readonly HashSet<string> _childStarts = new(StringComparer.Ordinal);

    private readonly List<(DateTimeOffset At, Action Again)> _again = [];

    private void Later(Action again) => _again.Add((Now + TimeSpan.FromSeconds(1), again));

    private void TryAgain()
    {
        for (var i = _again.Count - 1; i >= 0; i--)
        {
            var (at, again) = _again[i];
            if (Now < at) continue;
            _again.RemoveAt(i);
            again();
        }
    }

    /// <summary>Tells a parent of a child's end. The outbox keeps the message until the parent's turn takes it in.</summary>
    private void Deliver(InstanceId parent, int ordinal, string messageId, string state, Payload result) =>
        Handle(Take(parent), new Command.EndChild(Now, ordinal, messageId, state, result), outboxDone: messageId);

    /// <summary>A turn that took a message in was not written: the outbox has it still.</summary>
    private void DeliverAgain() => Later(() =>
    {
        if (_readingOutbox) DeliverAgain();
        else (_outboxRead, _outboxUpTo) = (false, 0);
    });

    /// <summary>A child that cannot be started is an incident of its parent.</summary>
    private sealed class ChildStartReply(Lane lane, InstanceId parent, int visit, Effect.StartChild child) : Reply
    {
        public override bool Outlives => true;
        public override void Committed(Turn turn) => lane._childStarts.Remove(child.RequestKey);
        public override void Refused(Refusal refusal) => Fail(refusal.Wire, refusal.Message);
        public override void Unavailable(string code, string message)
        {
            if (!lane._halted) Fail(code, message);      // where the lane is lost the start is owed still: recovery starts it again
        }

        public override void NotWritten(ItemAnswer answer)
        {
            lane._childStarts.Remove(child.RequestKey);
            switch (answer)
            {
                case ItemAnswer.KeyTaken: break;      // it runs already, or has ended and its message is in the outbox
                case ItemAnswer.BusinessKeyTaken(var other): Fail("child.business-key", $"The key of the child \"{child.Workflow}\" belongs to instance {other}."); break;
                case ItemAnswer.Refused(var reason): Fail("store.refused", reason); break;
            }
        }

        private void Fail(string code, string message)
        {
            lane._childStarts.Remove(child.RequestKey);
            lane.Handle(lane.Take(parent), new Command.FailBody(lane.Now, visit, new(code, message)));
        }
    }
}
