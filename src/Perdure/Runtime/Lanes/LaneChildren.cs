using System.Security.Cryptography;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// Children at their parent's lane, and at their own. A child without a key of its own lives with its parent; one that has a key lives where the key's home is, which may be another database. Its start, its
/// end and its cancel are messages between the two lanes, and the same messages where the two are one.
/// </summary>
internal sealed partial class Lane
{
    private const string ParentCancelled = "The parent was cancelled.";

    /// <summary>What the parent asks for, as a letter; null, and why, where it cannot be said.</summary>
    private ChildLetter? LetterOf(Hot parent, Effect effect, bool again, out Failure? failure)
    {
        failure = null;
        var instance = parent.Instance!;
        if (effect is Effect.CancelChild cancel) return new(cancel.Workflow, cancel.RequestKey, parent.Id.Value, cancel.Ordinal, instance.Visit) { Namespace = instance.Namespace };
        var child = (Effect.StartChild)effect;
        if (_node.CodeFor(child.Workflow, null) is not { } code)
        {
            failure = NoWorkflow(child.Workflow);
            return null;
        }
        try
        {
            return new(child.Workflow, child.RequestKey, parent.Id.Value, child.Ordinal, instance.Visit)
            {
                Namespace = instance.Namespace, BusinessKey = code.Workflow.BusinessKey(Codec.Decode(child.Input, code.Workflow.InputType)!), Input = LetterPayload.Of(child.Input),
                TraceParent = instance.TraceParent, Priority = instance.Priority, Again = again,
            };
        }
        catch (Exception e)
        {
            failure = Failures.Of("child.input", e);
            return null;
        }
    }

    private static Failure NoWorkflow(string workflow) => new("child.no-workflow", $"There is no workflow \"{workflow}\" on this node.");

    /// <summary>Starts a child where its home is. Whether it is there already is said by the key of its start, wherever that is.</summary>
    private void StartChild(Owed owed, ChildLetter letter)
    {
        if (!letter.Again || !_node.Store.IsDivided)
        {
            PlaceChild(owed, letter);
            return;
        }
        Hear(_node.Store.FindKey(letter.Namespace, letter.Workflow, letter.RequestKey, CancellationToken.None), key =>
        {
            if (key is not null) Arrived(owed);
            else PlaceChild(owed, letter);
        }, fault => GoAgain(owed, fault.Message));
    }

    private void PlaceChild(Owed owed, ChildLetter letter)
    {
        if (letter.BusinessKey is null || _node.Store.Place(new(letter.Namespace, letter.Workflow, letter.RequestKey, letter.BusinessKey), CancellationToken.None) is not { } place)
        {
            StartHere(owed, letter);
            return;
        }
        Hear(place, where =>
        {
            switch (where)
            {
                case StartPlace.In(var lanes) here when lanes.Has(_lease.Lane): StartHere(owed, letter with { Map = here.Map }); break;
                case StartPlace.In when !_node.AllCarryLetters: GoAgain(owed, "A node is alive whose build knows of no children in other databases; it must be replaced first."); break;
                case StartPlace.In(var lanes) there: Carry(owed, () => _node.StartChild(lanes, letter with { Map = there.Map })); break;
                case StartPlace.KeyTaken: Arrived(owed); break;
                case StartPlace.BusinessKeyTaken(var holder): CannotStart(owed, ChildLetter.KeyTaken, ChildLetter.TakenBy(holder)); break;
            }
        }, fault => GoAgain(owed, fault.Message));
    }

    private void StartHere(Owed owed, ChildLetter letter)
    {
        if (Leaving) return;
        if (_node.CodeFor(letter.Workflow, null) is { } code) Start(code, Prepared(letter) with { Letter = owed.Message.MessageId }, new ChildStartReply(this, owed));
        else CannotStart(owed, "child.no-workflow", NoWorkflow(letter.Workflow).Message);
    }

