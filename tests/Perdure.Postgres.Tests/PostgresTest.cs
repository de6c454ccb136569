using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Perdure.Ports;
using Perdure.StoreConformance;

namespace Perdure.Postgres.Tests;

/// <summary>A store in a schema of its own.</summary>
public abstract class PostgresTest : IAsyncLifetime
{
    private readonly List<PostgresStore> _stores = [];
    private long _number;

    protected static readonly NodeIdentity Node = new("host-1", 4711, "build-1");

    protected static CancellationToken Now => TestContext.Current.CancellationToken;

    internal Place Place { get; private set; } = null!;

    protected Ports.Ownership Owned { get; private set; } = null!;

    protected long Epoch => EpochOf(0);

    private long EpochOf(int lane) => Owned.Lanes.Single(l => l.Lane == lane).Epoch;

    public virtual async ValueTask InitializeAsync() => Place = await Made();

    internal virtual Task<Place> Made() => Place.Make();

    protected virtual ILogger<PostgresStore> Log => NullLogger<PostgresStore>.Instance;

    protected PostgresStore New(Action<PostgresStoreOptions>? configure = null)
    {
        var store = new PostgresStore(Place.Options(configure), Log);
        _stores.Add(store);
        return store;
    }

    protected async Task<PostgresStore> Open(Action<PostgresStoreOptions>? configure = null)
    {
        var store = New(configure);
        Owned = await store.Open(Node, Now);
        await store.Register(Orders.Map(), Now);
        return store;
    }

    /// <summary>Gives a batch of the first lane under the next number.</summary>
    protected Task<CommitAnswer> Send(IStore store, params Item[] items) => Send(store, 0, ++_number, items);

    protected Task<CommitAnswer> Send(IStore store, int lane, long number, params Item[] items)
    {
        var answered = new TaskCompletionSource<CommitAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        store.Commit(new(lane, EpochOf(lane), _number = number, items), answered.SetResult);
        return answered.Task.WaitAsync(TimeSpan.FromSeconds(60), Now);
    }

    protected async Task Must(IStore store, params Item[] items) =>
        Assert.All(Assert.IsType<CommitAnswer.Committed>(await Send(store, items)).Items, a => Assert.IsType<ItemAnswer.Committed>(a));

    protected async Task<StoreException> Refuses(Action<PostgresStoreOptions>? configure = null) =>
        await Assert.ThrowsAsync<StoreException>(() => New(configure).Open(new("host-2", 815, "build-2"), Now));

    /// <summary>The lane is another's by now; or its own anew, under a newer epoch still, where it has seen that already.</summary>
    protected void Passed(CommitAnswer answer) => Assert.InRange(Assert.IsType<CommitAnswer.Fenced>(answer).Epoch, Epoch + 1, long.MaxValue);

    /// <summary>Waits until the store's one writer waits for a lock; asks the server again and again, for some seconds at the most.</summary>
    internal static Task UntilHeldUp(PostgresStore store, Shell shell) => UntilHeldUp(shell, () => $"pid = {store.Backends[0]}");

    /// <summary>Waits until a session waits for a lock. Which one is asked each time: it may not be there yet.</summary>
    internal static async Task UntilHeldUp(Shell shell, Func<string> session, Task? done = null)
    {
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        while (!shell.One<bool>($"SELECT count(*) > 0 FROM pg_stat_activity WHERE {session()} AND wait_event_type = 'Lock'"))
        {
            if (done is { IsCompleted: true } || System.Diagnostics.Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(20)) throw new TimeoutException("Nobody came to wait for a lock.");
            await Task.Yield();
        }
    }

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var store in _stores) await store.DisposeAsync();
        await Place.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
