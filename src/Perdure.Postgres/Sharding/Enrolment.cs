using Npgsql;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Sharding;

/// <summary>What a database knows of itself.</summary>
internal sealed record Enrolled(Guid Family, int Capacity, int Number, string Name, int Version);

/// <summary>What was found in a database: what it is, and what does not fit the map.</summary>
internal sealed record Found(Enrolled? Enrolled, IReadOnlyList<string> Problems);

/// <summary>Holds a database against the map, and makes the map's newest version known in it. Synchronous; on threads of the store's own.</summary>
internal sealed class Enrolment(ShardMap map, int number, PostgresStoreOptions options, string build)
{
    private readonly Connections _connections = new(options);
    private readonly IReadOnlyList<string[]> _versions = map.AllVersions();

    private string Name => map.Databases[number].Name;

    /// <summary>Looks; makes or moves the schema, and changes nothing else.</summary>
    /// <exception cref="StoreException">It cannot be used, or not reached.</exception>
    public Found Look() => Asked<Found>(connection =>
    {
        var (lanes, _) = StoreSchema.Prepare(connection, _connections, options, build);
        List<string> problems = [];
        if (lanes != map.Lanes) problems.Add($"{Name} was made with {lanes} lanes; the map says {map.Lanes}.");
        var enrolled = Read(connection);
        if (enrolled is null)
        {
            if (HasInstances(connection)) problems.Add($"{Name} ({_connections.Where}) has instances and is not part of a shard map. Give the map a database of its own.");
            return new(null, problems);
        }
        if (enrolled.Number != number || enrolled.Name != Name) problems.Add($"{Name} stands at place {number} of the map; the database ({_connections.Where}) is {enrolled.Name} at place {enrolled.Number}.");
        if (enrolled.Capacity != map.Capacity) problems.Add($"{Name} was made with room for {enrolled.Capacity} databases; the map says {map.Capacity}.");
        foreach (var (version, databases) in Versions(connection))
        {
            if (version > _versions.Count)
                problems.Add($"{Name} knows version {version} of the map ({string.Join(", ", databases)}); this configuration ends with version {_versions.Count}. Give this node the newer one.");
            else if (!databases.SequenceEqual(_versions[version - 1]))
                problems.Add($"{Name} knows version {version} of the map as {string.Join(", ", databases)}; this configuration says {string.Join(", ", _versions[version - 1])}. Versions are only added.");
        }
        return new(enrolled, problems);
    });

    /// <summary>Makes all versions known, and the database one of the family. Gives what the database is then.</summary>
    /// <exception cref="StoreException"><c>shard.map-older</c>: it knows a newer one meanwhile; or it is not reached.</exception>
    public Enrolled Enrol(Guid family) => Asked<Enrolled>(connection =>
    {
        for (var version = 1; version <= _versions.Count; version++)
        {
            using var know = StoreSchema.Command(connection, SqlText.Statement("know-map"), family, map.Capacity, number, Name, options.Time.GetUtcNow().ToUnixTimeMilliseconds(), version, _versions[version - 1]);
            know.ExecuteNonQuery();
        }
        var enrolled = Read(connection) ?? throw new InvalidOperationException("A database that was enrolled is not.");
        if (enrolled.Version > _versions.Count) throw Older(Name, enrolled.Version, _versions.Count);
        return enrolled;
    });

    /// <summary>What a node is told whose configuration ends with an older version than a database knows.</summary>
    public static StoreException Older(string name, int known, int own) =>
        new("shard.map-older", $"{name} knows version {known} of the shard map; this node has version {own} and takes no starts. Give it the newer map.");

    private static Enrolled? Read(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(SqlText.Statement("shard"), connection);
        using var reader = command.ExecuteReader();
        return reader.Read() ? new(reader.GetGuid(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetString(3), reader.GetInt32(4)) : null;
    }

    private static List<(int Version, string[] Databases)> Versions(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(SqlText.Statement("shard-maps"), connection);
        using var reader = command.ExecuteReader();
        List<(int, string[])> versions = [];
        while (reader.Read()) versions.Add((reader.GetInt32(0), reader.GetFieldValue<string[]>(1)));
        return versions;
    }

    private static bool HasInstances(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(SqlText.Statement("has-instances"), connection);
        return (bool)command.ExecuteScalar()!;
    }

    private T Asked<T>(Func<NpgsqlConnection, T> ask)
    {
        try
        {
            using var connection = _connections.OpenWriter();
            return ask(connection);
        }
        catch (Exception fault) when (fault is NpgsqlException or IOException or TimeoutException)
        {
            throw PostgresFault.Explain(fault, _connections.Where);
        }
    }
}
