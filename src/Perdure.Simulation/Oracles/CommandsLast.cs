using System.Globalization;
using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>What a person was told has been done is in the log by then: a pause, a resume, a cancelling, a decision at a gate, an incident that is over.</summary>
internal sealed class CommandsLast(World world) : Oracle(world)
{
    private readonly HashSet<(InstanceId, string)> _done = [];

    public override string Name => "commands";

    public override void Durable(Recorded recorded)
    {
        for (var i = 0; i < recorded.Instants.Length; i++)
            if (Told(recorded.Record.Events[i], recorded.Instants[i]) is { } what) _done.Add((recorded.After.Id, what));
    }

    private static string? Told(Event @event, Instance? before) => @event switch
    {
        Paused => "pause",
        Resumed => "resume",
        CancelRequested => "cancel",
        GateDecided e => Decision(before!.Visit, e.Approved),
        IncidentResolved e => Retry(e.Number),
        _ => null,
    };

    /// <summary>What somebody who decides at a gate is told.</summary>
    public static string Decision(int visit, bool approved) => string.Create(CultureInfo.InvariantCulture, $"{(approved ? "approval" : "rejection")} in visit {visit}");

    /// <summary>What an operator is told who goes on after an incident.</summary>
    public static string Retry(int incident) => string.Create(CultureInfo.InvariantCulture, $"retry after incident {incident}");

    public override void Commanded(string what, InstanceId id)
    {
        if (!_done.Contains((id, what))) Fail($"{what} of {id} was acknowledged, and is not in its log.");
    }
}
