using System.Globalization;
using System.Text;
using System.Text.Json;
using Perdure.Kernel;

namespace Perdure.Simulation.Refining;

/// <summary>What brings a point of a course about.</summary>
internal enum Cause
{
    /// <summary>It follows from what came before.</summary>
    Follows,
    /// <summary>A moment comes, or another instance ends.</summary>
    Time,
    /// <summary>Somebody outside: an operation that answers, a sender, a person.</summary>
    Outside,
}

/// <summary>A point in the course of an instance that a run without faults has as well.</summary>
/// <param name="What">What it is, in a word.</param>
/// <param name="Visit">In which visit.</param>
/// <param name="Name">Of what: a journal name, a message, a state.</param>
/// <param name="Text">What belongs to it: input, result, data.</param>
/// <param name="Cause">What brings it about.</param>
/// <param name="Event">The event itself.</param>
internal sealed record Point(string What, int Visit, string Name, string Text, Cause Cause, Event Event)
{
    public bool IsSame(Point other) => What == other.What && Visit == other.Visit && Name == other.Name;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{What} {Name} {Text} in visit {Visit}");
}

/// <summary>
/// The course that an instance took, without what faults add to it: attempts before the last, recoveries, undos that had to be tried again, deadlines.
/// </summary>
internal sealed class Course
{
    private readonly HashSet<int> _passedOver = [];
    private readonly Dictionary<(int Visit, string Name), bool> _ended = [];
    private readonly HashSet<(int Visit, string Name)> _renewed = [];
    private readonly Dictionary<(int Visit, string Name), StepFailed> _failed = [];
    private readonly HashSet<StepFailed> _kept = new(ReferenceEqualityComparer.Instance);

    /// <summary>The instance, as far as the course has come.</summary>
    public Instance? Instance { get; private set; }
    /// <summary>Why a run without faults cannot be held against it; null where it can.</summary>
    public string? Incomparable { get; private set; }
    /// <summary>Whether bodies may decide by what a run without faults does not have: the time, what a function of their own gave, that a step which failed may have happened.</summary>
    public bool HasOwnValues { get; private set; }
    /// <summary>The randomness that bodies were given, in order.</summary>
    public Queue<double> Shares { get; } = new();
    /// <summary>The ids that bodies were given, in order.</summary>
    public Queue<Guid> Ids { get; } = new();
    /// <summary>The ordinals under which each child was asked for.</summary>
    public Dictionary<(int Visit, string Name), List<int>> Children { get; } = [];

    /// <summary>Every step that has ended.</summary>
    public IEnumerable<(int Visit, string Name)> Steps => _ended.Keys;

    /// <summary>Steps that are known to have been done: of others the effect may or may not have happened, in any run.</summary>
    public bool IsCertain(int visit, string name) => _ended.GetValueOrDefault((visit, name));

    /// <summary>Whether a step was tried again under the next generation of its token.</summary>
    public bool IsRenewed((int Visit, string Name) step) => _renewed.Contains(step);

    /// <summary>
    /// Whether an operator's retry kept the token of a step that failed so, since an attempt before its last one was of unknown outcome. A run without faults has only one attempt, which has to end so that
    /// the token is kept there too.
    /// </summary>
    public bool IsKept(StepFailed failed) => _kept.Contains(failed);

    /// <summary>Goes on by a record; gives the points in it.</summary>
    public List<Point> Take(Record record)
    {
        List<Point> points = [];
        // Who cancels also resumes, and closes an incident.
        var cancels = record.Events.Any(e => e is CancelRequested);
        foreach (var @event in record.Events)
        {
            if (!(cancels && (@event is Resumed or IncidentResolved)) && Of(Instance, @event) is { } point) points.Add(point);
            Instance = Decider.Evolve(Instance, @event, record.Version, record.At);
        }
        return points;
    }

