using Perdure.Kernel;
using Perdure.Runtime;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>Live state is the replay of the log: the row that was written, and what an owner has in memory, are what an independent replay gives.</summary>
internal sealed class ReplayIsLive(World world) : Oracle(world)
{
    private readonly Dictionary<InstanceId, long> _compared = [];
    private readonly Dictionary<Lane, long> _seen = [];

    public override string Name => "replay";

    public override void Durable(Recorded recorded)
    {
        var after = recorded.After;
        if (recorded.Item.StatusAfter != after.Status) Fail($"The row of {after.Id} says {recorded.Item.StatusAfter} at record {after.Version}, its replay {after.Status}.");
        var transitions = 0;
        foreach (var @event in recorded.Record.Events)
            if (@event is Transitioned) transitions++;
        if (recorded.Item.Transitions.Count != transitions) Fail($"Record {after.Version} of {after.Id} has other transitions in its rows than in its events.");
        // Rows that are newer than what has just become durable are looked at then.
        if (!after.Ended && World.Database.Tables.Find(after.Id) is { } rows && rows.Log.Count == after.Version && rows.Stack.Count + after.Stack.Count > 0 && !rows.Stack.Keys.SequenceEqual(after.Stack.Select(s => s.Key)))
            Fail($"The rows of {after.Id} at record {after.Version} have on the stack {string.Join(", ", rows.Stack.Keys)}, its log {string.Join(", ", after.Stack.Select(s => s.Key))}.");
    }

    public override void Look()
    {
        for (var place = 0; place < World.Places; place++)
        {
            if (World.Current(place) is not { Serves: true } node) continue;
            var lanes = node.Node.Lanes;
            for (var i = 0; i < lanes.Count; i++)
            {
                // What a lane has in memory changes only while it is pumped: what was compared since is as it was. What is ahead of the log is looked at again.
                var lane = lanes[i];
                if (_seen.GetValueOrDefault(lane) == lane.Pumped) continue;
                var isAhead = false;
                foreach (var hot in lane.InMemory)
                {
                    if (hot is not { Uncommitted: 0, Loading: false, Halted: false, Instance: { } live }) continue;
                    if (_compared.GetValueOrDefault(live.Id) == live.Version) continue;
                    _compared[live.Id] = live.Version;
                    if (!World.Watch.Instances.TryGetValue(live.Id, out var replayed)) Fail($"{live.Id} is in memory at record {live.Version}, and not durable.");
                    else if (replayed.Version < live.Version) isAhead = true;
                    else if (replayed.Version == live.Version && !InstanceEquality.Same(replayed, live))
                        Fail($"{live.Id} at record {live.Version} is in memory\n  {InstanceText.Of(live)}\nand by its log\n  {InstanceText.Of(replayed)}");
                }
                if (!isAhead) _seen[lane] = lane.Pumped;
            }
        }
    }
}
