using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>Only transitions that the version's map declares, from the state that the instance is in; versions and visits without a gap; nothing after the end but what ends.</summary>
internal sealed class TransitionsDeclared(World world) : Oracle(world)
{
    private readonly Dictionary<InstanceId, (string State, int Visit, long Version, bool Ended)> _known = [];

    public override string Name => "transitions";

    public override void Durable(Recorded recorded)
    {
        var id = recorded.Record.Instance;
        var (state, visit, version, ended) = _known.GetValueOrDefault(id);
        if (recorded.Record.Version != version + 1) Fail($"Record {recorded.Record.Version} of {id} follows record {version}.");
        foreach (var @event in recorded.Record.Events)
        {
            switch (@event)
            {
                case Started started:
                    if (version != 0) Fail($"{id} started twice.");
                    (state, visit) = (started.State, 1);
                    break;
                case Transitioned moved:
                    if (ended) Fail($"{id} moved from {moved.From} to {moved.To} after its end.");
                    var map = World.Database.Tables.Map(recorded.After.Workflow, recorded.After.WorkflowVersion);
                    if (map is null || !map.Declares(moved.From, moved.To)) Fail($"{id} moved from {moved.From} to {moved.To}, which its map does not declare.");
                    if (moved.From != state) Fail($"{id} left {moved.From}, and was in {state}.");
                    if (moved.Visit != visit + 1) Fail($"{id} began visit {moved.Visit} after visit {visit}.");
                    (state, visit, ended) = (moved.To, moved.Visit, moved.IsEnd);
                    break;
            }
        }
        if (recorded.Item.StateAfter != state) Fail($"The row of {id} says {recorded.Item.StateAfter}, its log {state}.");
        _known[id] = (state, visit, recorded.Record.Version, ended);
    }
}
