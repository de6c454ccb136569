using Npgsql;
using Perdure.Ports;
using Perdure.Postgres.Database;
using Perdure.Postgres.Writing;

namespace Perdure.Postgres.Transacting;

/// <summary>Finds out what became of an operation's transaction whose answer was lost.</summary>
internal static class Lost
{
    /// <summary>
    /// Ends the session that was lost, and writes under the same fence: that waits for whoever holds the lane's row, and for what a commit waits for. After it the log says whether the record was
    /// written. Should the session live on all the same, behind a failover or out of sight, the next record of the instance takes the version that it wants, so that only one of the two is written.
    /// </summary>
    public static TransactionAnswer Find(NpgsqlConnection connection, string node, int backend, int lane, long epoch, Item item, StoreException reason)
    {
        using (var end = StoreSchema.Command(connection, SqlText.Statement("end-lost-session"), backend, node)) end.ExecuteNonQuery();
        using (var doubt = new Doubt(connection))
        {
            using var touch = StoreSchema.Command(connection, SqlText.Statement("touch-lane"), (short)lane, epoch);
            if (touch.ExecuteNonQuery() == 0) return new TransactionAnswer.Fenced(Resolution.Epoch(connection, lane));
            doubt.Check();
        }
        using var find = StoreSchema.Command(connection, SqlText.Statement("written"), item.Instance.Value, item.Version);
        using var reader = find.ExecuteReader();
        if (!reader.Read()) return new TransactionAnswer.Failed(new("transaction.lost", $"The connection was lost before the commit, and nothing was written. {reason.Message}", Transient: true));
        return reader.GetFieldValue<byte[]>(1).AsSpan().SequenceEqual(item.Hash.Span) ? new TransactionAnswer.Committed(reader.GetInt64(0)) : new TransactionAnswer.Unknown(reason);
    }
}
