using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres;

/// <summary>A database of a shard map.</summary>
public sealed class ShardDatabase
{
    /// <summary>Its name, by which the versions of the map name it; stored in the database, and never another.</summary>
    public string Name { get; set; } = "";

    /// <summary>An Npgsql connection string, straight to its primary.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>
    /// An Npgsql connection string to a streaming standby of this very database, for reads whose caller takes what may be old; null for none. As <see cref="PostgresStoreOptions.ReplicaConnectionString"/>: while it
    /// is away, or is none of this database, its part of those reads is of its primary.
    /// </summary>
    public string? ReplicaConnectionString { get; set; }

    /// <summary>The schema that holds everything.</summary>
    public string Schema { get; set; } = "perdure";
}

/// <summary>
/// The databases of a store that has several, and how new keys are divided among them. An existing key stays where an older version put it. To add a database: append it to
/// <see cref="Databases"/>, append a version that names it, and have each node adopt this map (<see cref="ShardedStore.Adopt"/>, or a changed configuration), or start it again with it.
/// </summary>
public sealed class ShardMap
{
    /// <summary>The databases, 1 to <see cref="Capacity"/>. A database's place in this list is its number, for ever: new ones are appended.</summary>
    public IList<ShardDatabase> Databases { get; } = [];

    /// <summary>The versions of the map, the first is 1; each names the databases that take new keys from then on. Versions are only appended. Where there is none, all databases are version 1.</summary>
    public IList<IList<string>> Versions { get; } = [];

    /// <summary>How many lanes each database has, at least 1; fixed with the first database.</summary>
    public int Lanes { get; set; } = 12;

    /// <summary>Room for so many databases, at least 1; fixed with the first database. <see cref="Lanes"/> times this is 1,024 at the most.</summary>
    public int Capacity { get; set; } = 16;

    /// <summary>Everything that is wrong with the map by itself; empty where nothing is.</summary>
    public IReadOnlyList<string> Problems()
    {
        List<string> problems = [];
        if (Databases.Count == 0) problems.Add("The map has no database.");
        if (Databases.Count > Capacity) problems.Add($"The map has {Databases.Count} databases, and room for {Capacity}.");
        if (Lanes < 1 || Capacity < 1 || (long)Lanes * Capacity > Kernel.InstanceId.Slots) problems.Add($"Lanes ({Lanes}) and Capacity ({Capacity}) must be 1 or more, and their product {Kernel.InstanceId.Slots} at the most.");
        for (var i = 0; i < Databases.Count; i++)
        {
            var one = Databases[i];
            if (string.IsNullOrWhiteSpace(one.Name)) problems.Add($"Database {i} has no name.");
            if (string.IsNullOrWhiteSpace(one.ConnectionString)) problems.Add($"Database {i} ({one.Name}) has no connection string.");
            else if (Unreadable(one.ConnectionString) is { } why) problems.Add($"Database {i} ({one.Name}): {why}");
            if (one.ReplicaConnectionString is { } replica && (string.IsNullOrWhiteSpace(replica) ? "It has no connection string. Leave it out where there is none." : Unreadable(replica)) is { } wrong)
                problems.Add($"The replica of database {i} ({one.Name}): {wrong}");
            if (string.IsNullOrWhiteSpace(one.Schema)) problems.Add($"Database {i} ({one.Name}) has no schema.");
        }
        foreach (var twice in Databases.GroupBy(d => d.Name, StringComparer.Ordinal).Where(g => g.Count() > 1)) problems.Add($"{twice.Count()} databases are named {twice.Key}.");
        for (var v = 0; v < Versions.Count; v++)
        {
            if (Versions[v].Count == 0) problems.Add($"Version {v + 1} names no database.");
            foreach (var unknown in Versions[v].Where(name => Databases.All(d => d.Name != name))) problems.Add($"Version {v + 1} names {unknown}, which is no database of the map.");
            foreach (var twice in Versions[v].GroupBy(name => name, StringComparer.Ordinal).Where(g => g.Count() > 1)) problems.Add($"Version {v + 1} names {twice.Key} more than once.");
        }
        return problems;
    }

    private static string? Unreadable(string connectionString)
    {
        try
        {
            Connections.Parse(connectionString);
            return null;
        }
        catch (StoreException e)
        {
            return e.Message;
        }
    }

    /// <summary>One that does not change with this.</summary>
    internal ShardMap Copy()
    {
        var copy = new ShardMap { Lanes = Lanes, Capacity = Capacity };
        foreach (var one in Databases) copy.Databases.Add(new() { Name = one.Name, ConnectionString = one.ConnectionString, ReplicaConnectionString = one.ReplicaConnectionString, Schema = one.Schema });
        foreach (var version in Versions) copy.Versions.Add([.. version]);
        return copy;
    }

    /// <summary>The leading versions that name the first database alone, with no other database.</summary>
    internal ShardMap Alone()
    {
        var alone = Copy();
        while (alone.Databases.Count > 1) alone.Databases.RemoveAt(alone.Databases.Count - 1);
        alone.Versions.Clear();
        foreach (var version in AllVersions().TakeWhile(NamesFirstAlone)) alone.Versions.Add([.. version]);
        return alone;
    }

    /// <summary>Whether all new keys are the first database's by that version.</summary>
    internal bool NamesFirstAlone(string[] version) => version is [var name] && name == Databases[0].Name;

    /// <summary>The versions, with their names in order.</summary>
    internal IReadOnlyList<string[]> AllVersions() => Versions.Count > 0 ? [.. Versions.Select(v => v.ToArray())] : [[.. Databases.Select(d => d.Name)]];
}
