using System.Diagnostics;
using System.Text.Json;
using Perdure.Kernel;
using Perdure.Replay;

namespace Perdure.Runtime;

/// <summary>Bodies at their lane: they run inside of the turn that gives them something to run on.</summary>
internal sealed partial class Lane
{
    private readonly List<(Hot Hot, BodyRun Body, DateTimeOffset Since)> _stalls = [];

    /// <summary>Runs the body on until it waits, and decides all that it asks for, until nothing changes any more.</summary>
    private void Advance(Turn turn)
    {
        if (!turn.BodyDue && turn.Hot.Body is null) return;
        var hot = turn.Hot;
        _advancingSince = Stopwatch.GetTimestamp();
        Volatile.Write(ref _advancing, hot);
        try
        {
            AdvanceBody(turn, hot);
        }
        finally
        {
            Volatile.Write(ref _advancing, null);
        }
    }

    private Hot? _advancing;
    private long _advancingSince;

    /// <summary>For how long the lane has stood in one body, asked from outside of it; null where it stands in none.</summary>
    internal (TimeSpan For, InstanceId Instance, string State)? Stands()
    {
        var since = Volatile.Read(ref _advancingSince);
        return Volatile.Read(ref _advancing) is { } hot && since == Volatile.Read(ref _advancingSince) ? (Stopwatch.GetElapsedTime(since), hot.Id, hot.Instance?.State ?? "") : null;
    }

    private void AdvanceBody(Turn turn, Hot hot)
    {
        for (; ; )
        {
            if (turn.BodyDue)
            {
                turn.BodyDue = false;
                Enter(turn);
                continue;
            }
            if (hot.Body is not { } body) return;
            body.Instance = hot.Instance!;
            body.Pump();
            if (body.Broken is { } broken) Fail(turn, Explained(turn, broken.ToFailure()));
            else if (body.TakeAbandoned() is { Length: > 0 } names) Must(turn, new Command.Abandon(turn.At, body.Visit, names));
            else if (body.HasIntents) Must(turn, new Command.Intend(turn.At, body.Visit, body.TakeIntents()));
            else if (body.IsCompleted) Finish(turn, body);
            else
            {
                if (body.AwaitsForeign) Watch(hot, body);
                return;
            }
        }
    }

    /// <summary>Begins the body of the present visit, or carries out the decision of its gate.</summary>
    private void Enter(Turn turn)
    {
        var hot = turn.Hot;
        var instance = hot.Instance!;
        var state = hot.Code!.ByName[instance.State];
        BodyRun body;
        object data;
        try
        {
            body = hot.Code.Workflow.Visit(this, instance, state);
            data = Codec.Decode(instance.Data, state.Type) ?? throw new JsonException("The data is null.");
        }
        catch (JsonException e)
        {
            Fail(turn, Failures.Of(FailureCode.PayloadUnreadable, e));
            return;
        }
        if (instance.AtGate)
        {
            if (instance.Decided is not { } decided) return;
            object next;
            try
            {
                next = body.Decide(data, new(decided.Approved, decided.By, decided.Why, decided.At));
            }
            catch (Exception e)
            {
                Fail(turn, body.Broken?.ToFailure() ?? Failures.Of("body.exception", e));
                return;
            }
            Transit(turn, next);
            return;
        }
        hot.Body = body;
        body.Begin(data);
    }

    /// <summary>The body has ended: its record is the next state.</summary>
    private void Finish(Turn turn, BodyRun body)
    {
        turn.Hot.Body = null;
        object next;
        try
        {
            next = body.Next();
        }
        catch (OperationFailed e)
        {
            Fail(turn, e.Failure with { Stack = e.StackTrace });
            return;
        }
        catch (Exception e)
        {
            Fail(turn, Failures.Of("body.exception", e));
            return;
        }
        if (!turn.Hot.Instance!.Accepted && body.Unasked().ToList() is { Count: > 0 } unasked)
        {
            Fail(turn, Explained(turn, new(Divergence.Diverged, $"The journal has entries that the code no longer asks for: {string.Join(", ", unasked)}.")));
            return;
        }
        Transit(turn, next);
    }

    // Which code it was decides what an operator does: roll back, restart the visit, or accept.
    private static Failure Explained(Turn turn, Failure failure) =>
        turn.BuildBefore is { } before && before != turn.Hot.Code!.Map.Build
            ? failure with { Message = $"{failure.Message} The visit was begun by build {before}; this is build {turn.Hot.Code.Map.Build}." }
            : failure;

    private void Transit(Turn turn, object next)
    {
        var instance = turn.Hot.Instance!;
        if (!turn.Hot.Code!.ByType.TryGetValue(next.GetType(), out var state))
        {
            Fail(turn, new("transition.undeclared", $"{Names.Of(next.GetType())} is not a state of the map."));
            return;
        }
        Payload data;
        try
        {
            data = Codec.Encode(next, state.Type, state.Type);
        }
        catch (Exception e)      // what the record's own properties throw, too
        {
            Fail(turn, Failures.Of("payload.unwritable", e));
            return;
        }
        Must(turn, new Command.Transit(turn.At, instance.Visit, state.Name, data));
    }

    /// <summary>Decides what a body asked for; what the kernel refuses is a failure of the body.</summary>
    private void Must(Turn turn, Command command)
    {
        if (Apply(turn, command) is { } refusal) Fail(turn, new(refusal.Wire, refusal.Message));
    }

    private void Fail(Turn turn, Failure failure)
    {
        turn.Hot.Body = null;
        turn.BodyDue = false;
        if (Apply(turn, new Command.FailBody(turn.At, turn.Hot.Instance!.Visit, failure)) is { } refusal)
            throw new InvalidOperationException($"A failing body was refused: {refusal.Message}");
    }

    /// <summary>A body awaits something that is not of its visit. It is reported when that lasts, and at once when it goes on off the lane.</summary>
    private void Watch(Hot hot, BodyRun body)
    {
        foreach (var stall in _stalls)
            if (stall.Body == body) return;
        _stalls.Add((hot, body, Now));
        body.Body.ContinueWith(static (_, state) =>
        {
            var (lane, run) = ((Lane, BodyRun))state!;
            lane.Escaped(run, "The body ended");
        }, (this, body), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void WatchStalls()
    {
        for (var i = _stalls.Count - 1; i >= 0; i--)
        {
            var (hot, body, since) = _stalls[i];
            if (hot.Body != body || !body.AwaitsForeign) _stalls.RemoveAt(i);
            else if (Now - since >= _node.Options.BodyStallsAfter)
            {
                _stalls.RemoveAt(i);
                Handle(hot, new Command.FailBody(Now, body.Visit, new("body.stalled",
                    $"The body of {hot.Instance!.State} has neither progressed nor waited on its visit for {_node.Options.BodyStallsAfter}. Bodies await only what their visit gives; work belongs into operations.")));
            }
        }
    }

    public void Escaped(BodyRun run, string what) => Post(new EscapedMessage(run, what));

    private sealed class EscapedMessage(BodyRun run, string what) : LaneMessage
    {
        public override void Handle(Lane lane)
        {
            if (lane.Find(run.Instance.Id) is not { } hot || hot.Body != run) return;
            hot.Body = null;
            lane.Handle(hot, new Command.FailBody(lane.Now, run.Visit, new(Divergence.Escaped, $"{Divergence.OfEscaped(what)} Work belongs into operations.")));
        }
    }
}
