using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Reading;

/// <summary>What people and audits read, on connections apart from recovery's.</summary>
internal sealed class SqliteViews(Readers readers) : IViews
{
    private const int PageMax = 1_000;

    public Task<InstanceRow?> Find(InstanceId instance, CancellationToken cancellation) =>
        readers.Read(d => Rows.Instance(d, instance)?.Row, cancellation);

    public Task<InstanceRow?> FindByBusinessKey(string @namespace, string workflow, string businessKey, CancellationToken cancellation) =>
        readers.Read(
            d => Rows.One(d["business-instance"].Set(1, @namespace).Set(2, workflow).Set(3, businessKey), s => s.Long(0)) is var id and not 0 ? Rows.Instance(d, new(id))?.Row : null,
            cancellation);

    public Task<IReadOnlyList<InstanceRow>> List(InstanceFilter filter, InstanceId? below, int limit, CancellationToken cancellation) =>
        readers.Read<IReadOnlyList<InstanceRow>>(
            d =>
            {
                limit = Math.Min(limit, PageMax);
                var rows = new List<InstanceRow>();
                var cursor = below?.Value ?? long.MaxValue;
                while (rows.Count < limit)
                {
                    var ids = States.Down(d, filter, cursor, limit);
                    foreach (var id in ids)
                        if (rows.Count < limit && Rows.Instance(d, new(id)) is var (row, _) && (filter.Namespace is null || row.Namespace == filter.Namespace)) rows.Add(row);
                    if (ids.Count < limit) break;
                    cursor = ids[^1];
                }
                return rows;
            },
            cancellation);

    public Task<IReadOnlyList<FeedRecord>> Feed(long after, int limit, CancellationToken cancellation) =>
        readers.Read<IReadOnlyList<FeedRecord>>(
            d => Rows.All(d["feed"].Set(1, after).Set(2, (long)limit), s => new FeedRecord(Rows.Record(s), s.Text(6), s.Text(7), s.Int(8), s.TextOrNull(9))), cancellation);

    public Task<long> FeedEnd(CancellationToken cancellation) => readers.Read(d => Rows.One(d["feed-end"], s => s.Long(0)), cancellation);

    public Task<long> FeedBegin(CancellationToken cancellation) => readers.Read(d => Rows.One(d["feed-begin"], s => s.Long(0)), cancellation);

    public Task<bool> WasRemoved(InstanceId instance, CancellationToken cancellation) => readers.Read(d => Rows.One(d["was-removed"].Set(1, instance.Value), s => s.Long(0)) != 0, cancellation);

    public Task<IReadOnlyList<OpenGate>> Gates(InstanceId? after, int limit, CancellationToken cancellation) =>
        readers.Read<IReadOnlyList<OpenGate>>(
            d =>
            {
                var gates = States.All(d).FindAll(s => s.Kind == "gate");
                var open = new List<OpenGate>();
                foreach (var id in States.Up(d, gates, [Status.Waiting], after?.Value ?? 0, Math.Min(limit, PageMax)))
                {
                    var row = Rows.Instance(d, new(id))!.Value.Row;
                    var since = Rows.One(d["entered"].Set(1, id).Set(2, (long)row.Visit), s => s.Time(0));
                    var gate = gates.Find(g => g.Workflow == row.Workflow && g.Version == row.WorkflowVersion && g.Name == row.State)!;
                    open.Add(new(row, gate.Role ?? "", since));
                }
                return open;
            },
            cancellation);

    public Task<IReadOnlyList<StoredPage>> Pages(InstanceId? instance, int limit, CancellationToken cancellation) =>
        readers.Read<IReadOnlyList<StoredPage>>(
            d => Rows.All(instance is { } id ? d["pages-of"].Set(1, (long)limit).Set(2, id.Value) : d["pages"].Set(1, (long)limit), Rows.Page), cancellation);

    public Task<IReadOnlyList<Tally>> Tallies(CancellationToken cancellation) =>
        readers.Read<IReadOnlyList<Tally>>(
            d => Rows.All(d["tallies"], s => new Tally(s.Text(0), s.Int(1), s.Text(2), (Status)s.Int(3), s.Long(4))), cancellation);

    public async Task<Verification> Verify(InstanceId instance, (long Version, ReadOnlyMemory<byte> Hash)? knownHead, CancellationToken cancellation)
    {
        var check = new ChainCheck(instance, knownHead);
        var (salt, checkpoint) = await readers.Read(d => Rows.One(d["chain-row"].Set(1, instance.Value), s => (Salt: s.Bytes(0), Checkpoint: s.Long(1))), cancellation).ConfigureAwait(false);
        check.Begin(salt, checkpoint);
        while (!check.IsBroken && await readers.Read(database => MoreOf(instance, check, database), cancellation).ConfigureAwait(false)) cancellation.ThrowIfCancellationRequested();
        return check.Result();
    }

    // Some records at a time, so that no read is long.
    private static bool MoreOf(InstanceId instance, ChainCheck check, Database database)
    {
        const int Step = 500;
        var read = 0;
        var chain = database["chain"].Set(1, instance.Value).Set(2, check.Version).Set(3, Step);
        try
        {
            while (chain.Read())
            {
                read++;
                if (!check.Next(new(chain.Long(0), chain.Long(1), chain.Long(2), chain.Bytes(3), chain.Bytes(4), chain.IsNull(5) ? null : chain.Bytes(5)))) return false;
            }
        }
        finally
        {
            if (chain.AtRow) chain.Reset();
        }
        return read == Step;
    }
}
