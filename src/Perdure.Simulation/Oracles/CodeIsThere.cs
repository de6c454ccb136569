using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>An instance goes on only where the code of its version is; elsewhere it waits as it stands.</summary>
internal sealed class CodeIsThere(World world) : Oracle(world)
{
    public override string Name => "versions";

    public override void Durable(Recorded recorded)
    {
        if (World.Options.Newer is null) return;
        var lane = World.LaneNumber(recorded.Record.Instance);
        var writer = World.Nodes.LastOrDefault(n => n.Store.Wrote(lane, recorded.Epoch));
        var (workflow, version) = (recorded.After.Workflow, recorded.After.WorkflowVersion);
        if (writer is not null && writer.Node.Registry.Find(workflow, version) is null)
            Fail($"{writer} wrote record {recorded.Record.Version} of {recorded.After.Id}, and has no code for '{workflow}' version {version}.");
    }
}
