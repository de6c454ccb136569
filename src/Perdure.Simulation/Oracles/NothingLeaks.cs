using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>Once all is quiet nothing is left over: no running attempt, no request under way, no message between instances.</summary>
internal sealed class NothingLeaks(World world) : Oracle(world)
{
    public override string Name => "leaks";

    public override void End()
    {
        if (!World.Watch.IsQuiet) return;
        if (World.Database.Tables.Outbox.Any()) Fail("A message between instances is still on its way.");
        if (World.Database.Tables.TimersBehind(null).FirstOrDefault() is { } timer) Fail($"The timer {timer} is left behind.");
        foreach (var node in World.Nodes)
        {
            // One that lost its lane without having noticed yet may still be at what its owner has finished meanwhile.
            if (!node.Serves || !node.Node.Lanes.Any(lane => node.Store.Owns(lane.Lease))) continue;
            if (node.Link.IsStuck) Fail($"{node} has a request to the database under way that nobody waits for any more.");
            foreach (var lane in node.Node.Lanes)
            {
                if (!node.Store.Owns(lane.Lease)) continue;
                if (lane.RunningAttempts > 0) Fail($"{node} has {lane.RunningAttempts} attempts running, and every instance has ended.");
                if (lane.InFlight > 0) Fail($"{node} counts {lane.InFlight} instances in flight, and every one has ended.");
                if (lane.HotCount > 0) Fail($"{node} keeps in memory, where every instance has ended: {string.Join("; ", lane.Kept())}.");
            }
        }
    }
}
