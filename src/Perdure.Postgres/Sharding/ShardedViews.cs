using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Sharding;

/// <summary>
/// The views of several databases as one. What is of one instance is asked where its id says; what is of all is merged by ids, which all databases share, and fails as a whole where one is away: a list
/// that leaves some out must not look like one that does not.
/// </summary>
internal sealed class ShardedViews(Shard[] shards, Homes homes, ShardedStore store) : IViews
{
    private readonly ShardedReads _reads = new(shards, homes, one => new OwnReads(one));

    public Task<InstanceRow?> Find(InstanceId instance, CancellationToken cancellation) => _reads.Find(instance, cancellation);

    public Task<InstanceRow?> FindByBusinessKey(string @namespace, string workflow, string businessKey, CancellationToken cancellation) => _reads.FindByBusinessKey(@namespace, workflow, businessKey, cancellation);

    public Task<IReadOnlyList<InstanceRow>> List(InstanceFilter filter, InstanceId? below, int limit, CancellationToken cancellation) => _reads.List(filter, below, limit, cancellation);

    public Task<IReadOnlyList<OpenGate>> Gates(InstanceId? after, int limit, CancellationToken cancellation) => _reads.Gates(after, limit, cancellation);

    public async Task<IReadOnlyList<StoredPage>> Pages(InstanceId? instance, int limit, CancellationToken cancellation) => instance is { } one
        ? await Of(one, v => v.Pages(one, limit, cancellation)).ConfigureAwait(false)
        : [.. (await All(v => v.Pages(null, limit, cancellation)).ConfigureAwait(false)).SelectMany(pages => pages).OrderByDescending(page => page.RaisedAt).Take(limit)];

    public async Task<IReadOnlyList<Tally>> Tallies(CancellationToken cancellation) =>
        [.. (await All(v => v.Tallies(cancellation)).ConfigureAwait(false)).SelectMany(tallies => tallies).GroupBy(t => t with { Count = 0 }).Select(g => g.Key with { Count = g.Sum(t => t.Count) })];

    public Task<bool> WasRemoved(InstanceId instance, CancellationToken cancellation) => _reads.WasRemoved(instance, cancellation);

    public Task<Verification> Verify(InstanceId instance, (long Version, ReadOnlyMemory<byte> Hash)? knownHead, CancellationToken cancellation) => Of(instance, v => v.Verify(instance, knownHead, cancellation));

    public IReadOnlyList<IViews> Logs => [.. shards.Select(shard => new ShardLog(shard, this))];

    /// <summary>There is no one order over several logs.</summary>
    public Task<IReadOnlyList<FeedRecord>> Feed(long after, int limit, CancellationToken cancellation) => shards.Length == 1 ? One(v => v.Feed(after, limit, cancellation)) : Task.FromException<IReadOnlyList<FeedRecord>>(Many());

    /// <summary>Of several logs: says by changing that one of them has grown, as far as they can be asked.</summary>
    public async Task<long> FeedEnd(CancellationToken cancellation)
    {
        if (shards.Length == 1) return await One(v => v.FeedEnd(cancellation)).ConfigureAwait(false);
        var asked = shards.Select(s => s.Store).OfType<PostgresStore>().Select(s => s.Views.FeedEnd(cancellation)).ToList();
        await Task.WhenAll(asked.Cast<Task>()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (asked.Find(a => a.IsCompletedSuccessfully) is null) await asked[0].ConfigureAwait(false);
        return asked.Where(a => a.IsCompletedSuccessfully).Max(a => a.Result);
    }

    public Task<long> FeedBegin(CancellationToken cancellation) => shards.Length == 1 ? One(v => v.FeedBegin(cancellation)) : Task.FromException<long>(Many());

    private static StoreException Many() => new("feed.many", "This store has several logs, each with an order of its own; each is read by itself.");

    private async Task<T> One<T>(Func<IViews, Task<T>> read) => await read(shards[0].Opened.Views).ConfigureAwait(false);

    private Task<T> Of<T>(InstanceId instance, Func<IViews, Task<T>> read) => store.Of(instance, s => read(s.Views));

    private async Task<T[]> All<T>(Func<IViews, Task<T>> read) => await Task.WhenAll(shards.Select(s => read(s.Opened.Views))).ConfigureAwait(false);

    /// <summary>One of the logs, with the views of all.</summary>
    private sealed class ShardLog(Shard shard, IViews all) : IViews
    {
        public Task<InstanceRow?> Find(InstanceId instance, CancellationToken cancellation) => all.Find(instance, cancellation);

        public Task<InstanceRow?> FindByBusinessKey(string @namespace, string workflow, string businessKey, CancellationToken cancellation) => all.FindByBusinessKey(@namespace, workflow, businessKey, cancellation);

        public Task<IReadOnlyList<InstanceRow>> List(InstanceFilter filter, InstanceId? below, int limit, CancellationToken cancellation) => all.List(filter, below, limit, cancellation);

        public Task<IReadOnlyList<OpenGate>> Gates(InstanceId? after, int limit, CancellationToken cancellation) => all.Gates(after, limit, cancellation);

        public Task<IReadOnlyList<StoredPage>> Pages(InstanceId? instance, int limit, CancellationToken cancellation) => all.Pages(instance, limit, cancellation);

        public Task<IReadOnlyList<Tally>> Tallies(CancellationToken cancellation) => all.Tallies(cancellation);

        public Task<bool> WasRemoved(InstanceId instance, CancellationToken cancellation) => all.WasRemoved(instance, cancellation);

        public Task<Verification> Verify(InstanceId instance, (long Version, ReadOnlyMemory<byte> Hash)? knownHead, CancellationToken cancellation) => all.Verify(instance, knownHead, cancellation);

        public async Task<IReadOnlyList<FeedRecord>> Feed(long after, int limit, CancellationToken cancellation) => await shard.Opened.Views.Feed(after, limit, cancellation).ConfigureAwait(false);

        public async Task<long> FeedEnd(CancellationToken cancellation) => await shard.Opened.Views.FeedEnd(cancellation).ConfigureAwait(false);

        public async Task<long> FeedBegin(CancellationToken cancellation) => await shard.Opened.Views.FeedBegin(cancellation).ConfigureAwait(false);
    }
}
