using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Runtime;
using Perdure.Simulation.Chance;

namespace Perdure.Simulation.Stressing;

/// <summary>
/// Starts an instance for each arrival on a node of the stage's own, and sees by what becomes durable how it goes on. Where a state has an answer that comes from outside, a decision or a
/// message, it is given after the time that was said.
/// </summary>
internal sealed class WorkflowTarget(Stage stage, IPace pace, StageOptions options, IWorkflow workflow, string keys, ulong seed) : ITarget
{
    private static readonly Caller Person = new("stress", []);

    private readonly ConcurrentDictionary<string, Arrival> _asked = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<InstanceId, Arrival> _running = new();
    private readonly ImmutableDictionary<string, MapState> _states = workflow.States.ToImmutableDictionary(s => s.Name);
    private readonly Lock _draws = new();
    private readonly Pcg32 _chance = new(seed, StageChance.Answers);

    /// <summary>The node's face.</summary>
    public IPerdure Engine { private get; set; } = null!;

    public void Begin(Arrival arrival)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{keys}-{arrival.Number}");
        _asked[key] = arrival;
        pace.Dispatch(() => Engine.Start(new(workflow.Name, key, arrival.Input) { Version = workflow.Version }).ContinueWith(answer => Answered(key, arrival, answer),
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default));
    }

    private void Answered(string key, Arrival arrival, Task<StartAnswer> answer)
    {
        if (answer.IsCompletedSuccessfully && answer.Result is StartAnswer.Accepted) return;
        _asked.TryRemove(key, out _);
        switch (answer.IsCompletedSuccessfully ? answer.Result : null)
        {
            case StartAnswer.Overloaded:
                stage.Refused(arrival, "engine.overloaded");
                break;
            case StartAnswer.Unavailable unavailable:
                stage.Refused(arrival, unavailable.Code);
                break;
            case StartAnswer.BusinessKeyTaken taken:
                stage.Break(new InvalidOperationException($"Arrival {arrival.Number} has the workflow's own key \"{taken.BusinessKey}\" of an earlier one. Make inputs that differ; the second parameter of Inputs is a number."));
                break;
            case StartAnswer.Invalid invalid:
                stage.Break(new InvalidOperationException($"The input of arrival {arrival.Number} does not fit: {InputFaults.Say(invalid.Faults)}"));
                break;
            case var other:
                stage.Break(new InvalidOperationException($"Arrival {arrival.Number} was answered by {other?.ToString() ?? answer.Exception?.InnerException?.Message}."));
                break;
        }
    }

    /// <summary>An item has become durable; of children of other instances too, which are not arrivals.</summary>
    public void Durable(Item item)
    {
        if (item.Start is { } start && _asked.TryRemove(start.RequestKey, out var began)) _running[item.Instance] = began;
        if (item.Workflow == workflow.Name && options.Answers.Count > 0) Entered(item);
        if (item.StatusAfter is not (Status.Ended or Status.Incident) || !_running.TryRemove(item.Instance, out var arrival)) return;
        if (item.StatusAfter == Status.Ended) stage.Ended(arrival, failure: false, item.StateAfter);
        else
        {
            stage.Told("incident", EventCodec.Read(item.Body).OfType<IncidentRaised>().LastOrDefault()?.Failure.Code ?? "incident");
            stage.Ended(arrival, failure: true);
        }
    }

    private void Entered(Item item)
    {
        if (item.Start is not null && item.Transitions.Count == 0) Answer(item.Instance, item.StateAfter, 1);
        foreach (var move in item.Transitions) Answer(item.Instance, move.To, move.Visit);
    }

    private void Answer(InstanceId instance, string name, int visit)
    {
        if (!_states.TryGetValue(name, out var state)) return;
        foreach (var answering in options.Answers.Where(a => a.State == state.Type || (a.State is null && state.Kind == StateKind.Gate)))
        {
            TimeSpan after;
            bool approved;
            byte[]? message;
            lock (_draws) (after, approved, message) = (answering.After?.Draw(_chance) ?? TimeSpan.Zero, _chance.Share() < answering.Approved, answering.Message?.Invoke(new Dice(_chance)));
            pace.After(after, () =>
            {
                if (message is not null) Engine.Signal(instance, answering.Signal!, string.Create(CultureInfo.InvariantCulture, $"{instance}-{visit}-{answering.Signal}"), message);
                else if (state.Kind == StateKind.Gate) Engine.Decide(instance, visit, approved, Person with { Roles = [state.Role!] }, "as the dice fell");
            });
        }
    }
}
