using System.Text;
using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Exploring;

/// <summary>The crash of a node at a durable point.</summary>
internal sealed record CrashPoint(int Number, bool Before);

/// <summary>What came of each instance of a run, by its key, so that two runs can be held against each other: its end, its data, and what stands or was undone outside.</summary>
internal sealed class Outcomes
{
    private readonly SortedDictionary<string, (string End, string Decisions)> _instances = new(StringComparer.Ordinal);

    public Outcomes(World world)
    {
        var effects = world.Ledger.Entries.ToLookup(e => e.Instance);
        foreach (var (id, record) in world.Database.Tables.Instances)
        {
            var instance = world.Watch.Instances[id];
            // Each token once: an effect that came twice stands here twice. The instance's own id is not the same in every run.
            var outside = effects[id].Select(e => $"{(e.IsUndo ? "undone" : "done")} {e.Operation}{e.Token[13..]}").Order(StringComparer.Ordinal);
            var decisions = record.Log.SelectMany(r => EventCodec.Read(r.Body)).OfType<GateDecided>().Select(d => d.Approved);
            _instances[record.Start.RequestKey] = ($"{instance.State} ({instance.Status}) {Encoding.UTF8.GetString(instance.Data.Body.Span)}; {string.Join(", ", outside)}", string.Join(',', decisions));
        }
    }

    /// <summary>What is otherwise. Instances at whose gates people decided otherwise cannot be compared.</summary>
    public IEnumerable<string> Against(Outcomes calm)
    {
        foreach (var (key, (end, decisions)) in calm._instances)
            if (!_instances.TryGetValue(key, out var other)) yield return $"{key} is not there.";
            else if (other.Decisions == decisions && other.End != end) yield return $"{key} came to {other.End} instead of {end}.";
    }
}
