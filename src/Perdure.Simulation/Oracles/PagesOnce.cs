using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>One page record for each breach and each incident, with it and not before it; and whatever is delivered of it comes under its key, once it is durable.</summary>
internal sealed class PagesOnce(World world) : Oracle(world)
{
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);

    // By what those who are called can tell them apart by, whatever the key says.
    private readonly Dictionary<(InstanceId Instance, DateTimeOffset At, string Code, string Summary), List<string>> _raised = [];

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
        foreach (var page in recorded.Item.Pages)
        {
            var breach = (recorded.After.Id, recorded.Item.At, page.Code, page.Summary);
            (_raised.TryGetValue(breach, out var keys) ? keys : _raised[breach] = []).Add(page.Key);
        }
        if (!raised.SetEquals(due)) Fail($"Record {recorded.After.Version} of {recorded.After.Id} raises the pages {string.Join(", ", raised)} and should raise {string.Join(", ", due)}.");
    }

    public override void Paged(StoredPage page)
    {
        if (!_raised.TryGetValue((page.Instance, page.RaisedAt, page.Page.Code, page.Page.Summary), out var keys)) Fail($"{page.Page.Key} of {page.Instance} was delivered, and is not durable.");
        else if (!keys.Contains(page.Page.Key)) Fail($"What was raised as {string.Join(", ", keys)} was delivered as {page.Page.Key}.");
    }

    public override void End()
    {
        var kept = World.Database.Tables.Pages.Select(p => p.Page.Key).ToHashSet(StringComparer.Ordinal);
        if (World.Database.Tables.Pages.Count != kept.Count) Fail("A page was kept twice.");
        foreach (var key in _keys)
            if (!kept.Contains(key)) Fail($"The page {key} was not kept.");
    }
}
