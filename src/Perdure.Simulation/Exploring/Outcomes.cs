using System.Text;
using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Exploring;

/// <summary>The crash of a node at a durable point.</summary>
internal sealed record CrashPoint(int Number, bool Before);

/// <summary>What came of each instance of a run, by what it is in every run, so that two runs can be held against each other: its end, its data, and what stands or was undone outside.</summary>
internal sealed class Outcomes
{
    private readonly SortedDictionary<string, string> _instances = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Key, int Visit), bool> _decisions = [];

    public Outcomes(World world)
    {
        var effects = world.Ledger.Entries.ToLookup(e => e.Instance);
        foreach (var (id, record) in world.Database.Tables.Instances)
        {
            var (key, instance) = (KeyOf(world, id), world.Watch.Instances[id]);
            // Each token once: an effect that came twice stands here twice. The instance's own id is not the same in every run.
            var outside = effects[id].Select(e => $"{(e.IsUndo ? "undone" : "done")} {e.Operation}{e.Token[13..]}").Order(StringComparer.Ordinal);
            _instances[key] = $"{instance.State} ({instance.Status}) {Encoding.UTF8.GetString(instance.Data.Body.Span)}; {string.Join(", ", outside)}";
            var visit = 1;
            foreach (var @event in record.Log.SelectMany(r => EventCodec.Read(r.Body)))
                if (@event is Transitioned moved) visit = moved.Visit;
                else if (@event is GateDecided decided) _decisions[(key, visit)] = decided.Approved;
        }
    }

    /// <summary>How people decided at a gate; null where they did not.</summary>
    public bool? Decided(World world, InstanceId instance, int visit) => _decisions.TryGetValue((KeyOf(world, instance), visit), out var approved) ? approved : null;

    /// <summary>How many instances are there in both runs, and people decided at a gate otherwise: they cannot be compared.</summary>
    public int NotComparedWith(Outcomes calm) => _instances.Keys.Count(key => calm._instances.ContainsKey(key) && !IsComparable(calm, key));

    /// <summary>What is otherwise.</summary>
    public IEnumerable<string> Against(Outcomes calm)
    {
        foreach (var (key, end) in calm._instances)
            if (!_instances.TryGetValue(key, out var other)) yield return $"{key} is not there.";
            else if (other != end && IsComparable(calm, key)) yield return $"{key} came to {other} instead of {end}.";
        foreach (var key in _instances.Keys)
            if (!calm._instances.ContainsKey(key)) yield return $"{key} is there, and without a crash it is not.";
    }

    private bool IsComparable(Outcomes calm, string key) => _decisions.All(d => d.Key.Key != key || !calm._decisions.TryGetValue(d.Key, out var approved) || approved == d.Value);

    // A child's key begins with the id of its parent, which is another where the parent was started again.
    private static string KeyOf(World world, InstanceId id)
    {
        var start = world.Database.Tables.Find(id)!.Start;
        return start.Parent is { } parent && world.Database.Tables.Find(parent.Id) is not null ? $"{KeyOf(world, parent.Id)} {start.RequestKey.Replace($":{parent.Id}", "", StringComparison.Ordinal)}" : start.RequestKey;
    }
}
