using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>Where nodes share lanes, one that is sure of a lane, and so starts effects in it, is the only one: when a lane has been taken, nobody is sure of it under an older epoch.</summary>
internal sealed class OneIsSure(World world) : Oracle(world)
{
    public override string Name => "sure";

    public override void Opened(int lane, long epoch)
    {
        if (World.Options.SharedLanes == 0) return;
        foreach (var node in World.Nodes)
            if (!node.Gone && node.Store.Keeper is { } keeper && keeper.EpochOf(lane) is var had and > 0 && had < epoch && keeper.Holds(lane))
                Fail($"{node} is sure of lane {lane} under epoch {had}, and it was taken under epoch {epoch}.");
    }
}
