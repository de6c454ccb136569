using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Sharding;

/// <summary>
/// Reads of several databases as one. What is of one instance is asked where its id says; a list is merged by ids, which all databases share, and fails as a whole where one cannot be read: a list that
/// leaves some out must not look like one that does not.
/// </summary>
/// <param name="shards">The databases.</param>
/// <param name="homes">Where ids and keys are.</param>
/// <param name="of">The reads of one of them: of its primary or its replica.</param>
internal sealed class ShardedReads(Shard[] shards, Homes homes, Func<PostgresStore, IStoreReads> of) : IStoreReads
{
    private readonly IStoreReads?[] _each = new IStoreReads?[shards.Length];

    /// <summary>That of the oldest of what was read, whichever database it is of.</summary>
    public TimeSpan? Staleness
    {
        get
        {
            var oldest = TimeSpan.Zero;
            foreach (var one in _each)
            {
                if (one is null) continue;
                if (one.Staleness is not { } age) return null;
                if (age > oldest) oldest = age;
            }
            return oldest;
        }
    }

    public Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation) => Of(instance, r => r.Load(instance, cancellation));

    public Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) => Of(instance, r => r.Records(instance, fromVersion, limit, cancellation));

    public Task<InstanceRow?> Find(InstanceId instance, CancellationToken cancellation) => Of(instance, r => r.Find(instance, cancellation));

    public Task<InstanceRow?> FindByBusinessKey(string @namespace, string workflow, string businessKey, CancellationToken cancellation) =>
        ShardedStore.First(shards, homes.Home(Homes.SlotOf(@namespace, workflow, businessKey, isBusiness: true)), s => Reads(s).FindByBusinessKey(@namespace, workflow, businessKey, cancellation));

    public async Task<IReadOnlyList<InstanceRow>> List(InstanceFilter filter, InstanceId? below, int limit, CancellationToken cancellation) =>
        [.. (await All(r => r.List(filter, below, limit, cancellation)).ConfigureAwait(false)).SelectMany(rows => rows).OrderByDescending(row => row.Id.Value).Take(limit)];

    public async Task<IReadOnlyList<OpenGate>> Gates(InstanceId? after, int limit, CancellationToken cancellation) =>
        [.. (await All(r => r.Gates(after, limit, cancellation)).ConfigureAwait(false)).SelectMany(gates => gates).OrderBy(gate => gate.Instance.Id.Value).Take(limit)];

    public Task<bool> WasRemoved(InstanceId instance, CancellationToken cancellation) => Of(instance, r => r.WasRemoved(instance, cancellation));

    // One object for each database: it adds up how old its reads are. Reads may come from several threads.
    private IStoreReads Reads(Shard shard) => Volatile.Read(ref _each[shard.Number]) ?? Interlocked.CompareExchange(ref _each[shard.Number], of(shard.Opened), null) ?? _each[shard.Number]!;

    // What goes wrong before the read begins is told as the read tells it.
    private async Task<T> Of<T>(InstanceId instance, Func<IStoreReads, Task<T>> read) => await read(Reads(ShardedStore.Numbered(shards, homes.Of(instance)))).ConfigureAwait(false);

    private async Task<T[]> All<T>(Func<IStoreReads, Task<T>> read) => await Task.WhenAll(shards.Select(s => read(Reads(s)))).ConfigureAwait(false);
}
