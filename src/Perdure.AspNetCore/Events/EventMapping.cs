using System.Text.Json;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>
/// What each event of the log is to the world: one total mapping. Payloads are left out: what an event may tell everybody, it tells; what was ordered by whom is read
/// from the history by those who may.
/// </summary>
internal sealed class EventMapping(IPerdure perdure, string source)
{
    /// <summary>The events of a record, in order. Takes the record into the trail. The id of an event begins with its log, where the store has several.</summary>
    public List<CloudEvent> Map(FeedRecord feed, IReadOnlyList<Event> events, Trail trail, int? log = null)
    {
        var turn = new Turn(this, feed, trail, log);
        foreach (var @event in events)
        {
            trail.Apply(@event, feed.Record.Version, feed.Record.At);
            turn.Tell(@event);
        }
        if (events.Count == 0) trail.Skip(feed.Record.Version);
        return turn.Told;
    }

    /// <summary>A refusal, as it happens.</summary>
    public CloudEvent Map(RefusalNotice notice, string id) => new(0, 0, EventType.Refused.Name, notice.Workflow, notice.Instance, CloudEventJson.Write(EventType.Refused,
        new(id, source, notice.At, null, notice.Workflow, null, notice.Instance, null, null, null, System.Diagnostics.Activity.Current?.Id), json =>
        {
            json.WriteString("code", notice.Code);
            json.WriteString("message", notice.Message);
        }));

    private StateDefinition? State(string workflow, int version, string state)
    {
        foreach (var registered in perdure.Workflows)
            if (registered.Version == version && registered.Name == workflow) return registered.Map.Find(state);
        return null;
    }

    private sealed class Turn(EventMapping mapping, FeedRecord feed, Trail trail, int? log)
    {
        public List<CloudEvent> Told { get; } = [];

        public void Tell(Event @event)
        {
            switch (@event)
            {
                case Started e: Started(e); break;
                case StepIntended e: Step(EventType.StepStarted, e.Ordinal, 1); break;
                case StepRetried e: Step(EventType.StepStarted, e.Ordinal, e.Attempt); break;
                case StepSucceeded e: Step(EventType.StepSucceeded, e.Ordinal, e.Attempt); break;
                case StepRetryScheduled e:
                    Add(EventType.StepRetrying, e.Attempt, json =>
                    {
                        // The trail has the step under its next ordinal already.
                        Named(json, trail.Step(e.NextOrdinal ?? e.Ordinal), e.Ordinal, e.NextOrdinal is null ? 0 : -1);
                        Failed(json, e.Failure);
                        json.WriteString("due", CloudEventJson.Time(e.Due));
                    });
                    break;
                case StepFailed e: Step(EventType.StepFailed, e.Ordinal, e.Attempt, json => Failed(json, e.Failure)); break;
                case StepParked e: Step(EventType.StepParked, e.Ordinal, e.Attempt, json => Failed(json, e.Failure)); break;
                case StepCancelled e: Step(EventType.StepCancelled, e.Ordinal, null, json => json.WriteBoolean("unknown", e.Unknown)); break;
                case StepAbandoned e: Step(EventType.StepAbandoned, e.Ordinal, null); break;
                case Noted e: Step(EventType.Noted, e.Ordinal, null); break;
                case SleepBegan e: Step(EventType.SleepBegan, e.Ordinal, null, json => json.WriteString("due", CloudEventJson.Time(e.Due))); break;
                case SleepEnded e: Step(EventType.SleepEnded, e.Ordinal, null); break;
                case SignalAwaited e:
                    Step(EventType.SignalAwaited, e.Ordinal, null, json =>
                    {
                        json.WriteString("signal", e.Signal);
                        if (e.Due is { } due) json.WriteString("due", CloudEventJson.Time(due));
                    });
                    break;
                case SignalReceived e:
                    Add(EventType.SignalReceived, null, json =>
                    {
                        json.WriteString("signal", e.Signal);
                        json.WriteString("message", e.MessageId);
                    });
                    break;
                case SignalConsumed e: Step(EventType.SignalConsumed, e.Ordinal, null, json => json.WriteString("message", e.MessageId)); break;
                case SignalTimedOut e: Step(EventType.SignalTimedOut, e.Ordinal, null); break;
                case ChildIntended e:
                    Step(EventType.ChildStarted, e.Ordinal, null, json =>
                    {
                        json.WriteString("workflow", e.Workflow);
                        json.WriteString("key", e.Key);
                    });
                    break;
                case ChildEnded e: Step(EventType.ChildEnded, e.Ordinal, null, json => json.WriteString("state", e.State)); break;
                case GateDecided e:
                    Add(EventType.GateDecidedType, null, json =>
                    {
                        json.WriteString("gate", GateId.Of(feed.Record.Instance, trail.Visit));
                        json.WriteBoolean("approved", e.Approved);
                        json.WriteString("by", e.By);
                        json.WriteString("why", e.Why);
                    });
                    break;
                case ExitBegan e:
                    Add(EventType.StateLeaving, null, json =>
                    {
                        json.WriteString("from", trail.State);
                        json.WriteString("to", e.To);
                        json.WriteBoolean("compensates", e.Compensates);
                    });
                    break;
                case RestartBegan: Add(EventType.VisitRestarting, null, _ => { }); break;
                case VisitRestarted: Add(EventType.VisitRestarted, null, _ => { }); break;
                case UndoBegan e: Step(EventType.UndoStarted, e.Ordinal, e.Attempt); break;
                case UndoSucceeded e: Step(EventType.UndoSucceeded, e.Ordinal, e.Attempt); break;
                case UndoRetryScheduled e:
                    Step(EventType.UndoRetrying, e.Ordinal, e.Attempt, json =>
                    {
                        Failed(json, e.Failure);
                        json.WriteString("due", CloudEventJson.Time(e.Due));
                    });
                    break;
                case Transitioned e: Transitioned(e); break;
                case DeadlineBreached e:
                    Add(EventType.DeadlineBreached, null, _ => { });
                    Page($"{feed.Record.Instance}/{e.Visit}/deadline", Definition?.Page ?? Severity.High, FailureCode.DeadlineBreached);
                    break;
                case IncidentRaised e:
                    Add(EventType.IncidentRaised, null, json =>
                    {
                        json.WriteNumber("incident", e.Number);
                        if (trail.Step(e.Ordinal) is { } step) json.WriteString("step", step.Name);
                        Failed(json, e.Failure);
                    });
                    Page($"{feed.Record.Instance}/incident/{e.Number}", Severity.High, e.Failure.Code);
                    break;
                case IncidentResolved e:
                    Add(EventType.IncidentResolved, null, json =>
                    {
                        json.WriteNumber("incident", e.Number);
                        json.WriteString("by", e.By);
                        json.WriteString("mode", Wire.Word(e.Mode));
                    });
                    break;
                case Paused e: Add(EventType.InstancePaused, null, json => json.WriteString("by", e.By)); break;
                case Resumed e: Add(EventType.InstanceResumed, null, json => json.WriteString("by", e.By)); break;
                case CancelRequested e:
                    Add(EventType.CancelRequested, null, json =>
                    {
                        json.WriteString("by", e.By);
                        json.WriteString("reason", e.Reason);
                    });
                    break;
                case Recovered e: Add(EventType.Recovered, null, json => json.WriteBoolean("unclean", e.Unclean)); break;
                default: throw new InvalidOperationException($"No event is known for {@event.GetType().Name}.");
            }
        }