    private Point? Of(Instance? instance, Event @event)
    {
        switch (@event)
        {
            // While it undoes, which takes as long as the undos need, nothing that comes makes a difference, save another way out.
            case SignalReceived or Paused or Resumed when instance!.Compensating: return null;
            case CancelRequested when instance!.Compensating:
                Incomparable ??= "It was cancelled while it undid what it had done.";
                return null;
            case StepRetryScheduled { NextOrdinal: not null } e:
                _renewed.Add((instance!.Visit, Name(e.Ordinal)));
                return null;
            case StepIntended e: return At("asks for", e.Name, $"{e.Operation} {Body(e.Input)}");
            case StepSucceeded e: return Ends(e.Ordinal, "has", Body(e.Result), certain: true);
            case StepFailed e:
                // Of an attempt before the last one, which may have happened all the same, the body is told.
                if (!e.Failure.Unknown && instance!.Open(e.Ordinal) is { AtMostOnce: false } failing && failing.MayHaveHappened(e.Failure)) HasOwnValues = true;
                _failed[(instance!.Visit, Name(e.Ordinal))] = e;
                return Ends(e.Ordinal, "fails at", e.Failure.Code, certain: false);
            case StepParked e: return Ends(e.Ordinal, "parks", "", certain: false);
            case StepCancelled e when instance!.Open(e.Ordinal) is { Kind: EntryKind.Step }: return Ends(e.Ordinal, "gives up", "", certain: false);
            case SleepBegan e: return At("sleeps as", e.Name, "");
            case SleepEnded e: return At("wakes from", Name(e.Ordinal), "", Cause.Time);
            case SignalAwaited e: return At("awaits as", e.Name, e.Signal);
            case SignalReceived e: return At("is sent", e.MessageId, $"{e.Signal} {Body(e.Body)}", Cause.Outside);
            case SignalConsumed e: return At("consumes", e.MessageId, "");
            case SignalTimedOut e: return At("no longer awaits", Name(e.Ordinal), "", Cause.Time);
            case ChildIntended e:
                (Children.TryGetValue((instance!.Visit, e.Name), out var ordinals) ? ordinals : Children[(instance.Visit, e.Name)] = []).Add(e.Ordinal);
                return At("starts the child", e.Name, $"{e.Workflow} {Body(e.Input)}");
            case ChildEnded e: return At("sees the end of the child", Name(e.Ordinal), $"{e.State} {Body(e.Result)}", Cause.Time);
            case GateDecided e: return At("is decided by", e.By, e.Approved ? "approved" : "declined", Cause.Outside);
            case Transitioned e: return At("goes to", e.To, Body(e.Data));
            case IncidentRaised e: return Incident(e);
            case IncidentResolved e when !_passedOver.Contains(e.Number):
                if (e.Mode != RetryMode.Again) Incomparable ??= $"A person went on with {e.Mode}.";
                if (instance!.Incident is { Ordinal: 0 }) Keep(instance);
                return At("is tried again by", e.By, "", Cause.Outside);
            case Paused e: return At("is paused by", e.By, "", Cause.Outside);
            case Resumed e: return At("is resumed by", e.By, "", Cause.Outside);
            case CancelRequested e: return IsOfAParent(e) ? At("is cancelled by", "its parent", "", Cause.Time) : At("is cancelled by", e.By, e.Reason, Cause.Outside);
            case Noted e:
                Note(e.Value);
                return null;
            default: return null;
        }

        Point At(string what, string name, string text, Cause cause = Cause.Follows) => new(what, instance!.Visit, name, text, cause, @event);
        string Name(int ordinal) => instance!.Open(ordinal)?.Name ?? "";
        Point Ends(int ordinal, string what, string text, bool certain)
        {
            var name = Name(ordinal);
            _ended[(instance!.Visit, name)] = certain;
            return At(what, name, text, Cause.Outside);
        }
        // An undo that failed for good, and what the engine or a broken rule caused, are of this run alone.
        Point? Incident(IncidentRaised e)
        {
            if (instance!.Exit is null && !IsOfThisRun(e.Failure.Code)) return At("needs a person for", e.Failure.Code, "");
            if (instance.Exit is null || e.Failure.Code != FailureCode.UndoFailed) Incomparable ??= $"It had an incident of its own run: {e.Failure.Code}.";
            _passedOver.Add(e.Number);
            return null;
        }
    }

    private void Keep(Instance instance)
    {
        foreach (var (name, entry) in instance.Journal)
            if (entry is { Status: EntryStatus.Failed, EverUnknown: true, Failure: { Transient: true, Unknown: false } } && _failed.TryGetValue((instance.Visit, name), out var failed)) _kept.Add(failed);
    }

    /// <summary>Whether no person cancels: the parent has left the state that had this as its child.</summary>
    public static bool IsOfAParent(CancelRequested cancel) => cancel.By.StartsWith("instance ", StringComparison.Ordinal);

    private static bool IsOfThisRun(string code) => code is FailureCode.Broken or FailureCode.Quarantined or "body.stalled" or FailureCode.PayloadUnreadable
        || code.StartsWith("replay.", StringComparison.Ordinal) || code.StartsWith("child.", StringComparison.Ordinal) || code.StartsWith("store.", StringComparison.Ordinal);

    // Randomness and ids are given again; who won a race follows from the order of outcomes, which is kept.
    private void Note(Payload value)
    {
        using var json = JsonDocument.Parse(value.Body);
        if (json.RootElement.ValueKind == JsonValueKind.Number && json.RootElement.TryGetInt32(out _)) return;
        if (json.RootElement.ValueKind == JsonValueKind.Number) Shares.Enqueue(json.RootElement.GetDouble());
        else if (json.RootElement.ValueKind == JsonValueKind.String && json.RootElement.TryGetGuid(out var id)) Ids.Enqueue(id);
        else HasOwnValues = true;
    }

    private static string Body(Payload payload) => Encoding.UTF8.GetString(payload.Body.Span);
}
