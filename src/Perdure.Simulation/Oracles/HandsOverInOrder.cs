using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>A lane that is let go of in order is done with: no batch of it is under way, and none is given any more.</summary>
internal sealed class HandsOverInOrder(World world) : Oracle(world)
{
    private readonly HashSet<(int Lane, long Epoch)> _released = [];

    public override string Name => "hand-over";

    public override void Released(int number, int lane, long epoch)
    {
        _released.Add((lane, epoch));
        foreach (var node in World.Nodes)
            if (!node.Gone && node.Store.Keeper?.Number == number && node.Store.IsUnderWay(lane, epoch))
                Fail($"{node} let go of lane {lane} under epoch {epoch} in order, and a batch of it is under way.");
    }

    public override void Given(int lane, long epoch)
    {
        if (_released.Contains((lane, epoch))) Fail($"A batch is given in lane {lane} under epoch {epoch}, which was let go of in order.");
    }
}