        private void Started(Started e)
        {
            Add(EventType.InstanceStarted, null, json =>
            {
                json.WriteString("key", e.RequestKey);
                if (e.BusinessKey is { } key) json.WriteString("businessKey", key);
                json.WriteString("state", e.State);
                if (e.Parent is { } parent) json.WriteString("parent", parent.Id.ToString());
            });
            if (e.AtGate) Gate();
        }

        private void Transitioned(Transitioned e)
        {
            Add(EventType.StateChanged, null, json =>
            {
                json.WriteString("from", e.From);
                json.WriteString("to", e.To);
                json.WriteBoolean("settled", e.Settled);
                if (e.DeadlineDue is { } due) json.WriteString("deadline", CloudEventJson.Time(due));
            });
            if (e.AtGate) Gate();
            if (!e.IsEnd) return;
            Add(EventType.InstanceEnded, null, json =>
            {
                json.WriteString("state", e.To);
                if (Definition is { } end) json.WriteBoolean("revoked", end.Kind == StateKind.Revoked);
                json.WriteNumber("records", feed.Record.Version);
                json.WriteString("head", Wire.Hex(feed.Record.Hash));
            });
        }

        private void Gate() => Add(EventType.GateOpened, null, json =>
        {
            json.WriteString("gate", GateId.Of(feed.Record.Instance, trail.Visit));
            if (Definition?.Role is { } role) json.WriteString("role", role);
        });

        private void Page(string key, Severity severity, string code) => Add(EventType.PageRaised, null, json =>
        {
            json.WriteString("key", key);
            json.WriteString("severity", Wire.Word(severity));
            json.WriteString("code", code);
        });

        private void Step(EventType type, int ordinal, int? attempt, Action<Utf8JsonWriter>? more = null) => Add(type, attempt, json =>
        {
            Named(json, trail.Step(ordinal), ordinal, 0);
            more?.Invoke(json);
        });

        private static void Named(Utf8JsonWriter json, TrailStep? step, int ordinal, int generations)
        {
            if (step is not null)
            {
                json.WriteString("step", step.Name);
                if (step.Target.Length > 0) json.WriteString("operation", step.Target);
            }
            json.WriteNumber("ordinal", ordinal);
            if (step is { Kind: EntryKind.Step }) json.WriteNumber("generation", step.Generation + generations);
        }

        private static void Failed(Utf8JsonWriter json, Failure failure)
        {
            json.WriteString("code", failure.Code);
            json.WriteString("message", failure.Message);
            json.WriteBoolean("transient", failure.Transient);
            json.WriteBoolean("unknown", failure.Unknown);
            json.WriteBoolean("conclusive", failure.Conclusive);
            json.WriteStartArray("causes");
            foreach (var cause in failure.Causes)
            {
                json.WriteStartObject();
                json.WriteString("type", cause.Type);
                json.WriteString("message", cause.Message);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }

        private StateDefinition? Definition => mapping.State(feed.Workflow, feed.WorkflowVersion, trail.State);

        private void Add(EventType type, int? attempt, Action<Utf8JsonWriter> data)
        {
            var place = new EventPlace(feed.Record.Position, Told.Count);
            Told.Add(new(place.Position, place.Index, type.Name, feed.Workflow, feed.Record.Instance, CloudEventJson.Write(type,
                new(log is null ? place.ToString() : $"{log}:{place}", mapping.Source, feed.Record.At, feed.Namespace, feed.Workflow, feed.WorkflowVersion, feed.Record.Instance, trail.State, trail.Visit, attempt, feed.TraceParent), data)));
        }
    }

    private string Source => source;
}
