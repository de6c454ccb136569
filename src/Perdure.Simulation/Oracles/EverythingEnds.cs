using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>Once faults have stopped, every instance has ended, waits for something that it names, or is an incident that somebody was paged for.</summary>
internal sealed class EverythingEnds(World world) : Oracle(world)
{
    public override string Name => "liveness";

    public override void End()
    {
        if (!World.Clients.Done) Fail("A client is still not answered.");
        foreach (var (id, record) in World.Database.Tables.Instances)
        {
            var instance = World.Watch.Instances[id];
            if (instance.Ended) continue;
            if (instance.Incident is { } incident)
            {
                var key = $"{id}/incident/{incident.Number}";
                if (World.Database.Tables.Pages.All(p => p.Page.Key != key)) Fail($"{id} needs an operator ({incident.Failure.Code}), and nobody was paged.");
            }
            else if (instance.Status != Status.Waiting && instance.Status != Status.Paused) Fail($"{id} in {record.State} is {instance.Status} and does not get on: {InstanceText.Of(instance)}");
            else if (!instance.Halted && instance.Outstanding.Select(o => instance.Journal[o.Value]).FirstOrDefault(e => e.Due < World.Now) is { } late) Fail($"{id} in {record.State} waits with '{late.Name}' for {late.Due:O}, which has passed.");
            else if (record.Timers.Any(t => t.Value < World.Now)) Fail($"{id} in {record.State} waits for a moment that has passed: {string.Join(", ", record.Timers)}");
        }
    }
}
