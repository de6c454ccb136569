using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Sharding;

/// <summary>What a database knows of itself.</summary>
/// <param name="Family">Whose it is.</param>
/// <param name="Capacity">Room for how many databases the family has.</param>
/// <param name="Number">Its number there.</param>
/// <param name="Name">Its name there.</param>
/// <param name="Version">The newest version of the map that is known in it.</param>
/// <param name="Since">Where the family's first database worked alone before: ids below this one are that database's. Null where it did not.</param>
internal sealed record Enrolled(Guid Family, int Capacity, int Number, string Name, int Version, long? Since);

/// <summary>What was found in a database.</summary>
/// <param name="Enrolled">What it is; null where it is none of a family yet.</param>
/// <param name="Problems">What does not fit the map.</param>
/// <param name="Alone">Nodes that are there and find lanes as in a database that works alone, for people. Of a family whose databases were empty when it began this says nothing.</param>
internal sealed record Found(Enrolled? Enrolled, IReadOnlyList<string> Problems, IReadOnlyList<string> Alone);

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
        var alone = Alone(connection);
        if (enrolled is null)
        {
            if (HasInstances(connection) && number > 0)
                problems.Add($"{Name} ({_connections.Where}) has instances and is not part of a shard map. Only the first database of a map may have some before; give this place of the map a database of its own.");
            else if (HasInstances(connection) && !map.NamesFirstAlone(_versions[0]))
                problems.Add($"{Name} ({_connections.Where}) has instances from when it worked alone. Let version 1 of the map name it alone, and a further version all that are to take new keys, so that the keys that are there are found.");
            return new(null, problems, alone);
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
        return new(enrolled, problems, alone);
    });

    /// <summary>What the family's first database is asked to say itself: where its ids begin that the map divides.</summary>
    public const long BySelf = 0;

    /// <summary>Makes all versions known, and the database one of the family. Gives what the database is then.</summary>
    /// <param name="family">Whose it is, where it is nobody's yet.</param>
    /// <param name="since">Where the family's ids begin that the map divides.</param>
    /// <exception cref="StoreException">
    /// <c>shard.map-older</c>: it knows a newer one meanwhile. <c>shard.waits</c>: a version that names other databases waits for nodes to leave that know no map; those before it are known. Or it is not reached.
    /// </exception>
    public Enrolled Enrol(Guid family, long? since) => Asked<Enrolled>(connection =>
    {
        for (var version = 1; version <= _versions.Count; version++) Know(connection, family, since, version);
        var enrolled = Read(connection) ?? throw new InvalidOperationException("A database that was enrolled is not.");
        if (enrolled.Version > _versions.Count) throw Older(Name, enrolled.Version, _versions.Count);
        return enrolled;
    });

    // The table of instances is held for a moment, the first time: where somebody writes to it for longer, it is let go of for those who wait behind, and tried again.
    private void Know(NpgsqlConnection connection, Guid family, long? since, int version)
    {
        for (var began = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                using var know = StoreSchema.Command(connection, SqlText.Statement("know-map"), family, map.Capacity, number, Name, options.Time.GetUtcNow().ToUnixTimeMilliseconds(), version, _versions[version - 1],
                    since is { } known ? known : DBNull.Value);
                know.Parameters[^1].NpgsqlDbType = NpgsqlDbType.Bigint;
                know.ExecuteNonQuery();
                return;
            }
            catch (PostgresException held) when (StoreSchema.IsInTheWay(held) && Stopwatch.GetElapsedTime(began) < options.OpenWithin)
            {
                using var pause = StoreSchema.Command(connection, SqlText.Statement("pause"));
                pause.ExecuteNonQuery();
            }
        }
    }

    /// <summary>What is told while nodes are there that know no map.</summary>
    public static StoreException WaitsFor(string where, string nodes) =>
        new("shard.waits", $"{where} is the first of several databases and worked alone before. New keys go to it alone until the nodes have left that know no shard map: {nodes}. Stop them, or start them again with the map.");

    /// <summary>What a node is told whose configuration ends with an older version than a database knows.</summary>
    public static StoreException Older(string name, int known, int own) =>
        new("shard.map-older", $"{name} knows version {known} of the shard map; this node has version {own} and takes no starts. Give it the newer map.");

    private static Enrolled? Read(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(SqlText.Statement("shard"), connection);
        using var reader = command.ExecuteReader();
        return reader.Read() ? new(reader.GetGuid(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetString(3), reader.GetInt32(4), reader.IsDBNull(5) ? null : reader.GetInt64(5)) : null;
    }

    private static List<(int Version, string[] Databases)> Versions(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(SqlText.Statement("shard-maps"), connection);
        using var reader = command.ExecuteReader();
        List<(int, string[])> versions = [];
        while (reader.Read()) versions.Add((reader.GetInt32(0), reader.GetFieldValue<string[]>(1)));
        return versions;
    }

    private static List<string> Alone(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(SqlText.Statement("nodes-alone"), connection);
        using var reader = command.ExecuteReader();
        List<string> nodes = [];
        while (reader.Read()) nodes.Add($"process {reader.GetInt32(1)} on {reader.GetString(0)}");
        return nodes;
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
