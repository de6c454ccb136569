using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Simulation.Oracles;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Exploring;

/// <summary>How an operation ends on a path.</summary>
internal enum Way
{
    Success,
    PermanentFailure,
    Unknown,
    Timeout,
}

/// <summary>Which way each question of a run goes: given for the first of them, and the first way for those behind. What was asked is kept, so that the other ways can be taken next.</summary>
internal sealed class Choices(IReadOnlyList<int> given, int depth)
{
    private static readonly Caller Officer = new("explorer", []);

    private readonly List<(string What, int Chosen, int Ways)> _made = [];
    private readonly Dictionary<string, int> _answers = new(StringComparer.Ordinal);

    /// <summary>What was asked so far, in order.</summary>
    public IReadOnlyList<(string What, int Chosen, int Ways)> Made => _made;

    /// <summary>Whether more was asked than the depth allows.</summary>
    public bool CutOff { get; private set; }

    /// <summary>How every attempt of a step ends.</summary>
    public Way Of(string step, string operation) => (Way)Choose(step, operation, 4, way => ((Way)way).ToString());

    /// <summary>Decides at a gate, as soon as it is reached.</summary>
    public void Decide(World world, Instance instance)
    {
        var way = Choose($"{instance.Id}/{instance.Visit}", instance.State, 2, way => way == 0 ? "approved" : "declined");
        world.Schedule.After(TimeSpan.TicksPerMillisecond, null, "explorer decides", () =>
        {
            if (world.NodeFor(instance.Id) is { } node && world.Database.Tables.Map(instance.Workflow, instance.WorkflowVersion)?.Find(instance.State) is { Role: { } role })
                world.Watch.Told(node.Engine.Decide(instance.Id, instance.Visit, way == 0, Officer with { Roles = [role] }, "explored"), CommandsLast.Decision(instance.Visit, way == 0), instance.Id);
        });
    }

    private int Choose(string question, string what, int ways, Func<int, string> name)
    {
        if (_answers.TryGetValue(question, out var answered)) return answered;
        var way = 0;
        if (_made.Count >= depth) CutOff = true;
        else
        {
            way = _made.Count < given.Count ? given[_made.Count] : 0;
            _made.Add(($"{what}: {name(way)}", way, ways));
        }
        _answers.Add(question, way);
        return way;
    }
}
