using System.Text.Json;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>What a start answers: facts that never change.</summary>
internal sealed record StartedBody(string Id, string Workflow, int Version, string Key, DateTimeOffset Created);

/// <summary>An instance in a list.</summary>
internal sealed record InstanceSummary(
    string Id, string Namespace, string Workflow, int Version, string Key, string? BusinessKey, string State, string Status, int Visit, DateTimeOffset Created, DateTimeOffset Updated, int Priority)
{
    public static InstanceSummary Of(InstanceRow row) => new(
        row.Id.ToString(), row.Namespace, row.Workflow, row.WorkflowVersion, row.RequestKey, row.BusinessKey, row.State, Wire.Word(row.Status), row.Visit, row.CreatedAt, row.UpdatedAt, row.Priority);
}

/// <summary>A page of instances; <paramref name="Next"/> is the cursor of the page after it.</summary>
internal sealed record InstanceList(IReadOnlyList<InstanceSummary> Instances, string? Next);

internal sealed record CauseBody(string Type, string Message);

internal sealed record FailureBody(string Code, string Message, bool Transient, bool Unknown, bool Conclusive, IReadOnlyList<CauseBody> Causes, string? Stack, DateTimeOffset? At)
{
    public static FailureBody? Of(Failure? failure, DateTimeOffset? at = null) => failure is null ? null
        : new(failure.Code, failure.Message, failure.Transient, failure.Unknown, failure.Conclusive, [.. failure.Causes.Select(c => new CauseBody(c.Type, c.Message))], failure.Stack, at);
}

internal sealed record ProgressBody(double Fraction, string Message);

/// <summary>A step, or something else that a body awaited.</summary>
internal sealed record StepBody(
    string Name, string Kind, string? Operation, string State, int Visit, int Ordinal, string Status, int Attempts, int? Generation, DateTimeOffset Started, DateTimeOffset? Ended,
    DateTimeOffset? NextRetry, DateTimeOffset? Until, ProgressBody? Progress, FailureBody? LastFailure, bool? CanUndo, bool? Undone);

internal sealed record StackBody(int Ordinal, string Operation, string Name, int Visit, int Generation, int UndoAttempts, DateTimeOffset? NextUndo, FailureBody? LastFailure);
internal sealed record DeadlineBody(DateTimeOffset? Due, double? SecondsLeft, bool Breached);
internal sealed record IncidentBody(int Number, FailureBody? Failure, int Ordinal, DateTimeOffset Since);
internal sealed record SignalBody(string Name, string Message);
internal sealed record GateBody(string Id, string? Role, bool? Approved, string? By, string? Why, DateTimeOffset? At);
internal sealed record ExitBody(string To, bool Compensates, bool Restarts);

/// <summary>An instance with all that is known of it.</summary>
internal sealed record InstanceBody(
    string Id, string Namespace, string Workflow, int Version, string Key, string? BusinessKey, string State, string Phase, string Status, int Visit,
    DateTimeOffset Created, DateTimeOffset Entered, DateTimeOffset? Ended, bool Paused, bool CancelRequested, int Priority, string? Parent, string? TraceParent,
    IReadOnlyDictionary<string, string> Attributes, JsonElement? Input, JsonElement? Data, IReadOnlyList<StepBody> Steps, long StepsFrom, IReadOnlyList<StackBody> Stack,
    DeadlineBody? Deadline, GateBody? Gate, ExitBody? Exit, IncidentBody? Incident, FailureBody? LastError, DateTimeOffset? NextRetry, IReadOnlyList<SignalBody> Signals,
    int Incidents, int Recoveries, long Records, string? Head, string? CodeAbsent)
{
    /// <summary>Where it is on its way, beside the state.</summary>
    private static string PhaseOf(Instance instance) =>
        instance.Ended ? "ended" : instance.Compensating ? "compensating" : instance.Exit is not null ? "leaving" : instance.AtGate ? "gate" : "working";

    /// <param name="view">The instance.</param>
    /// <param name="steps">Its steps, from <paramref name="from"/> on.</param>
    /// <param name="from">The first record that was looked at for them.</param>
    /// <param name="error">The last error in those records.</param>
    /// <param name="role">The role of the gate that it rests in.</param>
    /// <param name="head">The hash of its newest record.</param>
    public static InstanceBody Of(InstanceView view, IReadOnlyList<StepBody> steps, long from, FailureBody? error, string? role, string? head)
    {
        var instance = view.Instance;
        return new(
            instance.Id.ToString(), instance.Namespace, instance.Workflow, instance.WorkflowVersion, instance.RequestKey, instance.BusinessKey, instance.State, PhaseOf(instance),
            Wire.Word(instance.Status), instance.Visit, instance.StartedAt, instance.EnteredAt, instance.EndedAt, instance.Paused, instance.CancelRequested, instance.Priority,
            instance.Parent?.Id.ToString(), instance.TraceParent, instance.Attributes, Wire.Show(instance.Input), Wire.Show(instance.Data), steps, from,
            [.. instance.Stack.Select(s => s.Value).OrderByDescending(s => s.Ordinal).Select(s => new StackBody(s.Ordinal, s.Operation, s.Name, s.Visit, s.Generation, s.UndoAttempt, s.UndoDue, FailureBody.Of(s.UndoFailure)))],
            instance.Deadline is { } deadline ? new(deadline.Left is null ? deadline.Due : null, deadline.Left?.TotalSeconds, deadline.Breached) : null,
            instance.AtGate ? new(GateId.Of(instance.Id, instance.Visit), role, instance.Decided?.Approved, instance.Decided?.By, instance.Decided?.Why, instance.Decided?.At) : null,
            instance.Exit is { } exit ? new(exit.To, exit.Compensates, exit.Restarts) : null,
            instance.Incident is { } incident ? new(incident.Number, FailureBody.Of(incident.Failure), incident.Ordinal, incident.At) : null,
            error, NextOf(instance), [.. instance.Signals.Select(s => new SignalBody(s.Name, s.MessageId))],
            instance.Incidents, instance.Recoveries, instance.Version, head, view.CodeAbsent);
    }

    private static DateTimeOffset? NextOf(Instance instance)
    {
        DateTimeOffset? next = null;
        foreach (var (_, name) in instance.Outstanding)
            if (instance.Journal[name] is { Status: EntryStatus.Retrying, Due: { } due } && (next is null || due < next)) next = due;
        foreach (var (_, entry) in instance.Stack)
            if (entry.UndoDue is { } due && (next is null || due < next)) next = due;
        return next;
    }
}
