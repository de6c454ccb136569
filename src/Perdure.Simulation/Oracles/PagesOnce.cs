using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>One page record for each breach and each incident, with it and not before it.</summary>
internal sealed class PagesOnce(World world) : Oracle(world)
{
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);

    public override string Name => "pages";

    public override void Durable(Recorded recorded)
    {
        HashSet<string>? due = null;
        foreach (var @event in recorded.Record.Events)
        {
            var key = @event switch
            {
                DeadlineBreached e => $"{recorded.After.Id}/{e.Visit}/deadline",
                IncidentRaised e => $"{recorded.After.Id}/incident/{e.Number}",
                _ => null,
            };
            if (key is null) continue;
            (due ??= new(StringComparer.Ordinal)).Add(key);
            if (!_keys.Add(key)) Fail($"{key} happened twice.");
        }
        if (due is null && recorded.Item.Pages.Count == 0) return;
        due ??= [];
        var raised = recorded.Item.Pages.Select(p => p.Key).ToHashSet(StringComparer.Ordinal);
        if (!raised.SetEquals(due)) Fail($"Record {recorded.After.Version} of {recorded.After.Id} raises the pages {string.Join(", ", raised)} and should raise {string.Join(", ", due)}.");
    }

    public override void End()
    {
        var kept = World.Database.Tables.Pages.Select(p => p.Page.Key).ToHashSet(StringComparer.Ordinal);
        if (World.Database.Tables.Pages.Count != kept.Count) Fail("A page was kept twice.");
        foreach (var key in _keys)
            if (!kept.Contains(key)) Fail($"The page {key} was not kept.");
    }
}
