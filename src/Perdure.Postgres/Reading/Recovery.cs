using Npgsql;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Reading;

/// <summary>The reads of recovery. Each costs what it gives, not what the store holds.</summary>
internal sealed class Recovery(Readers readers)
{
    private static readonly string[] Whole = ["read-instance", "read-first", "read-tail", "read-stack", "read-messages"];

    /// <summary>All of one instance in one round trip, as of one moment.</summary>
    public Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) => readers.With(
        async connection =>
        {
            await using var batch = new NpgsqlBatch(connection);
            batch.BatchCommands.Add(new(SqlText.Statement("begin-read")));
            foreach (var statement in Whole) batch.BatchCommands.Add(new(SqlText.Statement(statement)) { Parameters = { new NpgsqlParameter<long> { TypedValue = instance.Value } } });
            batch.BatchCommands.Add(new(SqlText.Statement("end-read")));
            await using var reader = await batch.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            var rows = await Readers.All(reader, Rows.Instance, cancellation).ConfigureAwait(false);
            var first = await Next(reader, Rows.Record, cancellation).ConfigureAwait(false);
            var tail = await Next(reader, Rows.Record, cancellation).ConfigureAwait(false);
            var stack = await Next(reader, r => new StackEntry(r.GetInt32(0), r.GetInt32(1), r.Text(2), r.GetInt32(3), r.Text(4), r.GetInt64(5)), cancellation).ConfigureAwait(false);
            var messages = await Next(reader, r => r.Text(0), cancellation).ConfigureAwait(false);
            await reader.NextResultAsync(cancellation).ConfigureAwait(false);
            if (rows is not [var (row, _)]) return null;
            if (first.Count == 0) throw Missing(instance, "first record");
            if (tail.Count == 0) throw Missing(instance, "checkpoint");
            return new StoredInstance(row, first[0], tail[0], tail[1..], stack, messages);
        },
        cancellation);

    private static async Task<List<T>> Next<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> row, CancellationToken cancellation)
    {
        await reader.NextResultAsync(cancellation).ConfigureAwait(false);
        return await Readers.All(reader, row, cancellation).ConfigureAwait(false);
    }

    private static StoreException Missing(InstanceId instance, string what) =>
        new("store.corrupt", $"The {what} of instance {instance} is missing from the log. Restore a backup; verifying the instance's history says more.");

    public async Task<IReadOnlyList<InstanceId>> Active(int lane, InstanceId after, int limit, CancellationToken cancellation) =>
        await readers.All("active", r => new InstanceId(r.GetInt64(0)), cancellation, lane, after.Value, limit).ConfigureAwait(false);

    public async Task<IReadOnlyList<StoredTimer>> Timers(int lane, DateTimeOffset until, StoredTimer? after, int limit, CancellationToken cancellation) =>
        await readers.All("timers", Rows.Timer, cancellation, (short)lane, until.ToUnixTimeMilliseconds(), after?.Due.ToUnixTimeMilliseconds() ?? long.MinValue, after?.Instance.Value ?? 0,
            (short)(after?.Timer.Kind ?? 0), after?.Timer.Ordinal ?? 0, limit).ConfigureAwait(false);

    public Task<DateTimeOffset?> NextTimer(int lane, DateTimeOffset after, CancellationToken cancellation) =>
        readers.One("next-timer", r => r.IsDBNull(0) ? (DateTimeOffset?)null : r.Moment(0), cancellation, (short)lane, after.ToUnixTimeMilliseconds());

    public async Task<IReadOnlyList<OutboxMessage>> Outbox(int lane, long after, int limit, CancellationToken cancellation) =>
        await readers.All("outbox", Rows.Message, cancellation, (short)lane, after, limit).ConfigureAwait(false);

    public async Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) =>
        await readers.All("read-records", Rows.Record, cancellation, instance.Value, fromVersion, limit).ConfigureAwait(false);

    public Task<StoredKey?> FindKey(string @namespace, string workflow, string requestKey, CancellationToken cancellation) =>
        readers.One("find-key", Rows.Key, cancellation, @namespace, workflow, requestKey);

    public async Task<IReadOnlyList<(string Workflow, int Version, string Operation)>> LiveOperations(CancellationToken cancellation) =>
        await readers.All("live-operations", r => (r.Text(0), r.GetInt32(1), r.Text(2)), cancellation).ConfigureAwait(false);

    public async Task<IReadOnlyList<StoredPage>> PagesOwed(int limit, CancellationToken cancellation) =>
        await readers.All("pages-owed", Rows.Page, cancellation, limit).ConfigureAwait(false);
}
