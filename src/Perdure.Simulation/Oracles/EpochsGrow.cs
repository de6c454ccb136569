using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>Each owner of a lane has a higher epoch than the one before, what a late owner writes is refused, and one that was refused writes no more.</summary>
internal sealed class EpochsGrow(World world) : Oracle(world)
{
    private readonly Dictionary<int, long> _epochs = [];

    public override string Name => "epochs";

    public override void Opened(int lane, long epoch)
    {
        var highest = _epochs.GetValueOrDefault(lane);
        if (epoch <= highest) Fail($"Lane {lane} was taken under epoch {epoch}, and has had epoch {highest}.");
        _epochs[lane] = Math.Max(highest, epoch);
    }

    public override void Durable(Recorded recorded)
    {
        var lane = World.LaneNumber(recorded.Record.Instance);
        var highest = _epochs.GetValueOrDefault(lane);
        if (recorded.Epoch < highest) Fail($"A batch of epoch {recorded.Epoch} was written in lane {lane}, which was taken under epoch {highest}.");
    }

    public override void WentOn(int lane, long epoch) => Fail($"The owner of lane {lane} under epoch {epoch} was told that another owns it, and writes.");
}
