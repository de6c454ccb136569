using System.Globalization;
using Perdure.Kernel;
using Perdure.Simulation.Faults;
using Perdure.Simulation.Nodes;
using Perdure.Simulation.Oracles;

namespace Perdure.Simulation.Worlds;

/// <summary>
/// Those who ask: they start instances, each under its key, and ask again under the same key until they are answered; they decide at gates; as operators they continue after incidents.
/// They outlive every node.
/// </summary>
internal sealed class Clients(World world, WorldOptions options)
{
    private static readonly Caller Officer = new("officer", []);
    private const long Second = TimeSpan.TicksPerSecond;

    private int _open;

    /// <summary>Whether every start was answered.</summary>
    public bool Done => _open == 0;

    public void Begin()
    {
        var dice = new Dice(world.Chance.Workload);
        var number = 0;
        for (var at = 0; at < options.Loads.Count; at++)
        {
            var load = options.Loads[at];
            for (var i = 0; i < load.Count; i++)
            {
                var key = string.Create(CultureInfo.InvariantCulture, $"key-{++number}");
                var input = load.Input(dice, number);
                var place = world.Chance.Workload.Below(world.Places);
                var after = (long)(world.Chance.Workload.Share() * load.Within.Ticks);
                if (options.Unasked.Contains((at, i + 1))) continue;
                _open++;
                world.Schedule.After(after, null, $"client asks for {key}", () => Ask(place, new(load.Workflow, key, input) { Version = load.Version }, repeats: false));
            }
        }
        world.Schedule.After(Second / 2, null, "operator looks", Look);
    }

    private void Ask(int place, StartRequest request, bool repeats)
    {
        var over = false;
        if (world.Current(place) is { Serves: true } node)
        {
            world.Schedule.After(10 * Second, null, $"client's patience for {request.Key}", Again);
            node.Asked(request.Key, engine => engine.Start(request)).ContinueWith(answer =>
            {
                if (over) return;
                if (answer.IsCompletedSuccessfully && answer.Result is StartAnswer.Accepted accepted)
                {
                    over = true;
                    world.Watch.Started(request, accepted);
                    if (!repeats) _open--;
                    if (!repeats && world.Faults.Strikes(FaultKind.ClientRepeats))
                        world.Schedule.After(world.Chance.Workload.Below(5_000) * TimeSpan.TicksPerMillisecond, null, $"client asks for {request.Key} again", () => Ask(world.Chance.Workload.Below(world.Places), request, repeats: true));
                }
                else if (options.Newer is not null && answer is { IsCompletedSuccessfully: true, Result: StartAnswer.NoWorkflow })
                    world.Schedule.After(Second, null, $"client waits for the version of {request.Key}", Again);
                else if (answer.IsCompletedSuccessfully && answer.Result is StartAnswer.Invalid or StartAnswer.NoWorkflow or StartAnswer.KeyReused or StartAnswer.BusinessKeyTaken)
                    world.Watch.Report(new("starts", $"{request.Key} was answered by {answer.Result}."));
                else world.Schedule.After(Second, null, $"client waits with {request.Key}", Again);
            }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
        else world.Schedule.After(Second, null, $"client waits with {request.Key}", Again);

        void Again()
        {
            if (over) return;
            over = true;
            if (!repeats || !world.Faults.Healed) Ask(place, request, repeats);
        }
    }

    // Running again what diverged would diverge again: after a look at it the operator accepts the code as it is. Now and then the visit is begun anew, whatever the matter is.
    private RetryMode ModeFor(InstanceId id) =>
        world.Chance.Operators.Happens(0.2) ? RetryMode.RestartVisit
        : world.Watch.Instances.TryGetValue(id, out var instance) && instance.Incident?.Failure.Code == Replay.Divergence.Diverged ? RetryMode.Accept : RetryMode.Again;

    // People look at what is durable, and ask at the node that has it.
    private void Look()
    {
        if (world.Stops) return;
        foreach (var (id, record) in world.Database.Tables.Instances)
        {
            if (record.Status is not (Status.Incident or Status.Waiting)) continue;
            if (world.NodeFor(id) is not { } node) continue;
            if (record.Status == Status.Incident)
            {
                if (options.OperatorRetries && world.Chance.Workload.Happens(0.3)) Retry(node, id);
            }
            else if (world.Database.Tables.Map(record.First.Workflow, record.First.WorkflowVersion)?.Find(record.State) is { Kind: StateKind.Gate, Role: { } role } && world.Chance.Workload.Happens(0.3))
                Decide(node, id, record.Visit, Approves(id, record.Visit), Officer with { Roles = [role] });
        }
        world.Schedule.After(Second / 2, null, "operator looks", Look);
    }

    // The incident that is durable, by its number; where the row is ahead of what is durable, the one that is there.
    private void Retry(SimulatedNode node, InstanceId id)
    {
        int? number = world.Watch.Instances.TryGetValue(id, out var instance) ? instance.Incident?.Number : null;
        var falls = ModeFor(id);
        var mode = number is { } of ? options.Undisturbed?.Resolved(world, id, of) ?? falls : falls;
        var answer = node.Asked($"retry of {id}", engine => engine.Retry(id, Officer, number, mode));
        if (number is { } told) world.Watch.Told(answer, CommandsLast.Retry(told), id);
    }

    private bool Approves(InstanceId id, int visit)
    {
        var falls = world.Chance.Workload.Happens(0.7);
        return options.Undisturbed?.Decided(world, id, visit) ?? falls;
    }

    private void Decide(SimulatedNode node, InstanceId id, int visit, bool approved, Caller by) =>
        world.Watch.Told(node.Asked($"decision on {id}", engine => engine.Decide(id, visit, approved, by, "as the dice fell")), CommandsLast.Decision(visit, approved), id);
}
