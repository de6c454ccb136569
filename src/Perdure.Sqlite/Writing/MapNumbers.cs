using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Writing;

/// <summary>The small numbers that stand for a stored map's names. Immutable, so that the writer uses it while another map is registered.</summary>
internal sealed class MapNumbers
{
    private readonly Dictionary<string, int> _states = new(StringComparer.Ordinal);
    private readonly Dictionary<(int From, int To), int> _edges = [];

    private MapNumbers(int id, string workflow, int version) => (Id, Workflow, Version) = (id, workflow, version);

    /// <summary>The map's number.</summary>
    public int Id { get; }

    /// <summary>The workflow.</summary>
    public string Workflow { get; }

    /// <summary>Its version.</summary>
    public int Version { get; }

    /// <summary>The number of a state.</summary>
    public bool TryState(string name, out int id) => _states.TryGetValue(name, out id);

    /// <summary>The number of an edge.</summary>
    public bool TryEdge(int from, int to, out int id) => _edges.TryGetValue((from, to), out id);

    /// <summary>Reads one stored map.</summary>
    public static MapNumbers Load(Database database, int id, string workflow, int version)
    {
        var map = new MapNumbers(id, workflow, version);
        var states = database["states"].Set(1, (long)id);
        while (states.Read()) map._states[states.Text(1)] = states.Int(0);
        var edges = database["edges"].Set(1, (long)id);
        while (edges.Read()) map._edges[(map._states[edges.Text(1)], map._states[edges.Text(2)])] = edges.Int(0);
        return map;
    }
}
