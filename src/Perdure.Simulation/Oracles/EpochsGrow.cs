using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>Accepted epochs of a lane never decrease: what a late owner writes is refused.</summary>
internal sealed class EpochsGrow(World world) : Oracle(world)
{
    private readonly Dictionary<int, long> _epochs = [];

    public override string Name => "epochs";

    public override void Durable(Recorded recorded)
    {
        var lane = World.PlaceOf(recorded.Record.Instance);
        var highest = _epochs.GetValueOrDefault(lane);
        if (recorded.Epoch < highest) Fail($"A batch of epoch {recorded.Epoch} was written in lane {lane} after one of epoch {highest}.");
        _epochs[lane] = Math.Max(highest, recorded.Epoch);
    }
}
