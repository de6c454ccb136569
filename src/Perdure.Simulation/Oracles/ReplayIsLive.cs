using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>Live state is the replay of the log: the row that was written, and what an owner has in memory, are what an independent replay gives.</summary>
internal sealed class ReplayIsLive(World world) : Oracle(world)
{
    private readonly Dictionary<InstanceId, long> _compared = [];

    public override string Name => "replay";

    public override void Durable(Recorded recorded)
    {
        var after = recorded.After;
        if (recorded.Item.StatusAfter != after.Status) Fail($"The row of {after.Id} says {recorded.Item.StatusAfter} at record {after.Version}, its replay {after.Status}.");
        if (recorded.Item.Transitions.Count != recorded.Record.Events.Count(e => e is Transitioned)) Fail($"Record {after.Version} of {after.Id} has other transitions in its rows than in its events.");
        // Rows that are newer than what has just become durable are looked at then.
        if (!after.Ended && World.Database.Tables.Find(after.Id) is { } rows && rows.Log.Count == after.Version && rows.Stack.Count + after.Stack.Count > 0 && !rows.Stack.Keys.SequenceEqual(after.Stack.Select(s => s.Key)))
            Fail($"The rows of {after.Id} at record {after.Version} have on the stack {string.Join(", ", rows.Stack.Keys)}, its log {string.Join(", ", after.Stack.Select(s => s.Key))}.");
    }

    public override void Look()
    {
        for (var place = 0; place < World.Places; place++)
        {
            if (World.Current(place) is not { Serves: true } node) continue;
            foreach (var lane in node.Node.Lanes)
                foreach (var live in lane.Durable())
                {
                    if (_compared.GetValueOrDefault(live.Id) == live.Version) continue;
                    _compared[live.Id] = live.Version;
                    if (!World.Watch.Instances.TryGetValue(live.Id, out var replayed)) Fail($"{live.Id} is in memory at record {live.Version}, and not durable.");
                    else if (replayed.Version == live.Version && !InstanceEquality.Same(replayed, live))
                        Fail($"{live.Id} at record {live.Version} is in memory\n  {InstanceText.Of(live)}\nand by its log\n  {InstanceText.Of(replayed)}");
                }
        }
    }
}
