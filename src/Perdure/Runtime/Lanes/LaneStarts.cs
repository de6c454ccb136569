using System.Collections.Immutable;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>What a start asks for, checked and encoded.</summary>
internal sealed record PreparedStart(string Namespace, string RequestKey, string? BusinessKey, Payload Input, ReadOnlyMemory<byte> PayloadHash)
{
    public Parent? Parent { get; init; }
    /// <summary>The message of the parent's that asks for it, where that stands in the outbox of this lane.</summary>
    public string? Letter { get; init; }
    public string? TraceParent { get; init; }
    public int Priority { get; init; }
    /// <summary>The version of the map by which it was placed there.</summary>
    public int? Map { get; init; }
    /// <summary>The lanes that may take it; null where any may.</summary>
    public LaneRange? Lanes { get; init; }
    public ImmutableSortedDictionary<string, string> Attributes { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>Starts at their lane.</summary>
internal sealed partial class Lane
{
    /// <summary>Makes a new instance and runs its first body. Whether its keys are free, the commit says.</summary>
    private void Start(Carried code, PreparedStart start, Reply reply)
    {
        var salt = new byte[Chain.SaltSize];
        _node.Shell.Fill(salt);
        var hot = new Hot(_ids.Next(Now)) { Code = code };
        _hot.Add(hot.Id, hot);
        var turn = new Turn(hot, Now) { Reply = reply, Start = new(start.PayloadHash, salt, start.Map), OutboxDone = start.Letter, OutboxDoneOf = start.Letter is null ? null : start.Parent!.Id };
        try
        {
            var command = new Command.Start(Now, hot.Id, start.Namespace, start.RequestKey, start.BusinessKey, start.Input)
            {
                Parent = start.Parent, TraceParent = start.TraceParent, Priority = start.Priority, Attributes = start.Attributes,
            };
            if (Apply(turn, command) is { } refusal)
            {
                _hot.Remove(hot.Id);
                _node.Refuse(refusal.Wire, refusal.Message, code.Map.Workflow, null);
                reply.Refused(refusal);
                return;
            }
            Advance(turn);
            Seal(turn);
        }
        catch (Exception e)
        {
            _hot.Remove(hot.Id);
            Halt(hot, e);
            reply.Unavailable("instance.halted", e.Message);
        }
    }

    /// <summary>Tells of a start whose keys the store found taken by another request. The same request again is no refusal.</summary>
    private void TellRefusedStart(Turn turn, ItemAnswer answer)
    {
        var workflow = turn.Hot.Code?.Map.Workflow;
        if (answer is ItemAnswer.KeyTaken(var taken) && turn.Start is { } start && !taken.PayloadHash.Span.SequenceEqual(start.PayloadHash.Span))
            _node.Refuse("key.reused", "The idempotency key belongs to an instance that was started with another payload.", workflow, taken.Instance);
        else if (answer is ItemAnswer.BusinessKeyTaken(var instance))
            _node.Refuse("business-key.taken", "The workflow's own key belongs to an instance of another request.", workflow, instance);
    }

    internal sealed class StartMessage(Carried code, PreparedStart start, StartReply reply) : LaneMessage
    {
        public override bool IsAwaited => true;

        public override void Handle(Lane lane)
        {
            if (lane.Takes) lane.Start(code, start, reply);
            else if (lane._node.Closed is null && lane._node.NextLane(start.Lanes) is { } other && other != lane) other.Post(this);
            else if (lane._node is { Closed: null, Store.IsShared: true } node) node.Forward(code, start, reply);
            else reply.Unavailable("node.stopping", Stopping);
        }
    }

    /// <summary>Whether it still takes what comes from outside.</summary>
    private bool Takes => !_halted && !Leaving && !_over;

    private const string Stopping = "The node is stopping or has lost its lane.";

    internal sealed class CommandMessage(InstanceId instance, InstanceCommand command, CommandReply reply) : LaneMessage
    {
        public override bool IsAwaited => true;

        public override void Handle(Lane lane)
        {
            if (lane.Takes) lane.Handle(lane.Take(instance, owed: false), hot => command.Make(lane, hot), reply);
            else if (lane._node is { Closed: null, Store.IsShared: true } node) node.Forward(instance, command, reply);
            else reply.Unavailable("node.stopping", Stopping);
        }
    }
}
