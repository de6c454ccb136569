using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Simulation.Database;

/// <summary>What people and audits read of the simulated database.</summary>
internal sealed class SimulatedViews(SimulatedStore store) : IViews
{
    public Task<InstanceRow?> Find(InstanceId instance, CancellationToken cancellation) => store.Read("find", tables => tables.Find(instance)?.Row(instance));

    public Task<InstanceRow?> FindByBusinessKey(string @namespace, string workflow, string businessKey, CancellationToken cancellation) => store.Read("find-by-key", tables =>
        tables.FindBusinessKey(@namespace, workflow, businessKey) is { } id ? tables.Find(id)?.Row(id) : null);

    public Task<IReadOnlyList<InstanceRow>> List(InstanceFilter filter, InstanceId? below, int limit, CancellationToken cancellation) => store.Read<IReadOnlyList<InstanceRow>>("list", tables =>
        [.. tables.Instances.Reverse().Where(i => below is null || i.Key.CompareTo(below.Value) < 0).Select(i => i.Value.Row(i.Key))
            .Where(r => (filter.Namespace ?? r.Namespace) == r.Namespace && (filter.Workflow ?? r.Workflow) == r.Workflow && (filter.State ?? r.State) == r.State && (filter.Status ?? r.Status) == r.Status)
            .Take(limit)]);

    public Task<IReadOnlyList<FeedRecord>> Feed(long after, int limit, CancellationToken cancellation) => store.Read<IReadOnlyList<FeedRecord>>("feed", tables =>
        [.. tables.FeedBehind(after).Take(limit).Select(r => tables.Find(r.Instance)! is var i ? new FeedRecord(r, i.Start.Namespace, i.First.Workflow, i.First.WorkflowVersion, i.Start.TraceParent) : null!)]);

    public Task<long> FeedEnd(CancellationToken cancellation) => store.Read("feed-end", tables => tables.Newest);

    public Task<long> FeedBegin(CancellationToken cancellation) => store.Read("feed-begin", tables => tables.RemovedUpTo);

    public Task<bool> WasRemoved(InstanceId instance, CancellationToken cancellation) => store.Read("was-removed", tables => tables.WasRemoved(instance));

    public Task<IReadOnlyList<OpenGate>> Gates(InstanceId? after, int limit, CancellationToken cancellation) => store.Read<IReadOnlyList<OpenGate>>("gates", tables =>
        [.. tables.Instances.Where(i => i.Value.Status == Status.Waiting && (after is null || i.Key.CompareTo(after.Value) > 0))
            .Select(i => (Row: i.Value.Row(i.Key), State: tables.Map(i.Value.First.Workflow, i.Value.First.WorkflowVersion)?.Find(i.Value.State), i.Value.EnteredAt))
            .Where(g => g.State is { Kind: StateKind.Gate }).Take(limit).Select(g => new OpenGate(g.Row, g.State!.Role ?? "", g.EnteredAt))]);

    public Task<IReadOnlyList<StoredPage>> Pages(InstanceId? instance, int limit, CancellationToken cancellation) => store.Read<IReadOnlyList<StoredPage>>("pages", tables =>
        [.. tables.Pages.Reverse().Where(p => instance is null || p.Instance == instance).Take(limit)]);

    public Task<IReadOnlyList<Tally>> Tallies(CancellationToken cancellation) => store.Read<IReadOnlyList<Tally>>("tallies", tables =>
        [.. tables.Instances.Values.GroupBy(i => (i.First.Workflow, i.First.WorkflowVersion, i.State, i.Status)).Select(g => new Tally(g.Key.Workflow, g.Key.WorkflowVersion, g.Key.State, g.Key.Status, g.Count()))]);

    public Task<Verification> Verify(InstanceId instance, (long Version, ReadOnlyMemory<byte> Hash)? knownHead, CancellationToken cancellation) => store.Read("verify", tables => Verify(tables, instance, knownHead));

    private static Verification Verify(Tables tables, InstanceId instance, (long Version, ReadOnlyMemory<byte> Hash)? knownHead)
    {
        var record = tables.Find(instance);
        var check = new ChainCheck(instance, knownHead);
        // Where the log is shorter than that, its record is gone.
        check.Begin(record?.Start.Salt.ToArray(), record is null ? 0 : record.Checkpoint < record.Log.Count ? record.Log[record.Checkpoint].Position : long.MaxValue);
        foreach (var stored in record?.Log ?? [])
            if (!check.Next(new(stored.Position, stored.Version, stored.At.ToUnixTimeMilliseconds(), stored.Hash, stored.Body, null))) break;
        return check.Result();
    }
}
