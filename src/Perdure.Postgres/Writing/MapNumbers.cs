namespace Perdure.Postgres.Writing;

/// <summary>The small numbers that stand for a stored map's names. Filled once, then only read.</summary>
internal sealed class MapNumbers(int id, string workflow, int version, string definition)
{
    private readonly Dictionary<string, int> _states = new(StringComparer.Ordinal);
    private readonly Dictionary<(int From, int To), int> _edges = [];

    /// <summary>The map's number.</summary>
    public int Id => id;

    /// <summary>The workflow.</summary>
    public string Workflow => workflow;

    /// <summary>Its version.</summary>
    public int Version => version;

    /// <summary>The text that is stored.</summary>
    public string Definition => definition;

    /// <summary>A stored state.</summary>
    public void AddState(string name, int state) => _states[name] = state;

    /// <summary>A stored edge.</summary>
    public void AddEdge(int from, int to, int edge) => _edges[(from, to)] = edge;

    /// <summary>The number of a state.</summary>
    public bool TryState(string name, out int state) => _states.TryGetValue(name, out state);

    /// <summary>The number of an edge.</summary>
    public bool TryEdge(string from, string to, out int edge)
    {
        edge = 0;
        return TryState(from, out var f) && TryState(to, out var t) && _edges.TryGetValue((f, t), out edge);
    }
}
