using Npgsql;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Reading;

/// <summary>All of an instance, or of several, in one round trip and as of one moment.</summary>
internal sealed class InstanceReads(Readers readers)
{
    private static readonly string[] One = ["read-instance", "read-first", "read-tail", "read-stack", "read-messages"];
    private static readonly string[] Many = ["read-instances", "read-firsts", "read-tails", "read-stacks", "read-messages-of"];

    /// <summary>One; null where there is none.</summary>
    public async Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) =>
        await Read(One, () => new NpgsqlParameter<long> { TypedValue = instance.Value }, cancellation).ConfigureAwait(false) is [var found] ? found : null;

    /// <summary>Several, as far as they are there. What a read costs beside its rows is paid once.</summary>
    public async Task<IReadOnlyList<StoredInstance>> Load(IReadOnlyList<InstanceId> instances, CancellationToken cancellation)
    {
        var ids = instances.Select(i => i.Value).ToArray();
        return await Read(Many, () => new NpgsqlParameter<long[]> { TypedValue = ids }, cancellation).ConfigureAwait(false);
    }

    private Task<List<StoredInstance>> Read(string[] statements, Func<NpgsqlParameter> which, CancellationToken cancellation) => readers.With(
        async connection =>
        {
            await using var batch = new NpgsqlBatch(connection);
            batch.BatchCommands.Add(new(SqlText.Statement("begin-read")));
            foreach (var statement in statements) batch.BatchCommands.Add(new(SqlText.Statement(statement)) { Parameters = { which() } });
            batch.BatchCommands.Add(new(SqlText.Statement("end-read")));
            await using var reader = await batch.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            var rows = await Readers.All(reader, Rows.Instance, cancellation).ConfigureAwait(false);
            var firsts = (await Next(reader, Rows.Record, cancellation).ConfigureAwait(false)).ToDictionary(r => r.Instance);
            var tails = (await Next(reader, Rows.Record, cancellation).ConfigureAwait(false)).ToLookup(r => r.Instance);
            var stacks = (await Next(reader, Rows.Entry, cancellation).ConfigureAwait(false)).ToLookup(e => e.Instance, e => e.Entry);
            var messages = (await Next(reader, Rows.MessageId, cancellation).ConfigureAwait(false)).ToLookup(m => m.Instance, m => m.Id);
            await reader.NextResultAsync(cancellation).ConfigureAwait(false);
            return rows.ConvertAll(row => Restored(row.Row, firsts.GetValueOrDefault(row.Row.Id), [.. tails[row.Row.Id]], [.. stacks[row.Row.Id]], [.. messages[row.Row.Id]]));
        },
        cancellation);

    private static StoredInstance Restored(InstanceRow row, StoredRecord? first, StoredRecord[] tail, StackEntry[] stack, string[] messages)
    {
        if (first is null) throw Missing(row.Id, "first record");
        if (tail.Length == 0) throw Missing(row.Id, "checkpoint");
        return new(row, first, tail[0], tail[1..], stack, messages);
    }

    private static async Task<List<T>> Next<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> row, CancellationToken cancellation)
    {
        await reader.NextResultAsync(cancellation).ConfigureAwait(false);
        return await Readers.All(reader, row, cancellation).ConfigureAwait(false);
    }

    private static StoreException Missing(InstanceId instance, string what) =>
        new("store.corrupt", $"The {what} of instance {instance} is missing from the log. Restore a backup; verifying the instance's history says more.");
}
