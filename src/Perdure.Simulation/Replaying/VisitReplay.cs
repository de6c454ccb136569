using System.Text;
using System.Text.Json;
using Perdure.Kernel;
using Perdure.Replay;
using Perdure.Runtime;

namespace Perdure.Simulation.Replaying;

/// <summary>Replays the visits of one instance: the kernel tells how the journal stood when each was left, and today's body is run against it.</summary>
internal sealed class VisitReplay(Carried carried, PayloadCodec codec, RecordedHistory history, Running running, Action<HistoryDivergence> tell) : IBodyHost
{
    private readonly RedactedComparison _redacted = new(history);
    private readonly OtherStandIns? _otherwise = history.Redacted.Count > 0 ? new(carried, codec, history) : null;
    private Instance _instance = null!;
    private string? _escaped;

    PayloadCodec IBodyHost.Codec => codec;
    DateTimeOffset IBodyHost.Now => _instance.EnteredAt;
    double IBodyHost.NextShare() => 0.5;
    Guid IBodyHost.NextId() => Guid.Empty;
    void IBodyHost.Escaped(BodyRun run, string what) => Volatile.Write(ref _escaped, what);
    bool IBodyHost.IsSame(Entry entry, Payload given) => _redacted.IsSame(entry.Input!, given, _otherwise?.Input(entry.Name));

    /// <summary>Gives how many visits there were.</summary>
    public int Run()
    {
        Instance? instance = null;
        var left = false;
        foreach (var record in history.Records)
        {
            foreach (var @event in record.Events)
            {
                if (!left && instance is not null && @event is ExitBegan or Transitioned)
                {
                    left = true;
                    Visit(instance, @event is ExitBegan exit ? (exit.To, exit.Data) : @event is Transitioned next ? (next.To, next.Data) : default);
                }
                instance = Decider.Evolve(instance, @event, record.Version, record.At);
                _otherwise?.Evolve(@event, record);
                // What an operator has begun anew is dropped, and nobody goes on with it.
                if (@event is RestartBegan) left = true;
                if (@event is Transitioned or VisitRestarted) left = false;
            }
        }
        if (instance is null) return 0;
        if (!instance.Ended && !left) Visit(instance, null);
        return instance.Ended ? instance.Visit - 1 : instance.Visit;
    }

    /// <summary>Replays one visit as it stood when it was left for <paramref name="recorded"/>, or, where that is null, as it stands.</summary>
    private void Visit(Instance instance, (string To, Payload? Data)? recorded)
    {
        _instance = instance;
        _escaped = null;
        // Cancelling leaves a state without asking its body.
        if (recorded is { } next && instance.CancelRequested && next.To == carried.Map.CancelsTo) recorded = null;
        if (!carried.ByName.TryGetValue(instance.State, out var state))
        {
            Tell("map.changed", breaks: true, $"The map has no state \"{instance.State}\".");
            return;
        }
        _otherwise?.Visit(state);
        BodyRun body;
        object data;
        try
        {
            body = carried.Workflow.Visit(this, instance, state);
            data = codec.Decode(instance.Data, state.Type) ?? throw new JsonException("The data is null.");
        }
        catch (JsonException e)
        {
            var hidden = history.Redacted.ContainsKey(instance.Data) || history.Redacted.ContainsKey(instance.Input);
            Tell(hidden ? "redaction.unknown" : Divergence.Unreadable, breaks: !hidden, (hidden ? "Values were put out of sight, so it cannot be told whether this is still readable: " : "") + e.Message,
                recorded: Text(instance.Data), expected: Names.Of(state.Type));
            return;
        }
        running.Visit = $"{instance.Id} of '{instance.Workflow}' in visit {instance.Visit}, state '{instance.State}',";
        if (instance.AtGate) Decide(instance, body, data, recorded);
        else RunBody(instance, body, data, recorded);
        running.Visit = null;
    }

    private void Decide(Instance instance, BodyRun body, object data, (string To, Payload? Data)? recorded)
    {
        if (instance.Decided is not { } decided) return;
        object next;
        try
        {
            next = body.Decide(data, new(decided.Approved, decided.By, decided.Why, decided.At));
        }
        catch (Exception e)
        {
            Failed(body.Broken?.ToFailure() ?? Failures.Of("body.exception", e), recorded);
            return;
        }
        Compare(next, recorded);
    }

    private void RunBody(Instance instance, BodyRun body, object data, (string To, Payload? Data)? recorded)
    {
        List<Intent> unrecorded = [];
        body.Begin(data);
        if (body.HasIntents) unrecorded.AddRange(body.TakeIntents());
        if (Volatile.Read(ref _escaped) is { } escaped)
        {
            Tell(Divergence.Escaped, breaks: true, Divergence.OfEscaped(escaped));
            return;
        }
        if (body.Broken is { } broken)
        {
            Tell(broken.Code, breaks: true, broken.Message, broken.Step, broken.Recorded, broken.Expected);
            return;
        }
        if (body.AwaitsForeign)
        {
            Tell("body.stalled", breaks: true, "The body waits for something that is not of its visit.");
            return;
        }
        if (body.IsCompleted) Finish(body, recorded, unrecorded);
        else if (!instance.Halted) Waits(instance, body, recorded, unrecorded);
    }

