using Npgsql;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Writing;

/// <summary>
/// Finds out what became of a group whose answer was lost. Each of its lanes' batches is closed under the fence's row lock: the lost transaction has ended by then, or its fence finds
/// the number closed and it writes nothing. The marker then says whether it was written. Asking again gives the same answer, however often an answer is lost.
/// </summary>
internal static class Resolution
{
    /// <summary>Answers every batch of the group. Throws where the database cannot be asked now.</summary>
    public static void Run(NpgsqlConnection connection, Group group, IReadOnlyList<(int Lane, long Epoch, long Number)> fences, StoreException reason)
    {
        using var doubt = new Doubt(connection);
        var found = new List<(int Lane, long Epoch, CommitAnswer? Answer)>();
        foreach (var (lane, epoch, number) in fences)
        {
            using var close = StoreSchema.Command(connection, SqlText.Statement("close-batch"), (short)lane, epoch, number);
            found.Add((lane, epoch, close.ExecuteScalar() switch
            {
                long marker when marker >= number => null,
                long => new CommitAnswer.Failed(reason),
                _ => new CommitAnswer.Fenced(Epoch(connection, lane)),
            }));
        }
        if (found.Exists(f => f.Answer is null)) Find(connection, group);
        doubt.Check();
        foreach (var (lane, epoch, answer) in found)
            foreach (var batch in group.Batches)
                if (answer is not null && batch.Batch.Lane == lane && batch.Batch.Epoch == epoch) batch.Answer ??= answer;
        group.Committed();
    }

    /// <summary>The present epoch of a lane.</summary>
    public static long Epoch(NpgsqlConnection connection, int lane)
    {
        using var command = StoreSchema.Command(connection, SqlText.Statement("fences"), new[] { (short)lane });
        using var reader = command.ExecuteReader();
        return reader.Read() ? reader.GetInt64(1) : 0;
    }

    // The group is durable, and where its records stand is in the log.
    private static void Find(NpgsqlConnection connection, Group group)
    {
        for (var i = 0; i < group.Items.Length; i++)
        {
            if (group.Answers[i] is not null) continue;
            var item = group.Items[i];
            using var find = StoreSchema.Command(connection, SqlText.Statement("written"), item.Instance.Value, item.Version);
            using var reader = find.ExecuteReader();
            if (!reader.Read()) group.Answers[i] = ItemAnswer.Skipped.Item;
            else if (reader.GetFieldValue<byte[]>(1).AsSpan().SequenceEqual(item.Hash.Span)) group.Answers[i] = new ItemAnswer.Committed(reader.GetInt64(0));
            else group.Answers[i] = new ItemAnswer.Duplicate("record");
        }
    }
}
