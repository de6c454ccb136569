using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Reading;

/// <summary>What people and audits read. A filter on the namespace alone reads rows until its page is full.</summary>
internal sealed class PostgresViews(Readers readers, int own) : IViews
{
    private const int PageMax = 1_000;

    public async Task<InstanceRow?> Find(InstanceId instance, CancellationToken cancellation) =>
        (await readers.One("read-instance", Rows.Instance, cancellation, instance.Value).ConfigureAwait(false)).Row;

    public async Task<InstanceRow?> FindByBusinessKey(string @namespace, string workflow, string businessKey, CancellationToken cancellation) =>
        (await readers.One("find-business", Rows.Instance, cancellation, @namespace, workflow, businessKey).ConfigureAwait(false)).Row;

    public async Task<IReadOnlyList<InstanceRow>> List(InstanceFilter filter, InstanceId? below, int limit, CancellationToken cancellation)
    {
        limit = Math.Min(limit, PageMax);
        var rows = new List<InstanceRow>();
        var cursor = below?.Value ?? long.MaxValue;
        while (rows.Count < limit)
        {
            var found = filter is { Workflow: null, State: null, Status: null }
                ? await readers.All("list-all", Rows.Instance, cancellation, cursor, limit).ConfigureAwait(false)
                : await readers.All("list", Rows.Instance, cancellation, cursor, limit, Readers.Text(filter.Workflow), Readers.Text(filter.State), Readers.Short((short?)filter.Status)).ConfigureAwait(false);
            foreach (var (row, _) in found)
                if (rows.Count < limit && (filter.Namespace is null || row.Namespace == filter.Namespace)) rows.Add(row);
            if (found.Count < limit) break;
            cursor = found[^1].Row.Id.Value;
        }
        return rows;
    }

    public async Task<IReadOnlyList<FeedRecord>> Feed(long after, int limit, CancellationToken cancellation) =>
        await readers.All("feed", r => new FeedRecord(Rows.Record(r), r.Text(6), r.Text(7), r.GetInt32(8), r.TextOrNull(9)), cancellation, own, after, limit).ConfigureAwait(false);

    public Task<long> FeedEnd(CancellationToken cancellation) => readers.One("feed-end", r => r.GetInt64(0), cancellation, own);

    public Task<long> FeedBegin(CancellationToken cancellation) => readers.One("feed-begin", r => r.GetInt64(0), cancellation);

    public Task<bool> WasRemoved(InstanceId instance, CancellationToken cancellation) => readers.One("was-removed", r => r.GetBoolean(0), cancellation, instance.Value);

    public async Task<IReadOnlyList<OpenGate>> Gates(InstanceId? after, int limit, CancellationToken cancellation) =>
        await readers.All("gates", r => new OpenGate(Rows.Instance(r).Row, r.TextOrNull(14) ?? "", r.Moment(15)), cancellation, after?.Value ?? 0L, Math.Min(limit, PageMax)).ConfigureAwait(false);

    public async Task<IReadOnlyList<StoredPage>> Pages(InstanceId? instance, int limit, CancellationToken cancellation) => instance is { } id
        ? await readers.All("pages-of", Rows.Page, cancellation, limit, id.Value).ConfigureAwait(false)
        : await readers.All("pages", Rows.Page, cancellation, limit).ConfigureAwait(false);

    public async Task<IReadOnlyList<Tally>> Tallies(CancellationToken cancellation) =>
        await readers.All("tallies", r => new Tally(r.Text(0), r.GetInt32(1), r.Text(2), (Status)r.GetInt16(3), r.GetInt64(4)), cancellation).ConfigureAwait(false);

    public async Task<Verification> Verify(InstanceId instance, (long Version, ReadOnlyMemory<byte> Hash)? knownHead, CancellationToken cancellation)
    {
        const int Step = 500;       // so that no read is long
        var check = new ChainCheck(instance, knownHead);
        var row = await readers.One("chain-row", r => ((byte[] Salt, long Checkpoint)?)(r.Bytes(0), r.GetInt64(1)), cancellation, instance.Value).ConfigureAwait(false);
        check.Begin(row?.Salt, row?.Checkpoint ?? 0);
        for (var more = true; more && !check.IsBroken;)
        {
            var links = await readers.All(
                "chain", r => new ChainLink(r.GetInt64(0), r.GetInt64(1), r.GetInt64(2), r.Bytes(3), r.Bytes(4), r.IsDBNull(5) ? null : r.Bytes(5)),
                cancellation, instance.Value, check.Version, Step).ConfigureAwait(false);
            foreach (var link in links)
                if (!check.Next(link)) break;
            more = links.Count == Step;
        }
        return check.Result();
    }
}
