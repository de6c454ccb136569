using System.Collections.Immutable;
using Perdure.Kernel;

namespace Perdure;

/// <summary>What is wrong with a map. Every rule looks at the whole map, so that all problems are listed at once.</summary>
internal static class MapCheck
{
    public static IReadOnlyList<MapProblem> Problems(ImmutableArray<MapState> states)
    {
        List<MapProblem> problems = [];
        var byType = states.GroupBy(s => s.Type).ToDictionary(g => g.Key, g => g.First());
        MapState? Target(Type type) => byType.GetValueOrDefault(type);

        var starts = states.Where(s => s.Kind == StateKind.Start).ToList();
        if (starts.Count == 0) problems.Add(new("map.no-start", "", "The map has no start.", "Begin it with .Start(…).Runs(…)."));
        if (starts.Count > 1) problems.Add(new("map.starts", "", $"The map has {starts.Count} starts: {List(starts)}.", "Keep one; make the others .State<…>()."));

        foreach (var group in states.GroupBy(s => s.Type).Where(g => g.Count() > 1))
            problems.Add(new("map.state-twice", group.First().Name, $"{Names.Of(group.Key)} is in the map {group.Count()} times.", "Use Replace to give a state another body, or Without to drop one."));
        foreach (var group in states.GroupBy(s => s.Name, StringComparer.Ordinal).Where(g => g.Select(s => s.Type).Distinct().Count() > 1))
            problems.Add(new("map.name-twice", group.Key, $"{group.Count()} states are named {group.Key}: {string.Join(", ", group.Select(s => Names.Of(s.Type)))}.", "Give each a name of its own."));
        foreach (var state in states.Where(s => s.Name.Length is 0 or > 100 || s.Name.Any(char.IsControl) || s.Name == MapDefinition.Cancelled))
            problems.Add(new("map.name", state.Name, $"\"{state.Name}\" cannot be the name of a state.", $"Use 1 to 100 printable characters other than {MapDefinition.Cancelled}, which every map has."));
        foreach (var gate in states.Where(s => s.Kind == StateKind.Gate && string.IsNullOrWhiteSpace(s.Role)))
            problems.Add(new("map.gate-role", gate.Name, $"The gate {gate.Name} has no role, so nobody may decide it.", $"Name one: .Gate<{Names.Of(gate.Type)}>(role: …)."));
        foreach (var state in states.Where(s => s.Within is { } within && within <= TimeSpan.Zero))
            problems.Add(new("map.deadline", state.Name, $"{state.Name} has a deadline of {state.Within}.", "Give it a positive time, or none."));
        foreach (var state in states.Where(s => s.Type.IsAbstract || s.Type.ContainsGenericParameters))
            problems.Add(new("map.record", state.Name, $"{Names.Of(state.Type)} is abstract, so {state.Name} cannot have its data.", "Make it a record that can be made, and one for each state."));
        if (states.Count(s => s.OnCancel is not null) > 1)
            problems.Add(new("map.cancels", "", "Several ends take cancelled instances.", "Give cancelled: to one .Revoked<…>() only."));

        foreach (var state in states)
            foreach (var to in state.To.Where(to => Target(to) is null))
                problems.Add(new("map.nowhere", state.Name, $"{state.Name} goes to {Names.Of(to)}, which is not in the map.", $"Add .State<{Names.Of(to)}>(), .Gate<…>() or .End<…>() for it, or Include the part that has it."));

        var reached = Closure(starts, s => s.To.Select(Target).OfType<MapState>());
        foreach (var state in byType.Values.Where(s => starts.Count > 0 && !reached.Contains(s) && s.OnCancel is null))
            problems.Add(new("map.unreachable", state.Name, $"{state.Name} is never reached.", $"Return {Names.Of(state.Type)} from a body, or remove it."));

        var ends = states.Where(s => s.Kind is StateKind.End or StateKind.Revoked).ToList();
        if (ends.Count == 0) problems.Add(new("map.no-end", "", "The map has no end.", "Add .End<…>() or .Revoked<…>()."));
        else
        {
            // What goes nowhere is reported as that; whether it would have come to an end from there cannot be told.
            var open = states.Where(s => s.To.Any(to => Target(to) is null));
            var ending = Closure(ends.Concat(open), end => states.Where(s => s.To.Contains(end.Type)));
            foreach (var state in byType.Values.Where(s => !ending.Contains(s)))
                problems.Add(new("map.endless", state.Name, $"{state.Name} has no way to an end.", "Let its body, or that of a state it leads to, return the record of an end."));
        }
        return problems;
    }

    /// <summary>What is wrong with a workflow's own name and number.</summary>
    public static IEnumerable<MapProblem> Problems(string workflow, int version)
    {
        if (workflow.Length is 0 or > 100 || !workflow.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') || workflow[0] == '-' || workflow[^1] == '-')
            yield return new("map.workflow-name", "", $"\"{workflow}\" cannot be the name of a workflow.", "Use 1 to 100 lower-case letters, digits and dashes, such as order-fulfillment.");
        if (version < 1) yield return new("map.version", "", $"{workflow} has the version {version}.", "Number versions from 1.");
    }

    private static HashSet<MapState> Closure(IEnumerable<MapState> from, Func<MapState, IEnumerable<MapState>> next)
    {
        HashSet<MapState> seen = new(ReferenceEqualityComparer.Instance);
        Queue<MapState> queue = new(from);
        while (queue.TryDequeue(out var state))
            if (seen.Add(state))
                foreach (var other in next(state)) queue.Enqueue(other);
        return seen;
    }

    private static string List(IEnumerable<MapState> states) => string.Join(", ", states.Select(s => s.Name));
}
