using System.Collections.Immutable;
using System.Text.Json;
using P = Perdure.Kernel.EventProperty;

namespace Perdure.Kernel;

/// <summary>Writes events; what has its default is left out.</summary>
internal static class EventWriter
{
    public static void Write(Utf8JsonWriter w, Event @event)
    {
        w.WriteStartObject();
        w.WriteString(P.Type, P.NameOf(@event));
        switch (@event)
        {
            case StepSucceeded e: Attempt(w, e.Ordinal, e.Attempt); Put(w, P.Result, e.Result); break;
            case StepIntended e:
                w.WriteNumber(P.Ordinal, e.Ordinal);
                w.WriteString(P.Name, e.Name);
                w.WriteString(P.Operation, e.Operation);
                if (e.Generation != 1) w.WriteNumber(P.Generation, e.Generation);
                Put(w, P.CanUndo, e.CanUndo);
                Put(w, P.AtMostOnce, e.AtMostOnce);
                Put(w, P.Input, e.Input);
                break;
            case Transitioned e: Put(w, e); break;
            case Started e: Put(w, e); break;
            case StepRetryScheduled e:
                Attempt(w, e.Ordinal, e.Attempt);
                Put(w, P.Due, e.Due);
                if (e.NextOrdinal is { } next) w.WriteNumber(P.NextOrdinal, next);
                Put(w, P.Failure, e.Failure);
                break;
            case StepRetried e: Attempt(w, e.Ordinal, e.Attempt); break;
            case StepFailed e: Attempt(w, e.Ordinal, e.Attempt); Put(w, P.Failure, e.Failure); break;
            case StepParked e: Attempt(w, e.Ordinal, e.Attempt); Put(w, P.Failure, e.Failure); break;
            case StepCancelled e: w.WriteNumber(P.Ordinal, e.Ordinal); Put(w, P.Unknown, e.Unknown); Put(w, P.Failure, e.Failure); break;
            case StepAbandoned e: w.WriteNumber(P.Ordinal, e.Ordinal); break;
            case Noted e: Named(w, e.Ordinal, e.Name); Put(w, P.Value, e.Value); break;
            case SleepBegan e: Named(w, e.Ordinal, e.Name); Put(w, P.Due, e.Due); break;
            case SleepEnded e: w.WriteNumber(P.Ordinal, e.Ordinal); break;
            case SignalAwaited e: Named(w, e.Ordinal, e.Name); w.WriteString(P.Signal, e.Signal); Put(w, P.Due, e.Due); break;
            case SignalReceived e: w.WriteString(P.Signal, e.Signal); w.WriteString(P.MessageId, e.MessageId); Put(w, P.Body, e.Body); break;
            case SignalConsumed e: w.WriteNumber(P.Ordinal, e.Ordinal); w.WriteString(P.MessageId, e.MessageId); break;
            case SignalTimedOut e: w.WriteNumber(P.Ordinal, e.Ordinal); break;
            case ChildIntended e:
                Named(w, e.Ordinal, e.Name);
                w.WriteString(P.Workflow, e.Workflow);
                w.WriteString(P.Key, e.Key);
                Put(w, P.Input, e.Input);
                break;
            case ChildEnded e:
                w.WriteNumber(P.Ordinal, e.Ordinal);
                w.WriteString(P.MessageId, e.MessageId);
                w.WriteString(P.State, e.State);
                Put(w, P.Result, e.Result);
                break;
            case GateDecided e: Put(w, P.Approved, e.Approved); w.WriteString(P.By, e.By); w.WriteString(P.Why, e.Why); break;
            case ExitBegan e: w.WriteString(P.To, e.To); Put(w, P.Compensates, e.Compensates); Put(w, P.Data, e.Data); break;
            case RestartBegan e: w.WriteNumber(P.Visit, e.Visit); Put(w, P.DropsMessages, e.DropsMessages); break;
            case VisitRestarted e:
                w.WriteNumber(P.Visit, e.Visit);
                if (e.Build is not null) w.WriteString(P.Build, e.Build);
                break;
            case UndoBegan e: Attempt(w, e.Ordinal, e.Attempt); break;
            case UndoSucceeded e: Attempt(w, e.Ordinal, e.Attempt); break;
            case UndoRetryScheduled e: Attempt(w, e.Ordinal, e.Attempt); Put(w, P.Due, e.Due); Put(w, P.Failure, e.Failure); break;
            case DeadlineBreached e: w.WriteNumber(P.Visit, e.Visit); break;
            case IncidentRaised e:
                w.WriteNumber(P.Number, e.Number);
                if (e.Ordinal != 0) w.WriteNumber(P.Ordinal, e.Ordinal);
                Put(w, P.Failure, e.Failure);
                break;
            case IncidentResolved e:
                w.WriteNumber(P.Number, e.Number);
                w.WriteString(P.By, e.By);
                if (e.Mode != RetryMode.Again) w.WriteString(P.Mode, e.Mode == RetryMode.Accept ? "accept" : "restart-visit");
                if (e.VisitsAllowed is { } visits) w.WriteNumber(P.VisitsAllowed, visits);
                break;
            case Paused e: w.WriteString(P.By, e.By); break;
            case Resumed e: w.WriteString(P.By, e.By); break;
            case CancelRequested e: w.WriteString(P.By, e.By); w.WriteString(P.Reason, e.Reason); break;
            case Recovered e:
                Put(w, P.Unclean, e.Unclean);
                if (e.Build is not null) w.WriteString(P.Build, e.Build);
                break;
            default: throw new ArgumentOutOfRangeException(nameof(@event), @event.GetType().Name, "Not an event.");
        }
        w.WriteEndObject();
    }

