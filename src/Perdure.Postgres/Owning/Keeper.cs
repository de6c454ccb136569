using Perdure.Kernel;
using Perdure.Owning;
using Perdure.Ports;

namespace Perdure.Postgres.Owning;

/// <summary>
/// Keeps a node's lanes: joins, renews the lease, looks at the other nodes, takes and hands over. All of it happens on one thread, over one connection that holds the node's lock. The epoch
/// in a lane's row alone decides who may write; what is kept here is who ought to, and until when this node may be sure of it.
/// </summary>
/// <param name="options">Where the store is, and its spans of time.</param>
/// <param name="faulted">Told of what went wrong in the node when it was told something.</param>
internal sealed class Keeper(PostgresStoreOptions options, Action<Exception>? faulted = null) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly PostgresClock _clock = new(options.Time);
    private KeeperThread? _thread;

    /// <summary>The node's number. It stays for the life of the keeper, also where others have taken the node for dead meanwhile.</summary>
    public int NodeNumber => Thread.Number;

    /// <summary>The name of all sessions of this node: those of a dead node are found by it and ended.</summary>
    public string ApplicationName => Thread.ApplicationName;

    /// <summary>The database's clock, as far as this node knows it. Known once the keeper is open.</summary>
    public PostgresClock Clock => _clock;

    /// <summary>What the nodes tell one another.</summary>
    public Wakes Wakes { get; } = new();

    /// <summary>Joins the nodes and takes the lanes that are its own to take; waits a little for those of a node that seems to be dead.</summary>
    /// <returns>One for each lane.</returns>
    /// <exception cref="StoreException">With the codes <c>store.pooled</c>, <c>store.standby</c>, <c>store.unavailable</c>, <c>store.busy</c>, <c>store.timeout</c>, <c>store.read-only</c>.</exception>
    public IReadOnlyList<Perdure.Ports.Ownership> Open(NodeIdentity node, CancellationToken cancellation)
    {
        _thread = new(options, node, Patience, _clock, Wakes, faulted);
        using var cancelled = cancellation.Register(_thread.Stop);
        _thread.Start();
        try
        {
            return _thread.Opened.GetAwaiter().GetResult();
        }
        catch
        {
            cancellation.ThrowIfCancellationRequested();
            throw;
        }
    }

    /// <summary>Names whom to tell, and begins to hand lanes over.</summary>
    public void Attach(ILaneOwner owner) => Thread.Attach(owner);

    /// <summary>Whether it is certain at this moment that no other node owns the lane.</summary>
    public bool Holds(int lane) => _thread is { } thread && thread.Holds(lane);

    /// <summary>The epoch under which this node has the lane; 0 where it has not.</summary>
    public long EpochOf(int lane) => _thread is { } thread ? thread.EpochOf(lane) : 0;

    /// <summary>A writer found a newer epoch in the lane's row than the one it had: from now on the lane is not held under an older one.</summary>
    public void Fenced(int lane, long epoch) => _thread?.Fenced(lane, epoch);

    /// <summary>The node has given up a lane by itself: it is taken anew.</summary>
    public void GivenUp(int lane, long epoch) => _thread?.GivenUp(lane, epoch);

    /// <summary>Begins to leave in order, and does not wait for it.</summary>
    public void Leave() => _thread?.Leave();

    /// <summary>Leaves in order: hands all lanes over, removes the node's row, gives back its lock. Where that is not done in time the lanes stay as after a death.</summary>
    public async Task Close(CancellationToken cancellation)
    {
        if (_thread is not { } thread) return;
        using var cancelled = cancellation.Register(thread.Stop);
        try { await thread.Close().ConfigureAwait(false); }
        catch (StoreException)
        {
            cancellation.ThrowIfCancellationRequested();
            throw;
        }
    }

    /// <summary>Ends it. Without <see cref="Close"/> before, the lock is let go of at once, and others take the lanes as those of a dead node.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_thread is not { } thread) return;
        thread.Stop();
        await thread.Ended.ConfigureAwait(false);
    }

    private KeeperThread Thread => _thread ?? throw new InvalidOperationException("The keeper is not open.");
}
