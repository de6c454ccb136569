using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>An acknowledged start exists for ever; one key is one instance.</summary>
internal sealed class StartsLast(World world) : Oracle(world)
{
    private readonly SortedDictionary<string, InstanceId> _acknowledged = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, string, string), InstanceId> _keys = [];

    public override string Name => "starts";

    public override void Started(StartRequest request, StartAnswer.Accepted answer)
    {
        var key = $"{request.Namespace}/{request.Workflow}/{request.Key}";
        if (!World.Watch.Instances.ContainsKey(answer.Instance)) Fail($"{key} was acknowledged as {answer.Instance}, which is not durable.");
        if (_acknowledged.TryGetValue(key, out var before) && before != answer.Instance) Fail($"{key} was acknowledged as {before} and as {answer.Instance}.");
        _acknowledged[key] = answer.Instance;
    }

    public override void Durable(Recorded recorded)
    {
        if (recorded.Before is not null) return;
        var started = recorded.After;
        if (!_keys.TryAdd((started.Namespace, started.Workflow, started.RequestKey), started.Id))
            Fail($"The key {started.RequestKey} belongs to {_keys[(started.Namespace, started.Workflow, started.RequestKey)]} and to {started.Id}.");
    }

    public override void End()
    {
        foreach (var (key, id) in _acknowledged)
            if (World.Database.Tables.Find(id) is null) Fail($"{key} was acknowledged as {id}, which is lost.");
    }
}
