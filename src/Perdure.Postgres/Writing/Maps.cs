using System.Collections.Concurrent;
using Npgsql;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Writing;

/// <summary>All stored maps. Found from any thread.</summary>
internal sealed class Maps
{
    private ConcurrentDictionary<(string Workflow, int Version), MapNumbers> _maps = new();

    /// <summary>Reads what is stored.</summary>
    public void Load(NpgsqlConnection connection)
    {
        var maps = new Dictionary<int, MapNumbers>();
        using (var command = new NpgsqlCommand(SqlText.Statement("maps"), connection))
        using (var reader = command.ExecuteReader())
            while (reader.Read())
                maps[reader.GetInt32(0)] = new(reader.GetInt32(0), StoredText.Read(reader.GetString(1)), reader.GetInt32(2), StoredText.Read(reader.GetString(3)));
        using (var command = new NpgsqlCommand(SqlText.Statement("states"), connection))
        using (var reader = command.ExecuteReader())
            while (reader.Read())
                if (maps.TryGetValue(reader.GetInt32(0), out var map)) map.AddState(StoredText.Read(reader.GetString(2)), reader.GetInt32(1));
        using (var command = new NpgsqlCommand(SqlText.Statement("edges"), connection))
        using (var reader = command.ExecuteReader())
            while (reader.Read())
                if (maps.TryGetValue(reader.GetInt32(0), out var map)) map.AddEdge(reader.GetInt32(2), reader.GetInt32(3), reader.GetInt32(1));
        _maps = new(maps.Values.Select(m => KeyValuePair.Create((m.Workflow, m.Version), m)));
    }

    /// <summary>The numbers of a stored map; null where it is not registered.</summary>
    public MapNumbers? Find(string workflow, int version) => _maps.TryGetValue((workflow, version), out var map) ? map : null;

    /// <summary>Stores a map, or finds that the stored one is the same. Nodes that do so at once take turns.</summary>
    public void Register(NpgsqlConnection connection, string schema, MapDefinition map)
    {
        var text = MapText.Of(map);
        using var transaction = connection.BeginTransaction();
        StoreSchema.Lock(connection, schema);
        Load(connection);
        if (Find(map.Workflow, map.Version) is { } known)
        {
            if (known.Definition != text) throw new MapChangedException(map.Workflow, map.Version, MapText.Difference(known.Definition, text));
            return;
        }

        var states = map.States.ToList();
        if (map.CancelsTo == MapDefinition.Cancelled && states.TrueForAll(s => s.Name != MapDefinition.Cancelled)) states.Add(map.Find(MapDefinition.Cancelled)!);
        var edges = map.Edges().ToList();
        var id = Insert("insert-map", StoredText.Of(map.Workflow), map.Version, MapText.Fingerprint(text), StoredText.Of(text), states.Count, edges.Count);
        var numbers = new Dictionary<string, (int Id, bool Ends)>(StringComparer.Ordinal);
        foreach (var state in states)
            numbers[state.Name] = (Insert("insert-state", id, StoredText.Of(state.Name), MapText.Kind(state.Kind), (object?)StoredText.OrNull(state.Role) ?? DBNull.Value), state.Kind is StateKind.End or StateKind.Revoked);
        foreach (var (from, to) in edges)
        {
            using var edge = StoreSchema.Command(connection, SqlText.Statement("insert-edge"), id, numbers[from].Id, numbers[to].Id, numbers[to].Ends);
            edge.ExecuteNonQuery();
        }
        transaction.Commit();
        Load(connection);

        int Insert(string statement, params object[] values)
        {
            using var command = StoreSchema.Command(connection, SqlText.Statement(statement), values);
            return (int)command.ExecuteScalar()!;
        }
    }
}
