using System.Text.RegularExpressions;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Replay;
using Perdure.Runtime;
using Perdure.Simulation.Exploring;
using Perdure.Simulation.Nodes;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Refining;

/// <summary>
/// Runs one instance that has ended again, alone, on the real runtime, in a world without faults. Operations, senders and people answer what they did, in the recorded order; time passes by itself.
/// It has to take the same course.
/// </summary>
internal sealed class CalmRun : IOperations
{
    private const long Soon = TimeSpan.TicksPerMillisecond;
    private const long ThingsMax = 400_000;

    private readonly World _faulted, _calm;
    private readonly Follower _root;
    private readonly Dictionary<InstanceId, Follower> _followers = [];
    private readonly Started _started;
    private bool _asked, _over;

    /// <param name="faulted">The world in which it was recorded.</param>
    /// <param name="id">Which instance.</param>
    /// <param name="carriage">The code, its operations without policies of their own.</param>
    /// <param name="begins">When the world without faults begins: no other instance has an id from then.</param>
    public CalmRun(World faulted, InstanceId id, Carriage carriage, DateTimeOffset begins)
    {
        _faulted = faulted;
        _started = faulted.Database.Tables.Find(id)!.Log.Select(r => EventCodec.Read(r.Body)[0]).OfType<Started>().First();
        _root = Record(id);
        _calm = new(new()
        {
            Carriage = (_, _) => carriage with { Operations = this }, Faulty = false, Begins = begins, Calm = this,
        }, 1);
        foreach (var map in faulted.Database.Tables.Maps) _calm.Database.Tables.Register(map);
    }

    /// <summary>How its course differs; null where it does not, or cannot be compared.</summary>
    public string? Difference { get; private set; }

    /// <summary>Why it cannot be compared; null where it can.</summary>
    public string? Incomparable { get; private set; }

    /// <summary>Runs it.</summary>
    public void Run()
    {
        if (_root.Course.Incomparable is { } why)
        {
            Incomparable = why;
            return;
        }
        var recorded = _root.Course.Instance!;
        _calm.RunAlone((recorded.EndedAt!.Value - recorded.StartedAt + TimeSpan.FromHours(1)).Ticks, () =>
        {
            Ask();
            if (_calm.Watch.Violation is { } violation) Differs(violation.Message);
            if (_calm.Schedule.Happened > ThingsMax) Cannot("It takes too long.");
            return _over || (_root.Own.Instance is { Ended: true } && _root.Next is null);
        });
        if (_over) return;
        if (_root.Next is { } missed) Differs($"does not come to the point where it {missed}; it stands at {(_root.Own.Instance is { } stands ? Oracles.InstanceText.Of(stands) : "nothing")}");
        else Compare();
    }

    /// <summary>The randomness that the body that runs now was given.</summary>
    public double? Share() => Standing() is { Course.Shares: { Count: > 0 } shares } ? shares.Dequeue() : null;

    /// <summary>The id that the body that runs now was given.</summary>
    public Guid? Id() => Standing() is { Course.Ids: { Count: > 0 } ids } ? ids.Dequeue() : null;

    public Task<Payload> Run(CarriedStep step, PayloadCodec codec, Payload input, Attempt attempt)
    {
        var held = new Held(new(), Entry(step, attempt, input, undo: false), attempt);
        if (_followers.GetValueOrDefault(held.Entry.Instance) is { } follower && NameOf(follower, attempt.Token) is { } name)
        {
            var key = (follower.Own.Instance!.Visit, name);
            follower.Held[key] = held;
            attempt.Cancelled.Register(() => GiveUp(follower, key));
            Release(follower);
        }
        return held.Answer.Task;
    }

    public Task Undo(CarriedStep step, PayloadCodec codec, UndoData undo, Attempt attempt)
    {
        _calm.Ledger.Undo(Entry(step, attempt, undo.Input, undo: true), () => { });
        return Task.CompletedTask;
    }

    private static string? NameOf(Follower follower, string token)
    {
        var instance = follower.Own.Instance!;
        foreach (var (_, name) in instance.Outstanding)
            if (instance.TokenOf(instance.Journal[name]) == token) return name;
        return null;
    }

