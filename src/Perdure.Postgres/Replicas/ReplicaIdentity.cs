using Npgsql;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Replicas;

/// <summary>What a streaming standby has in common with its primary: the schema's number, the server's own, and the schema's version.</summary>
internal sealed record ReplicaIdentity(long Schema, long System, int Version)
{
    /// <summary>Asks the primary.</summary>
    public static NpgsqlCommand Ask(NpgsqlConnection connection, string schema) => StoreSchema.Command(connection, SqlText.Statement("replicated"), schema);

    /// <summary>schema, server, version.</summary>
    public static ReplicaIdentity Read(NpgsqlDataReader row) => new(row.GetInt64(0), row.GetInt64(1), row.IsDBNull(2) ? 0 : row.GetInt32(2));

    /// <summary>The primary's, over a connection to it.</summary>
    public static ReplicaIdentity Of(NpgsqlConnection primary, string schema)
    {
        using var ask = Ask(primary, schema);
        using var row = ask.ExecuteReader();
        row.Read();
        return Read(row);
    }
}