    /// <summary>The body waits where it did not, or for something that nobody asked for then.</summary>
    private void Waits(Instance instance, BodyRun body, (string To, Payload? Data)? recorded, List<Intent> unrecorded)
    {
        var asks = unrecorded.FirstOrDefault(i => i is not Intent.Note);
        var unasked = instance.Accepted ? null : body.Unasked().OrderBy(name => instance.Journal[name].Ordinal).FirstOrDefault();
        if (asks is not null && unasked is not null)
            Tell(Divergence.Diverged, breaks: true,
                $"The code asks for \"{asks.Name}\", which was not recorded, before \"{unasked}\", which was. Unless it asks for that afterwards, the journal has an entry that the code no longer asks for; what \"{asks.Name}\" would give is not known, so that cannot be seen here.",
                unasked, Of(instance.Journal[unasked]), Of(asks));
        else if (asks is not null)
            Tell("step.new", breaks: false, $"The code asks for \"{asks.Name}\", which was not recorded. What it does afterwards cannot be seen here.", asks.Name,
                recorded is { } left ? $"went to {left.To}" : null, Of(asks));
        else if (recorded is { } next)
            Tell("transition.other", breaks: false, $"The visit was left for {next.To}; the code waits for what had not come by then.", recorded: next.To, expected: $"waits for {string.Join(", ", instance.Outstanding.Select(o => o.Value))}");
    }

    private void Finish(BodyRun body, (string To, Payload? Data)? recorded, List<Intent> unrecorded)
    {
        object next;
        try
        {
            next = body.Next();
        }
        catch (OperationFailed e)
        {
            Failed(e.Failure, recorded);
            return;
        }
        catch (Exception e)
        {
            Failed(Failures.Of("body.exception", e), recorded);
            return;
        }
        if (!_instance.Accepted && body.Unasked().OrderBy(name => _instance.Journal[name].Ordinal).ToList() is { Count: > 0 } unasked)
        {
            Tell(Divergence.Diverged, breaks: true, $"The journal has entries that the code no longer asks for: {string.Join(", ", unasked)}.", unasked[0], Of(_instance.Journal[unasked[0]]), "nothing of that name");
            return;
        }
        if (!_instance.Halted && unrecorded.Count > 0)
            Tell("step.new", breaks: false, $"The code asks for \"{unrecorded[0].Name}\", which was not recorded.", unrecorded[0].Name, null, Of(unrecorded[0]));
        Compare(next, recorded);
    }

    /// <summary>A body that fails is an incident, unless it was one then as well.</summary>
    private void Failed(Failure failure, (string To, Payload? Data)? recorded)
    {
        if (recorded is null && _instance.Incident?.Failure.Code == failure.Code) return;
        Tell(failure.Code, breaks: true, $"The body fails: {failure.Message}", recorded: recorded is { } next ? next.To : null, expected: "an incident");
    }

    private void Compare(object next, (string To, Payload? Data)? recorded)
    {
        if (!carried.ByType.TryGetValue(next.GetType(), out var state) || !carried.Map.Find(_instance.State)!.To.Contains(state.Name))
        {
            Tell("transition.undeclared", breaks: true, $"The code goes from {_instance.State} to {Names.Of(next.GetType())}, which the map does not declare.", recorded: recorded?.To, expected: Names.Of(next.GetType()));
            return;
        }
        Payload data;
        try
        {
            data = codec.Encode(next, state.Type, state.Type);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidOperationException)
        {
            Tell("payload.unwritable", breaks: true, $"The data of {state.Name} cannot be written: {e.Message}", recorded: recorded?.To, expected: state.Name);
            return;
        }
        if (recorded is not { } then)
        {
            if (!_instance.Halted && !_instance.CancelRequested)
                Tell("visit.open", breaks: false, $"The visit was still open; the code leaves it for {state.Name}.", recorded: "still open", expected: state.Name);
        }
        else if (then.To != state.Name)
            Tell("transition.other", breaks: false, $"The visit was left for {then.To}; the code leaves it for {state.Name}.{Hidden()}", recorded: $"{then.To} {Text(then.Data)}", expected: $"{state.Name} {Text(data)}");
        else if (then.Data is { } before && !_redacted.IsSame(before, data, _otherwise?.Data))
            Tell("data.other", breaks: false, $"The code goes to {state.Name} with other data.{Hidden()}", recorded: Text(before), expected: Text(data));
    }

    private string Hidden() => _redacted.Redacts ? " Values of this history were put out of sight, which may be why." : "";

    private void Tell(string code, bool breaks, string message, string? step = null, string? recorded = null, string? expected = null) =>
        tell(new(_instance.Id.ToString(), _instance.Workflow, _instance.WorkflowVersion, _instance.Visit, _instance.State, code, breaks, message) { Step = step, Recorded = recorded, Expected = expected });

    private static string Of(Entry entry) => entry.Target.Length > 0 && entry.Target != entry.Name ? $"{entry.Kind} {entry.Name} of {entry.Target}" : $"{entry.Kind} {entry.Name}";

    private static string Of(Intent intent) => intent is Intent.Step step && step.Operation != step.Name ? $"Step {step.Name} of {step.Operation}" : $"{intent.GetType().Name} {intent.Name}";

    private const int TextMax = 2_000;

    private static string Text(Payload? payload) => payload is null ? "" : Encoding.UTF8.GetString(payload.Body.Span[..Math.Min(payload.Body.Length, TextMax)]);
}
