using Perdure.Ports;
using Perdure.Postgres.Sharding;

namespace Perdure.Postgres;

/// <summary>Pages of several databases: those of one that is away are owed until it is back, and hold up no other's.</summary>
public sealed partial class ShardedStore
{
    /// <inheritdoc />
    public async Task<IReadOnlyList<StoredPage>> PagesOwed(int skip, int limit, CancellationToken cancellation)
    {
        var asked = OpenStores().Select(store => store.PagesOwed(0, (int)Math.Min(int.MaxValue, (long)skip + limit), cancellation)).ToList();
        await Task.WhenAll(asked.Cast<Task>()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (asked.Find(a => a.IsCompletedSuccessfully) is null) await Task.WhenAll(asked).ConfigureAwait(false);
        return [.. asked.Where(a => a.IsCompletedSuccessfully).SelectMany(a => a.Result).OrderByDescending(page => page.RaisedAt).Skip(skip).Take(limit)];
    }

    /// <inheritdoc />
    public async Task PageTried(string key, bool delivered, string? error, DateTimeOffset at, CancellationToken cancellation)
    {
        // Where it is nobody says: those that have none under that key change nothing.
        var told = OpenStores().Select(store => store.PageTried(key, delivered, error, at, cancellation)).ToList();
        await Task.WhenAll(told).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (told.TrueForAll(t => !t.IsCompletedSuccessfully)) await Task.WhenAll(told).ConfigureAwait(false);
    }
}
