using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Sqlite.Native;
using Perdure.Sqlite.Reading;

namespace Perdure.Sqlite.Writing;

/// <summary>Removes what has ended, piece by piece, each piece a transaction on the writer's thread between two batches. Pages that become free are used again.</summary>
internal sealed class Remover(Writer writer) : IRetention
{
    // An id may be made a little ahead of the clock by which its instance ends.
    private static readonly TimeSpan Ahead = TimeSpan.FromHours(1);

    private static readonly string[] Belongs = ["remove-steps", "remove-transitions", "remove-messages", "remove-timers", "remove-pages", "remove-log", "remove-instance"];

    public Task<Removal> Remove(DateTimeOffset endedBefore, InstanceId after, int limit, CancellationToken cancellation) => writer.Do(d =>
    {
        cancellation.ThrowIfCancellationRequested();
        d["begin"].Run();
        var ids = States.Up(d, States.All(d).FindAll(s => s.Kind is "end" or "revoked"), [Status.Ended], after.Value, limit);
        // Nobody whose id is from there on can have ended before that: the end of the pass.
        var below = InstanceId.Create(endedBefore + Ahead, 0, 0).Value;
        ids.RemoveAll(id => id >= below);
        var (removed, oldest, newest) = (0, long.MaxValue, 0L);
        foreach (var id in ids)
        {
            if (Rows.One(d["removable"].Set(1, id).Set(2, endedBefore.ToUnixTimeMilliseconds()), s => (Ended: s.Long(0), State: s.Long(1))) is not { State: > 0 } due) continue;
            newest = Math.Max(newest, Rows.One(d["newest-of"].Set(1, id), s => s.Long(0)));
            d["remember-removed"].Set(1, id).Run();
            foreach (var statement in Belongs) d[statement].Set(1, id).Run();
            d["tally"].Set(1, due.State).Set(2, (long)Status.Ended).Set(3, -1).Run();
            (removed, oldest) = (removed + 1, Math.Min(oldest, due.Ended));
        }
        d["swept"].Set(1, newest).Run();
        d["commit"].Run();
        return new Removal(removed, ids.Count == 0 ? null : new(ids[^1]), removed == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(oldest));
    });

    public Task<int> RemoveKeys(DateTimeOffset madeBefore, int limit, CancellationToken cancellation) => writer.Do(d =>
    {
        cancellation.ThrowIfCancellationRequested();
        d["begin"].Run();
        var ids = Rows.All(d["removed-before"].Set(1, InstanceId.Create(madeBefore, 0, 0).Value).Set(2, (long)limit), s => s.Long(0));
        foreach (var id in ids)
        {
            d["remove-request-key"].Set(1, id).Run();
            d["remove-business-key"].Set(1, id).Run();
            d["forget-removed"].Set(1, id).Run();
        }
        d["commit"].Run();
        return ids.Count;
    });
}
