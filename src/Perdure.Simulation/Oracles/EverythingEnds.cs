using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>
/// Once faults have stopped, every instance has ended, waits for something that it names and that is not there, or is an incident that somebody was paged for; and what is on its way arrives, pages too.
/// </summary>
internal sealed class EverythingEnds(World world) : Oracle(world)
{
    // Longer than any message is on its way where nothing goes wrong.
    private static readonly TimeSpan OnItsWay = TimeSpan.FromMinutes(1);

    private readonly Dictionary<(InstanceId To, string Message), DateTimeOffset> _letters = [];
    private readonly Dictionary<(InstanceId Parent, int Ordinal), InstanceId> _children = [];

    private readonly HashSet<string> _paged = new(StringComparer.Ordinal);

    public override string Name => "liveness";

    public override void Durable(Recorded recorded)
    {
        if (recorded is { Before: null, After: { Parent: { } parent } child }) _children[(parent.Id, parent.Ordinal)] = child.Id;
        foreach (var letter in recorded.Item.Outbox) _letters.TryAdd((letter.To, letter.MessageId), World.Now);
    }

    public override void Paged(StoredPage page) => _paged.Add(page.Page.Key);

    public override void End()
    {
        if (World.Paging is not null)
            foreach (var page in World.Database.Tables.Pages)
            {
                if (!World.Watch.IsQuiet && page.RaisedAt > World.Now - OnItsWay) continue;
                if (!_paged.Contains(page.Page.Key)) Fail($"{page.Page.Key} was raised, and reached nobody in {page.Tries} tries.");
                else if (page.DeliveredAt is null) Fail($"{page.Page.Key} was delivered, and is owed for ever.");
            }
        if (!World.Clients.Done) Fail("A client is still not answered.");
        foreach (var letter in World.Database.Tables.Outbox)
            if (_letters.TryGetValue((letter.To, letter.MessageId), out var since) && since < World.Now - OnItsWay) Fail($"'{letter.MessageId}' to {letter.To} is on its way since {since:O}, and nothing keeps it.");
        foreach (var (id, record) in World.Database.Tables.Instances)
        {
            var instance = World.Watch.Instances[id];
            if (instance.Ended) continue;
            Misses(instance);
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

    // A child that has ended is awaited in vain, and so is one that is not there and that nobody is about to start.
    private void Misses(Instance instance)
    {
        foreach (var (ordinal, name) in instance.Outstanding)
        {
            if (instance.Journal[name] is not { Kind: EntryKind.Child } entry) continue;
            if (!_children.TryGetValue((instance.Id, ordinal), out var child))
            {
                if (!instance.Halted && entry.FirstAt < World.Now - OnItsWay) Fail($"{instance.Id} in {instance.State} awaits the child '{name}', which was never started.");
            }
            else if (World.Watch.Instances[child].EndedAt < World.Now - OnItsWay) Fail($"{instance.Id} in {instance.State} awaits the child '{name}', {child}, which has ended.");
        }
    }
}
