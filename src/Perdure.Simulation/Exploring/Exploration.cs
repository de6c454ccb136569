using System.Globalization;
using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Exploring;

/// <summary>Walks every path that the outcomes of operations and the decisions at gates make, up to a depth: the first way first, then each other way at each question, the last question first.</summary>
internal sealed class Exploration(Func<Choices, (World World, Violation? Violation)> run, int depth, int paths)
{
    private readonly Dictionary<(string Workflow, int Version), MapDefinition> _maps = [];
    private readonly HashSet<(string Workflow, int Version, string State)> _reached = [];
    private readonly Dictionary<(string Workflow, int Version, string State), TimeSpan> _shortest = [];
    private readonly List<Finding> _findings = [];

    public ExploreReport Walk()
    {
        Stack<int[]> ahead = new([[]]);
        var (walked, cut) = (0, 0);
        while (walked < paths && ahead.TryPop(out var given))
        {
            walked++;
            var choices = new Choices(given, depth);
            var (world, violation) = run(choices);
            if (choices.CutOff) cut++;
            See(world, violation, choices);
            for (var at = given.Length; at < choices.Made.Count; at++)
                for (var way = choices.Made[at].Ways - 1; way > 0; way--)
                    ahead.Push([.. choices.Made.Take(at).Select(m => m.Chosen), way]);
        }
        foreach (var ((workflow, version), map) in _maps)
            foreach (var state in map.States)
                if (!_reached.Contains((workflow, version, state.Name))) Find("never-reached", state.Name, $"No path leads to '{state.Name}' of '{workflow}' version {version}.", "");
        foreach (var (visit, stay) in _shortest)
            if (_maps[(visit.Workflow, visit.Version)].Find(visit.State) is { Within: { } within } && stay > within)
                Find("deadline", visit.State, string.Create(CultureInfo.InvariantCulture, $"'{visit.State}' has to be left within {within}, and the shortest stay is {stay}."), "");
        return new([.. _findings.DistinctBy(f => (f.Kind, f.State, f.Message))], walked, cut, ahead.Count, depth);
    }

    private void See(World world, Violation? violation, Choices choices)
    {
        var path = string.Join(", ", choices.Made.Select(m => m.What));
        if (violation is not null) Find(violation.Oracle, "", violation.Seen, path);
        foreach (var (id, record) in world.Database.Tables.Instances)
        {
            var (workflow, version) = (record.First.Workflow, record.First.WorkflowVersion);
            var map = _maps[(workflow, version)] = world.Database.Tables.Map(workflow, version)!;
            var (state, entered) = (map.Start.Name, record.First.At);
            _reached.Add((workflow, version, state));
            HashSet<string> undoable = new(StringComparer.Ordinal);
            var visit = 1;
            foreach (var stored in record.Log)
                foreach (var @event in EventCodec.Read(stored.Body))
                {
                    if (@event is StepIntended { CanUndo: true } intended) undoable.Add(Token.For(id, visit, intended.Name, intended.Generation));
                    if (@event is not Transitioned next) continue;
                    var (key, stay) = ((workflow, version, state), stored.At - entered);
                    if (!_shortest.TryGetValue(key, out var shortest) || stay < shortest) _shortest[key] = stay;
                    (state, entered, visit) = (next.To, stored.At, next.Visit);
                    _reached.Add((workflow, version, state));
                }
            var instance = world.Watch.Instances[id];
            if (instance.Incident is { } incident) Find("incident", state, $"'{state}' of '{workflow}' comes to an incident: {incident.Failure.Code}.", path);
            else if (!instance.Ended) Find("nowhere", state, $"'{state}' of '{workflow}' is not left: {instance.Status}.", path);
            else if (map.Find(state) is { Kind: StateKind.Revoked })
                foreach (var entry in world.Ledger.Entries)
                    if (!entry.IsUndo && undoable.Contains(entry.Token) && world.Ledger.Stands(entry.Token))
                        Find("compensation", state, $"'{workflow}' ended in '{state}', and the effect of '{entry.Operation}' stands.", path);
        }
    }

    private void Find(string kind, string state, string message, string path) => _findings.Add(new(kind, state, message, path));
}
