using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Reading;

/// <summary>The reads of recovery. Each costs what it gives, not what the store holds.</summary>
internal static class Recovery
{
    private static readonly Status[] ActiveStatuses = [Status.Running, Status.Compensating];

    public static StoredInstance? Load(Database database, InstanceId instance)
    {
        if (Rows.Instance(database, instance) is not var (row, position)) return null;
        var first = Rows.One(database["read-record"].Set(1, instance.Value).Set(2, 1), Rows.Record) ?? throw Missing(instance, "first record");
        var checkpoint = position == first.Position ? first : Rows.One(database["read-position"].Set(1, position), Rows.Record) ?? throw Missing(instance, "checkpoint");
        var tail = Rows.Records(database["read-records"].Set(1, instance.Value).Set(2, checkpoint.Version + 1).Set(3, long.MaxValue));
        var stack = Rows.All(database["read-stack"].Set(1, instance.Value), s => new StackEntry(s.Int(0), s.Int(1), s.Text(2), s.Int(3), s.Text(4), s.Long(5)));
        var messages = Rows.All(database["read-messages"].Set(1, instance.Value), s => s.Text(0));
        return new(row, first, checkpoint, tail, stack, messages);
    }

    private static StoreException Missing(InstanceId instance, string what) =>
        new("store.corrupt", $"The {what} of instance {instance} is missing from the log. Restore a backup; verifying the instance's history says more.");

    public static IReadOnlyList<InstanceId> Active(Database database, InstanceId after, int limit) =>
        States.Up(database, States.All(database), ActiveStatuses, after.Value, limit).ConvertAll(id => new InstanceId(id));

    public static IReadOnlyList<StoredTimer> Timers(Database database, DateTimeOffset until, StoredTimer? after, int limit) =>
        Rows.All(
            database["timers"].Set(1, until.ToUnixTimeMilliseconds()).Set(2, after?.Due.ToUnixTimeMilliseconds() ?? long.MinValue).Set(3, after?.Instance.Value ?? 0)
                .Set(4, (long)(after?.Timer.Kind ?? 0)).Set(5, after?.Timer.Ordinal ?? 0L).Set(6, (long)limit),
            s => new StoredTimer(new(s.Long(0)), new((TimerKind)s.Int(1), s.Int(2)), s.Time(3)));

    public static DateTimeOffset? NextTimer(Database database, DateTimeOffset after) =>
        Rows.One(database["next-timer"].Set(1, after.ToUnixTimeMilliseconds()), s => s.IsNull(0) ? (DateTimeOffset?)null : s.Time(0));

    public static IReadOnlyList<OutboxMessage> Outbox(Database database, long after, int limit) =>
        Rows.All(
            database["outbox"].Set(1, after).Set(2, (long)limit),
            s => new OutboxMessage(s.Long(0), new(s.Long(1)), s.Text(2), s.Int(3), s.Text(4), new(s.Text(5), s.Text(6), s.Bytes(8), s.Text(7))));

    public static StoredKey? FindKey(Database database, string @namespace, string workflow, string key) =>
        Rows.One(database["find-key"].Set(1, @namespace).Set(2, workflow).Set(3, key), s => new StoredKey(new(s.Long(0)), s.Int(1), s.Bytes(2), s.Time(3)));

    public static IReadOnlyList<(string Workflow, int Version, string Operation)> LiveOperations(Database database) =>
        Rows.All(database["live-operations"], s => (s.Text(0), s.Int(1), s.Text(2)));
}
