using System.Collections.Concurrent;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Writing;

/// <summary>All stored maps. Written on the writer's thread; found from any.</summary>
internal sealed class Maps
{
    private readonly ConcurrentDictionary<(string Workflow, int Version), MapNumbers> _maps = new();
    private MapNumbers? _last;

    /// <summary>Reads what is stored.</summary>
    public void Load(Database database)
    {
        var found = new List<(int Id, string Workflow, int Version)>();
        var maps = database["maps"];
        while (maps.Read()) found.Add((maps.Int(0), maps.Text(1), maps.Int(2)));
        foreach (var (id, workflow, version) in found) _maps[(workflow, version)] = MapNumbers.Load(database, id, workflow, version);
    }

    /// <summary>The numbers of a stored map; null where it is not registered.</summary>
    public MapNumbers? Find(string workflow, int version)
    {
        var last = _last;
        if (last is not null && last.Version == version && last.Workflow == workflow) return last;
        if (!_maps.TryGetValue((workflow, version), out var map)) return null;
        return _last = map;
    }

    /// <summary>Stores a map, or finds that the stored one is the same.</summary>
    public void Register(Database database, MapDefinition map)
    {
        var text = MapText.Of(map);
        if (Find(map.Workflow, map.Version) is { } known)
        {
            var stored = Definition(database, known.Id);
            if (stored != text) throw new MapChangedException(map.Workflow, map.Version, MapText.Difference(stored, text));
            return;
        }

        var states = map.States.ToList();
        if (map.CancelsTo == MapDefinition.Cancelled && states.TrueForAll(s => s.Name != MapDefinition.Cancelled)) states.Add(map.Find(MapDefinition.Cancelled)!);
        var edges = map.Edges().ToList();
        database["begin"].Run();
        try
        {
            database["insert-map"].Set(1, map.Workflow).Set(2, (long)map.Version).Set(3, MapText.Fingerprint(text)).Set(4, text)
                .Set(5, (long)states.Count).Set(6, (long)edges.Count).Run();
            var id = database.LastRow;
            var numbers = new Dictionary<string, long>(StringComparer.Ordinal);
            foreach (var state in states)
            {
                database["insert-state"].Set(1, id).Set(2, state.Name).Set(3, MapText.Kind(state.Kind)).Set(4, state.Role).Run();
                numbers[state.Name] = database.LastRow;
            }
            foreach (var (from, to) in edges) database["insert-edge"].Set(1, id).Set(2, numbers[from]).Set(3, numbers[to]).Run();
            var stored = MapNumbers.Load(database, (int)id, map.Workflow, map.Version);
            database["commit"].Run();
            _maps[(map.Workflow, map.Version)] = stored;
        }
        catch
        {
            database.Rollback();
            throw;
        }
    }

    private static string Definition(Database database, int id)
    {
        var maps = database["maps"];
        string? text = null;
        while (maps.Read())
            if (maps.Int(0) == id) text = maps.Text(3);
        return text ?? throw new InvalidOperationException($"Map {id} is not stored.");
    }
}
