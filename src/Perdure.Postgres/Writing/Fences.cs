using Npgsql;
using NpgsqlTypes;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Writing;

/// <summary>Ownership by one node of all lanes at once: the epoch of each rises, which ends whoever had it before.</summary>
internal static class Fences
{
    /// <summary>Takes every lane.</summary>
    public static Ownership TakeAll(NpgsqlConnection connection, int lanes, long now)
    {
        var (leases, unclean, before) = (new List<LaneLease>(), false, (long?)null);
        using (var take = StoreSchema.Command(connection, SqlText.Statement("take-lanes"), now))
        using (var reader = take.ExecuteReader())
            while (reader.Read())
            {
                leases.Add(new(reader.GetInt16(0), lanes, reader.GetInt64(1)));
                unclean |= !reader.GetBoolean(2);
                if (!reader.IsDBNull(3)) before = Math.Max(before ?? 0, reader.GetInt64(3));
            }
        using var newest = new NpgsqlCommand(SqlText.Statement("newest-instance"), connection);
        return new([.. leases.OrderBy(l => l.Lane)], unclean, new InstanceId((long)newest.ExecuteScalar()!), before is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null);
    }

    /// <summary>Gives back in order what is still this owner's.</summary>
    public static void Close(NpgsqlConnection connection, IReadOnlyList<LaneLease> leases)
    {
        using var close = new NpgsqlCommand(SqlText.Statement("close-lanes"), connection);
        close.Parameters.Add(new() { Value = leases.Select(l => (short)l.Lane).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint });
        close.Parameters.Add(new() { Value = leases.Select(l => l.Epoch).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        close.ExecuteNonQuery();
    }
}
