using Perdure.Simulation.Chance;
using Perdure.Simulation.Refining;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>
/// The faulted run refines a fault-free one: some of the instances that have ended are run again, each alone in a world without faults in which operations, senders and people answer as they did, and
/// have to take the same course: the same states and data, the same steps asked for with the same input, and the same effects and undos outside.
/// </summary>
internal sealed class RefinesCalm(World world) : Oracle(world)
{
    /// <summary>No instance has an id from then: a world lasts a day or so.</summary>
    public static readonly DateTimeOffset Later = World.Begins.AddYears(10);

    public override string Name => "refinement";

    public override void End()
    {
        if (World.Options is not { Refined: > 0 and var some, Untimed: { } carriage }) return;
        var ended = World.Watch.Instances.Values.Where(i => i is { Ended: true, Parent: null } && !World.Options.NotRefined.Contains(i.Workflow)).Select(i => i.Id).Order().ToList();
        var chance = new Pcg32(World.Seed, 9);
        for (var number = 0; number < some && ended.Count > 0; number++)
        {
            var at = chance.Below(ended.Count);
            var run = new CalmRun(World, ended[at], carriage, Later.AddHours(number));
            ended.RemoveAt(at);
            run.Run();
            if (run.Difference is { } difference) Fail(difference);
            World.Watch.Refined(run.Incomparable);
        }
    }
}
