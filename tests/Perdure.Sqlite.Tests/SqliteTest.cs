using Microsoft.Extensions.Logging.Abstractions;
using Perdure.Ports;
using Perdure.StoreConformance;

namespace Perdure.Sqlite.Tests;

/// <summary>A store in a folder of its own.</summary>
public abstract class SqliteTest : IAsyncDisposable
{
    private readonly Place _place = new();
    private readonly List<SqliteStore> _stores = [];
    private long _number;

    protected static CancellationToken Now => TestContext.Current.CancellationToken;

    protected string Folder => _place.Folder;

    protected string File => _place.File;

    protected long Epoch { get; private set; }

    internal static SqliteStore New(string file, Action<SqliteStoreOptions>? configure = null)
    {
        var options = new SqliteStoreOptions { Path = file };
        configure?.Invoke(options);
        return new(options, NullLogger<SqliteStore>.Instance);
    }

    protected async Task<SqliteStore> Open(Action<SqliteStoreOptions>? configure = null)
    {
        var store = New(File, configure);
        _stores.Add(store);
        Epoch = (await store.Open(new("host-1", 4711, "build-1"), Now)).Lanes[0].Epoch;
        await store.Register(Orders.Map(), Now);
        return store;
    }

    protected Task<CommitAnswer> Send(SqliteStore store, params Item[] items)
    {
        var answered = new TaskCompletionSource<CommitAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        store.Commit(new(0, Epoch, ++_number, items), answered.SetResult);
        return answered.Task;
    }

    protected async Task Must(SqliteStore store, params Item[] items) =>
        Assert.All(Assert.IsType<CommitAnswer.Committed>(await Send(store, items)).Items, a => Assert.IsType<ItemAnswer.Committed>(a));

    protected static async Task<StoreException> Refuses(SqliteStore store)
    {
        await using (store) return await Assert.ThrowsAsync<StoreException>(() => store.Open(new("host-2", 815, "build-2"), Now));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _stores) await store.DisposeAsync();
        _place.Dispose();
        GC.SuppressFinalize(this);
    }
}