    private static void Put(Utf8JsonWriter w, Started e)
    {
        w.WriteString(P.Id, e.Id.ToString());
        w.WriteString(P.Namespace, e.Namespace);
        w.WriteString(P.Workflow, e.Workflow);
        w.WriteNumber(P.Version, e.WorkflowVersion);
        w.WriteString(P.RequestKey, e.RequestKey);
        if (e.BusinessKey is not null) w.WriteString(P.BusinessKey, e.BusinessKey);
        w.WriteString(P.State, e.State);
        w.WriteNumber(P.VisitsAllowed, e.VisitsAllowed);
        Put(w, P.Due, e.DeadlineDue);
        Put(w, P.ClockStops, e.ClockStops);
        Put(w, P.AtGate, e.AtGate);
        if (e.Parent is { } parent)
        {
            w.WriteStartObject(P.Parent);
            w.WriteString(P.Id, parent.Id.ToString());
            w.WriteNumber(P.Ordinal, parent.Ordinal);
            w.WriteEndObject();
        }
        if (e.Build is not null) w.WriteString(P.Build, e.Build);
        if (e.TraceParent is not null) w.WriteString(P.TraceParent, e.TraceParent);
        if (e.Priority != 0) w.WriteNumber(P.Priority, e.Priority);
        if (!e.Attributes.IsEmpty)
        {
            w.WriteStartObject(P.Attributes);
            foreach (var (name, value) in e.Attributes) w.WriteString(name, value);
            w.WriteEndObject();
        }
        Put(w, P.Input, e.Input);
    }

    private static void Put(Utf8JsonWriter w, Transitioned e)
    {
        w.WriteString(P.From, e.From);
        w.WriteString(P.To, e.To);
        w.WriteNumber(P.Visit, e.Visit);
        Put(w, P.Settled, e.Settled);
        Put(w, P.Due, e.DeadlineDue);
        Put(w, P.ClockStops, e.ClockStops);
        Put(w, P.AtGate, e.AtGate);
        Put(w, P.End, e.IsEnd);
        if (e.Intents != 0) w.WriteNumber(P.Intents, e.Intents);
        if (e.Incidents != 0) w.WriteNumber(P.Incidents, e.Incidents);
        w.WriteNumber(P.VisitsAllowed, e.VisitsAllowed);
        if (e.Build is not null) w.WriteString(P.Build, e.Build);
        Put(w, P.CancelRequested, e.CancelRequested);
        if (!e.Signals.IsDefaultOrEmpty)
        {
            w.WriteStartArray(P.Signals);
            foreach (var signal in e.Signals)
            {
                w.WriteStartObject();
                w.WriteString(P.Name, signal.Name);
                w.WriteString(P.MessageId, signal.MessageId);
                Put(w, P.Body, signal.Body);
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        Put(w, P.Data, e.Data);
    }

    private static void Attempt(Utf8JsonWriter w, int ordinal, int attempt)
    {
        w.WriteNumber(P.Ordinal, ordinal);
        if (attempt != 1) w.WriteNumber(P.Attempt, attempt);
    }

    private static void Named(Utf8JsonWriter w, int ordinal, string name)
    {
        w.WriteNumber(P.Ordinal, ordinal);
        w.WriteString(P.Name, name);
    }

    private static void Put(Utf8JsonWriter w, JsonEncodedText name, bool value)
    {
        if (value) w.WriteBoolean(name, true);
    }

    private static void Put(Utf8JsonWriter w, JsonEncodedText name, DateTimeOffset? value)
    {
        if (value is { } moment) w.WriteString(name, moment.UtcDateTime);
    }

    private static void Put(Utf8JsonWriter w, JsonEncodedText name, Payload? payload)
    {
        if (payload is null) return;
        w.WriteStartObject(name);
        w.WriteString(P.Type, payload.Type);
        if (payload.Schema.Length > 0) w.WriteString(P.Schema, payload.Schema);
        var body = payload.Body.Span;
        // White space around a value would not survive; such a body is kept as bytes.
        if (payload.Codec == Payload.Json && body.Length > 0 && body[0] > ' ' && body[^1] > ' ')
        {
            w.WritePropertyName(P.Value);
            w.WriteRawValue(body, skipInputValidation: true);
        }
        else
        {
            w.WriteString(P.Codec, payload.Codec);
            w.WriteBase64String(P.Base64, body);
        }
        w.WriteEndObject();
    }

    private static void Put(Utf8JsonWriter w, JsonEncodedText name, Failure? failure)
    {
        if (failure is null) return;
        w.WriteStartObject(name);
        w.WriteString(P.Code, failure.Code);
        w.WriteString(P.Message, failure.Message);
        Put(w, P.Transient, failure.Transient);
        Put(w, P.Unknown, failure.Unknown);
        Put(w, P.Conclusive, failure.Conclusive);
        if (!failure.Causes.IsDefaultOrEmpty)
        {
            w.WriteStartArray(P.Causes);
            foreach (var cause in failure.Causes)
            {
                w.WriteStartObject();
                w.WriteString(P.Type, cause.Type);
                w.WriteString(P.Message, cause.Message);
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        if (failure.Stack is not null) w.WriteString(P.StackTrace, failure.Stack);
        w.WriteEndObject();
    }
}