    private void Ask()
    {
        if (_asked || _calm.Current(0) is not { Serves: true } node) return;
        _asked = true;
        node.Engine.Start(new(_started.Workflow, _started.RequestKey, _started.Input.Body) { Version = _started.WorkflowVersion, Namespace = _started.Namespace, Priority = _started.Priority, Attributes = _started.Attributes })
            .ContinueWith(answer =>
            {
                if (answer is not { IsCompletedSuccessfully: true, Result: StartAnswer.Accepted }) Differs($"is not started: {(answer.IsCompletedSuccessfully ? answer.Result : answer.Exception)}");
            }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>A record has become durable.</summary>
    public void Durable(Record record)
    {
        if (_over) return;
        if (!_followers.TryGetValue(record.Instance, out var follower))
        {
            if (Of(((Started)record.Events[0]).Parent) is not { } found) return;
            _followers[record.Instance] = follower = found;
            if (((Started)record.Events[0]).WorkflowVersion != found.Course.Instance!.WorkflowVersion) Cannot("A child was of another version.");
        }
        foreach (var point in follower.Own.Take(record)) Meet(follower, point);
        foreach (var one in _followers.Values) Release(one);
    }

    private void Meet(Follower follower, Point point)
    {
        if (_over) return;
        if (point.Event is StepCancelled && follower.GivenUp((point.Visit, point.Name)) is not null) return;
        if (follower.Next is not { } recorded) Differs($"goes on where it had ended: it {point}.", follower);
        else if (recorded.IsSame(point))
        {
            if (recorded.Text != point.Text && Plain(recorded.Text) != Plain(point.Text)) Differs($"it {recorded} in the run with faults, and {point.Text} in the one without.", follower);
            follower.Reached();
        }
        else if (point.Cause == Cause.Time) Cannot($"A moment comes earlier than in the run with faults: it {point} before it {recorded}.");
        else Differs($"it {recorded} in the run with faults, and it {point} in the one without.", follower);
    }

    // What comes next from outside, comes now; what follows by itself, or by time, is waited for.
    private void Release(Follower follower)
    {
        foreach (var key in follower.Held.Keys.ToList()) GiveUp(follower, key);
        if (_over || follower.Next is not { Cause: Cause.Outside } next || follower.Asked == follower.At || !follower.MayGoOn) return;
        var step = (next.Visit, next.Name);
        if (next.Event is StepSucceeded or StepFailed or StepParked)
        {
            if (!follower.Held.Remove(step, out var held)) return;
            _calm.Schedule.After(Soon, null, $"{next}", () => Answer(follower, held, next.Event));
        }
        else
        {
            var id = _followers.First(f => f.Value == follower).Key;
            _calm.Schedule.After(Soon, null, $"{next}", () => Say(id, next));
        }
        follower.Asked = follower.At;
    }

    private void Answer(Follower follower, Held held, Event outcome)
    {
        switch (outcome)
        {
            case StepSucceeded done:
                _calm.Ledger.Do(held.Entry, () => done.Result);
                held.Answer.TrySetResult(done.Result);
                break;
            case StepFailed { Failure: var failure } failed when follower.Course.IsKept(failed): held.Answer.TrySetException(Failures.Thrown(failure with { Unknown = true })); break;
            case StepFailed { Failure: var failure }: held.Answer.TrySetException(Failures.Thrown(failure)); break;
            case StepParked { Failure: var failure }: held.Answer.TrySetException(Failures.Thrown(failure with { Unknown = true })); break;
        }
    }

    private static void GiveUp(Follower follower, (int, string) step)
    {
        if (follower.GivenUp(step) is not { } ended || !follower.Held.TryGetValue(step, out var held) || !held.Attempt.Cancelled.IsCancellationRequested) return;
        follower.Held.Remove(step);
        if (ended is { Unknown: false, Failure: { Unknown: false } failure }) held.Answer.TrySetException(Failures.Thrown(failure));
        else held.Answer.TrySetCanceled(held.Attempt.Cancelled);
    }

    private void Say(InstanceId id, Point point)
    {
        if (_calm.Current(0) is not { } node) return;
        var engine = node.Engine;
        (point.Event switch
        {
            GateDecided e => engine.Decide(id, point.Visit, e.Approved, new(e.By, [_calm.Database.Tables.Map(_followers[id].Own.Instance!.Workflow, _followers[id].Own.Instance!.WorkflowVersion)?.Find(_followers[id].Own.Instance!.State)?.Role ?? ""]), e.Why),
            IncidentResolved e => engine.Retry(id, new(e.By, [])),
            _ => Stimulus.Again(engine, id, point.Event),
        }).ContinueWith(answer =>
        {
            if (answer is not { IsCompletedSuccessfully: true, Result: CommandAnswer.Done }) Differs($"is refused where it {point} in the run with faults: {(answer.IsCompletedSuccessfully ? answer.Result : answer.Exception)}");
        }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    // The same effects stand, and the same were undone, in the same order. Of a step whose outcome nobody knows the effect may have happened in any run, and one whose token was renewed was
    // intended again, later.
    private void Compare()
    {
        foreach (var (calm, follower) in _followers)
        {
            var (expected, found) = (Effects(_faulted, follower.Recorded, follower.Course, follower), Effects(_calm, calm, follower.Own, follower));
            if (!expected.SequenceEqual(found)) Differs($"has the effects\n  {string.Join("\n  ", expected)}\nin the run with faults, and\n  {string.Join("\n  ", found)}\nin the one without.", follower);
        }

        List<string> Effects(World world, InstanceId id, Course course, Follower follower)
        {
            var known = course.Steps.Where(s => course.IsCertain(s.Visit, s.Name)).ToDictionary(s => Token.For(id, s.Visit, s.Name, 1) is var token ? token[..token.LastIndexOf('.')] : "", s => s);
            var entries = world.Ledger.Of(id).Where(e => known.ContainsKey(e.Step)).ToList();
            return [.. entries.Where(e => !e.IsUndo).Select(e => Plain($"{known[e.Step].Name} in visit {known[e.Step].Visit}: {e.Operation} {e.Input}")).Order(StringComparer.Ordinal),
                .. entries.Where(e => e.IsUndo && !follower.Course.IsRenewed(known[e.Step])).Select(Undone), .. entries.Where(e => e.IsUndo && follower.Course.IsRenewed(known[e.Step])).Select(Undone).Order(StringComparer.Ordinal)];

            string Undone(LedgerEntry e) => $"{known[e.Step].Name} in visit {known[e.Step].Visit} undone";
        }
    }

    private Follower? Standing()
    {
        if (_calm.Current(0)?.Node.Lanes is not [var lane, ..] || lane.Stands() is not { Instance: var id }) return null;
        return _followers.TryGetValue(id, out var follower) ? follower : lane.Find(id)?.Instance is { } instance ? _followers[id] = Of(instance.Parent)! : null;
    }

    private Follower? Of(Parent? parent)
    {
        if (parent is null) return _root;
        var above = _followers[parent.Id];
        foreach (var (key, ordinals) in above.Own.Children)
        {
            if (!ordinals.Contains(parent.Ordinal)) continue;
            if (ordinals.Count == 1 && above.Course.Children.TryGetValue(key, out var then) && then.Count == 1)
                foreach (var (id, other) in _faulted.Watch.Instances)
                    if (other.Parent is { } by && by.Id == above.Recorded && by.Ordinal == then[0])
                        return Record(id, above, key) is var follower && follower.Course is { Incomparable: null, Instance.Ended: true } ? follower : Cannot("A child cannot be compared.");
            return Cannot($"Of the child {key.Name} there is none, or more than one.");
        }
        return Cannot("A child is not known.");
    }

    private Follower Record(InstanceId id, Follower? parent = null, (int, string) childOf = default)
    {
        var course = new Course();
        List<Point> points = [];
        foreach (var stored in _faulted.Database.Tables.Find(id)!.Log) points.AddRange(course.Take(new(id, stored.Version, stored.At, EventCodec.Read(stored.Body))));
        return new(id, course, points, parent, childOf);
    }

    private Follower? Cannot(string why)
    {
        if (_over) return null;
        (_over, Incomparable) = (true, why);
        return null;
    }

    private void Differs(string how, Follower? follower = null)
    {
        if (_over) return;
        // What a body got from outside of the visit may be why.
        if (_followers.Values.Append(_root).Any(f => f.Course.HasOwnValues)) Cannot("Its bodies may have decided by what a run without faults does not have.");
        else (_over, Difference) = (true, $"{(follower ?? _root).Recorded} of '{(follower ?? _root).Course.Instance!.Workflow}' takes another course without faults: {how}");
    }

    // Ids of instances are each run's own, and moments too.
    private string Plain(string text)
    {
        foreach (var (calm, follower) in _followers) text = text.Replace(calm.ToString(), follower.Recorded.ToString(), StringComparison.Ordinal);
        return WithoutMoments(text);
    }

    /// <summary>What is the same in every run.</summary>
    public static string WithoutMoments(string text) => Moments.Replace(text, "<moment>");

    private static readonly Regex Moments = new(@"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)?");

    private LedgerEntry Entry(CarriedStep step, Attempt attempt, Payload input, bool undo)
    {
        var token = attempt.Token;
        InstanceId.TryParse(token[..13], out var instance);
        return new(token, instance, step.Handle.Name, token[..token.LastIndexOf('.')], undo, System.Text.Encoding.UTF8.GetString(input.Body.Span), null, _calm.Now);
    }
}
