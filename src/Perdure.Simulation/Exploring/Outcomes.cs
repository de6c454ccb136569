using System.Text;
using Perdure.Kernel;
using Perdure.Simulation.Refining;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Exploring;

/// <summary>The crash of a node at a durable point.</summary>
internal sealed record CrashPoint(int Number, bool Before);

/// <summary>What came of each instance of a run, by what it is in every run, so that two runs can be held against each other: its end, its data, and what stands or was undone outside.</summary>
internal sealed class Outcomes
{
    private sealed record Fate(InstanceId Id, string? Parent, string End, IReadOnlyList<(string Step, string What)> Effects, Progress Progress, IReadOnlyList<Stimulus> Stimuli);

    // An instance's id is so long, and a token begins with it.
    private const int IdLength = 13;

    private readonly SortedDictionary<string, Fate> _instances = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Key, int Visit), bool> _decisions = [];
    private readonly Dictionary<(string Key, int Incident), RetryMode> _resolved = [];

    public Outcomes(World world)
    {
        foreach (var (id, stored) in world.Database.Tables.Instances)
        {
            var (key, instance) = (KeyOf(world, id), world.Watch.Instances[id]);
            var progress = new Progress();
            List<Stimulus> stimuli = [];
            var visit = 1;
            foreach (var record in stored.Log.Select(r => new Record(id, r.Version, r.At, EventCodec.Read(r.Body))))
            {
                stimuli.AddRange(progress.Take(record));
                foreach (var @event in record.Events)
                    if (@event is Transitioned moved) visit = moved.Visit;
                    else if (@event is GateDecided decided) _decisions[(key, visit)] = decided.Approved;
                    else if (@event is IncidentResolved resolved) _resolved[(key, resolved.Number)] = resolved.Mode;
            }
            // Each token once: an effect that came twice stands here twice. The instance's own id is not the same in every run.
            var outside = world.Ledger.Of(id).Select(e => (e.Step[IdLength..], $"{(e.IsUndo ? "undone" : "done")} {e.Operation}{e.Token[IdLength..]}")).OrderBy(e => e.Item2, StringComparer.Ordinal).ToList();
            _instances[key] = new(id, ParentOf(world, id) is { } parent ? KeyOf(world, parent) : null, $"{instance.State} ({instance.Status}) {Encoding.UTF8.GetString(instance.Data.Body.Span)}", outside, progress, stimuli);
        }
    }

    /// <summary>How people decided at a gate; null where they did not.</summary>
    public bool? Decided(World world, InstanceId instance, int visit) => _decisions.TryGetValue((KeyOf(world, instance), visit), out var approved) ? approved : null;

    /// <summary>How an operator went on after an incident; null where none did.</summary>
    public RetryMode? Resolved(World world, InstanceId instance, int incident) => _resolved.TryGetValue((KeyOf(world, instance), incident), out var mode) ? mode : null;

    /// <summary>What senders and people brought about at an instance, in order.</summary>
    public IReadOnlyList<Stimulus> StimuliOf(World world, InstanceId instance) => _instances.TryGetValue(KeyOf(world, instance), out var fate) ? fate.Stimuli : [];

    /// <summary>Holds a run with a crash against this one.</summary>
    /// <param name="crashed">What came of each instance there.</param>
    /// <param name="alone">Runs an instance of there again alone, without a crash: how its course differs, or why it cannot be compared.</param>
    public Comparison With(Outcomes crashed, Func<InstanceId, (string? Difference, string? Incomparable)> alone)
    {
        List<string> differences = [];
        var (notCompared, inAnotherOrder) = (0, 0);
        Dictionary<string, string> raced = new(StringComparer.Ordinal);
        foreach (var key in _instances.Keys.Union(crashed._instances.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var (calm, other) = (_instances.GetValueOrDefault(key), crashed._instances.GetValueOrDefault(key));
            if (calm is not null && other is not null && !SameDecisions(crashed, key)) notCompared++;
            else if (Difference(key, calm, other) is { } difference)
            {
                if (IsOfARace(crashed, key)) raced.TryAdd(RootOf(key), difference);
                else differences.Add(difference);
            }
        }
        foreach (var (root, difference) in raced)
        {
            var (wrong, incomparable) = alone(crashed._instances[root].Id);
            if (wrong is not null) differences.Add($"{difference} What came from outside came in another order, but {wrong}");
            else if (incomparable is not null) notCompared++;
            else inAnotherOrder++;
        }
        return new(differences, notCompared, inAnotherOrder);
    }

    private static string? Difference(string key, Fate? calm, Fate? crashed)
    {
        if (crashed is null) return $"{key} is not there.";
        if (calm is null) return $"{key} is there, and without a crash it is not.";
        var maybe = calm.Progress.GivenUp.Union(crashed.Progress.GivenUp).Select(step => StepOf(calm.Id, step.Visit, step.Name)).ToHashSet(StringComparer.Ordinal);
        var (expected, found) = (End(calm), End(crashed));
        return expected == found ? null : $"{key} came to {found} instead of {expected}.";

        string End(Fate fate) => $"{fate.End}; {string.Join(", ", fate.Effects.Where(e => !maybe.Contains(e.Step)).Select(e => e.What))}";
    }

    // Whether it went its own way where a message or a person, and something else that nobody can foresee, came in another order than here; or its parent or child did.
    private bool IsOfARace(Outcomes crashed, string key)
    {
        if (!_instances.TryGetValue(key, out var calm) || !crashed._instances.TryGetValue(key, out var other))
            return (calm ?? crashed._instances[key]).Parent is { } parent && IsOfARace(crashed, parent);
        if (!IsReached(key) && !crashed.IsReached(key)) return false;
        for (var at = 0; at < Math.Min(calm.Progress.Points.Count, other.Progress.Points.Count); at++)
        {
            var (point, found) = (calm.Progress.Points[at], other.Progress.Points[at]);
            if (!point.IsSame(found)) return point.Cause != Refining.Cause.Follows && found.Cause != Refining.Cause.Follows;
            if (Plain(calm.Id, point) == Plain(other.Id, found)) continue;
            return point.Event is ChildEnded && _instances.Any(i => i.Value.Parent == key && crashed._instances.ContainsKey(i.Key) && IsOfARace(crashed, i.Key));
        }
        return false;

        static string Plain(InstanceId id, Point point) => CalmRun.WithoutMoments(point.Text.Replace($"{id}", "<id>", StringComparison.Ordinal));
    }

    // Whether anybody brought about anything at it, or at its parents and children.
    private bool IsReached(string key) => _instances.Any(i => i.Value.Stimuli.Count > 0 && RootOf(i.Key) == RootOf(key));

    private bool SameDecisions(Outcomes other, string key) => other._decisions.All(d => d.Key.Key != key || !_decisions.TryGetValue(d.Key, out var approved) || approved == d.Value);

    private static string StepOf(InstanceId id, int visit, string name) => Token.For(id, visit, name, 1) is var token ? token[IdLength..token.LastIndexOf('.')] : "";

    private static InstanceId? ParentOf(World world, InstanceId id) => world.Database.Tables.Find(id)!.Start.Parent is { } parent && world.Database.Tables.Find(parent.Id) is not null ? parent.Id : null;

    // A child's key begins with the key of its parent, of which the id is another where it was started again.
    private static string KeyOf(World world, InstanceId id)
    {
        var key = world.Database.Tables.Find(id)!.Start.RequestKey;
        return ParentOf(world, id) is { } parent ? $"{KeyOf(world, parent)}{Below}{key.Replace($":{parent}", "", StringComparison.Ordinal)}" : key;
    }

    private const char Below = ' ';

    private static string RootOf(string key) => key.Split(Below)[0];
}

/// <summary>A run with a crash, held against the one without.</summary>
/// <param name="Differences">What is otherwise.</param>
/// <param name="NotCompared">How many instances could not be compared.</param>
/// <param name="InAnotherOrder">How many took another way, which is theirs in the order in which things came to them.</param>
internal sealed record Comparison(IReadOnlyList<string> Differences, int NotCompared, int InAnotherOrder);
