using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>What a person was told has been done is in the log by then: a pause, a resume, a cancelling.</summary>
internal sealed class CommandsLast(World world) : Oracle(world)
{
    private readonly HashSet<(InstanceId, string)> _done = [];

    public override string Name => "commands";

    public override void Durable(Recorded recorded)
    {
        foreach (var @event in recorded.Record.Events)
            if (@event switch { Paused => "pause", Resumed => "resume", CancelRequested => "cancel", _ => null } is { } what) _done.Add((recorded.After.Id, what));
    }

    public override void Commanded(string what, InstanceId id)
    {
        if (!_done.Contains((id, what))) Fail($"{what} of {id} was acknowledged, and is not in its log.");
    }
}
