using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>A step is tried as often as its policy says, and more often only where a person asks for it; what has succeeded is not asked for again in its visit.</summary>
internal sealed class RetriesEnd(World world) : Oracle(world)
{
    private readonly Dictionary<InstanceId, HashSet<string>> _succeeded = [];

    public override string Name => "retries";

    public override void Durable(Recorded recorded)
    {
        for (var i = 0; i < recorded.Instants.Length; i++)
        {
            var instance = recorded.Instants[i];
            switch (recorded.Record.Events[i])
            {
                case StepRetryScheduled again when instance?.Open(again.Ordinal) is { Kind: EntryKind.Step } entry && AttemptsOf(entry.Target) is { } attempts && again.Attempt - entry.Spent >= attempts:
                    Fail($"'{entry.Name}' of {instance.Id} was tried {again.Attempt - entry.Spent} times of {attempts}, and is to be tried again.");
                    break;
                case StepSucceeded done when instance?.Open(done.Ordinal) is { } entry:
                    if (!_succeeded.TryGetValue(instance.Id, out var names)) _succeeded[instance.Id] = names = new(StringComparer.Ordinal);
                    names.Add(entry.Name);
                    break;
                case StepIntended intended when _succeeded.GetValueOrDefault(recorded.After.Id)?.Contains(intended.Name) == true:
                    Fail($"'{intended.Name}' of {recorded.After.Id} has succeeded in this visit, and is asked for again.");
                    break;
                case Transitioned or IncidentResolved { Mode: RetryMode.RestartVisit }:
                    _succeeded.Remove(recorded.After.Id);
                    break;
            }
        }
    }

    private int? AttemptsOf(string operation)
    {
        foreach (var node in World.Nodes)
            if (node.Node.Registry.Step(operation) is { } step) return step.Handle.Retry.Attempts;
        return null;
    }
}
