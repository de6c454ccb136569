using Npgsql;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Reading;

/// <summary>The reads of recovery. Each costs what it gives, not what the store holds.</summary>
internal sealed class Recovery(Readers readers)
{
    private readonly InstanceReads _instances = new(readers);

    public Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) => _instances.Load(instance, cancellation);

    public Task<IReadOnlyList<StoredInstance>> Load(IReadOnlyList<InstanceId> instances, CancellationToken cancellation) => _instances.Load(instances, cancellation);

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

    public async Task<IReadOnlyList<StoredPage>> PagesOwed(int skip, int limit, CancellationToken cancellation) =>
        await readers.All("pages-owed", Rows.Page, cancellation, limit, skip).ConfigureAwait(false);
}
