using Npgsql;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Writing;

/// <summary>Erases what an ended instance's records say, leaving their digests.</summary>
internal static class Eraser
{
    public static async Task Erase(NpgsqlConnection connection, InstanceId instance, CancellationToken cancellation)
    {
        var salt = await Salt(connection, instance, cancellation).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        for (var version = 0L; ;)
        {
            var found = new List<(long Position, byte[] Digest)>();
            await using (var bodies = StoreSchema.Command(connection, SqlText.Statement("bodies"), instance.Value, version))
            await using (var reader = await bodies.ExecuteReaderAsync(cancellation).ConfigureAwait(false))
                while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
                {
                    var digest = new byte[Chain.Size];
                    Chain.Digest(salt, reader.GetFieldValue<byte[]>(1), digest);
                    found.Add((reader.GetInt64(0), digest));
                    version = reader.GetInt64(2);
                }
            if (found.Count == 0) break;
            foreach (var (position, digest) in found)
                await Run(connection, "erase-body", cancellation, position, digest).ConfigureAwait(false);
        }
        await Run(connection, "erase-salt", cancellation, instance.Value).ConfigureAwait(false);
        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
    }

    private static async Task<byte[]> Salt(NpgsqlConnection connection, InstanceId instance, CancellationToken cancellation)
    {
        await using var row = StoreSchema.Command(connection, SqlText.Statement("erasable"), instance.Value);
        await using var reader = await row.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        if (!await reader.ReadAsync(cancellation).ConfigureAwait(false)) throw new StoreException("store.not-ended", $"There is no instance {instance}.");
        if ((Status)reader.GetInt16(0) != Status.Ended) throw new StoreException("store.not-ended", $"Instance {instance} has not ended; only what has ended can be erased. Cancel it first.");
        return reader.GetFieldValue<byte[]>(1);
    }

    private static async Task Run(NpgsqlConnection connection, string statement, CancellationToken cancellation, params object[] values)
    {
        await using var command = StoreSchema.Command(connection, SqlText.Statement(statement), values);
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }
}
