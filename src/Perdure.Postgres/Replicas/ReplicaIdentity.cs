using Npgsql;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Replicas;

/// <summary>What a streaming standby has in common with its primary: the schema's number, the server's own, the schema's version, and the database's number.</summary>
internal sealed record ReplicaIdentity(long Schema, long System, int Version, long Database)
{
    /// <summary>Asks the primary.</summary>
    public static NpgsqlCommand Ask(NpgsqlConnection connection, string schema) => StoreSchema.Command(connection, SqlText.Statement("replicated"), schema);

    /// <summary>schema, server, version, database.</summary>
    public static ReplicaIdentity Read(NpgsqlDataReader row) => new(row.GetInt64(0), row.GetInt64(1), row.IsDBNull(2) ? 0 : row.GetInt32(2), row.GetInt64(3));

    /// <summary>Whether it is the same store, of whatever version.</summary>
    public bool IsOf(ReplicaIdentity other) => this with { Version = other.Version } == other;

    /// <summary>The primary's, over a connection to it.</summary>
    public static ReplicaIdentity Of(NpgsqlConnection primary, string schema)
    {
        using var ask = Ask(primary, schema);
        using var row = ask.ExecuteReader();
        row.Read();
        return Read(row);
    }
}
