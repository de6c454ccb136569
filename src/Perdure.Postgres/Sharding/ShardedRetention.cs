using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Sharding;

/// <summary>Lets go of what has ended in all databases side by side. One that is away keeps what it has until it is back, and holds up no other.</summary>
internal sealed class ShardedRetention(Shard[] shards) : IRetention
{
    public async Task<Removal> Remove(DateTimeOffset endedBefore, InstanceId after, int limit, CancellationToken cancellation)
    {
        var pieces = await Each(r => r.Remove(endedBefore, after, limit, cancellation)).ConfigureAwait(false);
        // Whoever came farther looks again from where the slowest is; what it has removed is gone.
        return new(pieces.Sum(p => p.Removed), pieces.Min(p => p.Reached?.Value) is { } reached ? new(reached) : null, pieces.Min(p => p.OldestEnd));
    }

    public async Task<int> RemoveKeys(DateTimeOffset madeBefore, int limit, CancellationToken cancellation) => (await Each(r => r.RemoveKeys(madeBefore, limit, cancellation)).ConfigureAwait(false)).Sum();

    private async Task<List<T>> Each<T>(Func<IRetention, Task<T>> remove)
    {
        var asked = shards.Select(s => s.Store).OfType<PostgresStore>().Select(s => remove(s.Retention)).ToList();
        await Task.WhenAll(asked.Cast<Task>()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (asked.Find(a => a.IsCompletedSuccessfully) is null) await Task.WhenAll(asked).ConfigureAwait(false);
        return [.. asked.Where(a => a.IsCompletedSuccessfully).Select(a => a.Result)];
    }
}