    /// <summary>Starts a child of a parent in another database.</summary>
    private void StartFor(ChildLetter letter, Reply reply)
    {
        if (_node.CodeFor(letter.Workflow, null) is { } code) Start(code, Prepared(letter), reply);
        else reply.Unavailable("child.no-workflow", NoWorkflow(letter.Workflow).Message);
    }

    private static PreparedStart Prepared(ChildLetter letter)
    {
        var input = letter.Input!.Payload();
        return new(letter.Namespace, letter.RequestKey, letter.BusinessKey, input, SHA256.HashData(input.Body.Span))
        {
            Parent = new(letter.From, letter.Ordinal), TraceParent = letter.TraceParent, Priority = letter.Priority, Map = letter.Map,
        };
    }

    /// <summary>A child that cannot be started is an incident of its parent.</summary>
    private void CannotStart(Owed owed, string code, string message)
    {
        Arrived(owed, forget: false);      // the turn that says so takes it out of the outbox
        Handle(Take(owed.Letter!.From), new Command.FailBody(Now, owed.Letter.Visit, new(code, message)), outboxDone: owed.Message.MessageId);
    }

    private void CancelChild(Owed owed, ChildLetter letter)
    {
        if (_owed.ContainsKey((letter.From, ChildLetter.StartId(letter.RequestKey))))
        {
            Later(() => Go(owed));      // its start is on its way: whether there is something to cancel is not known yet
            return;
        }
        Hear(_node.Store.FindKey(letter.Namespace, letter.Workflow, letter.RequestKey, CancellationToken.None), key =>
        {
            if (key is not null && IsMine(key.Instance)) Handle(Take(key.Instance), hot => CancelOf(hot, letter.From), new LetterReply(this, owed));
            else if (key is not null) Carry(owed, () => _node.Give(key.Instance, new InstanceCommand.CancelChild(letter.Parent, letter.RequestKey)));
            else      // it was never started, and will not be any more: the parent need not wait
            {
                Deliver(letter.From, letter.Ordinal, $"never:{letter.RequestKey}", MapDefinition.Cancelled, Payload.Null);
                Arrived(owed);
            }
        }, fault => GoAgain(owed, fault.Message));
    }

    // It is cancelled even where its map cannot make the data of that end: its parent waits for it.
    internal Command.Cancel CancelOf(Hot child, InstanceId parent)
    {
        var by = $"instance {parent}";
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

    private readonly List<(DateTimeOffset At, Action Again)> _again = [];

    private void Later(Action again) => Later(again, TimeSpan.FromSeconds(1));

    private void Later(Action again, TimeSpan after) => _again.Add((Now + after, again));

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

    /// <summary>Tells a parent of this lane of a child's end. The outbox keeps the message until the parent's turn takes it in.</summary>
    private void Deliver(InstanceId parent, int ordinal, string messageId, string state, Payload result) =>
        Handle(Take(parent), new Command.EndChild(Now, ordinal, messageId, state, result), outboxDone: messageId);

    private sealed class ChildStartReply(Lane lane, Owed owed) : Reply
    {
        public override bool Outlives => true;
        public override void Committed(Turn turn) => lane.Arrived(owed, forget: false);
        public override void Refused(Refusal refusal) => lane.CannotStart(owed, refusal.Wire, refusal.Message);
        public override void Unavailable(string code, string message)
        {
            if (!lane._halted) lane.CannotStart(owed, code, message);      // where the lane is lost the start is owed still: its next owner finds it in the outbox
        }

        public override void NotWritten(ItemAnswer answer)
        {
            if (answer is ItemAnswer.Duplicate or ItemAnswer.Skipped) lane.GoAgain(owed, answer.GetType().Name);
            else lane.Answered(owed, CommandReply.Of(answer));
        }
    }

    /// <summary>A child's start that comes from a lane of another database.</summary>
    internal sealed class LetterMessage(ChildLetter letter, CommandReply reply) : LaneMessage
    {
        public override bool IsAwaited => true;

        public override void Handle(Lane lane)
        {
            if (lane.Takes) lane.StartFor(letter, reply);
            else reply.Unavailable("node.stopping", Stopping);
        }
    }
}
