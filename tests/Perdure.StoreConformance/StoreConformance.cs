using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.StoreConformance;

/// <summary>
/// What every store promises to the runtime. A store's tests inherit this once, unchanged, and say how to make their store. Items are built by hand from rows; no runtime
/// is needed.
/// </summary>
public abstract partial class StoreConformance : IAsyncLifetime
{
    protected static readonly NodeIdentity Node = new("host-1", 4711, "build-1");
    private readonly List<IStore> _made = [];
    private long _number;

    /// <summary>A store over this test's own place, not opened yet. Called again, another one over the same place.</summary>
    protected abstract IStore Create();

    /// <summary>Changes the stored log behind the store's back. False where this store cannot be tampered with by a test.</summary>
    protected virtual bool Tamper(InstanceId instance, long version, Tampering how) => false;

    /// <summary>The lane that the tests write to; their instances are of it.</summary>
    protected virtual LaneLease Chosen(Ownership owned) => Assert.Single(owned.Lanes);

    /// <summary>The log that it writes to, where the store has several.</summary>
    protected virtual IViews Log => Store.Views;

    protected IStore Store { get; private set; } = null!;

    protected LaneLease Lease { get; private set; } = null!;

    protected Ownership Owned { get; private set; } = null!;

    protected static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await Open();
        await Store.Register(Orders.Map(), Now);
    }

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var store in _made) await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Whether an opening has got the lanes that a test needs.</summary>
    protected virtual bool HasAll(Ports.Ownership owned) => owned.Lanes.Count > 0;

    /// <summary>Opens a store over the test's place and makes it the present one.</summary>
    protected async Task Open()
    {
        for (var tries = 1; ; tries++)
        {
            Store = Create();
            _made.Add(Store);
            Owned = await Store.Open(Node, Now);
            if (HasAll(Owned) || tries == 5) break;
            // The server may not have noticed yet that the connection of the owner before is gone.
            await Store.Close(Now);
            await Store.DisposeAsync();
        }
        Lease = Chosen(Owned);
        _number = 0;
    }

    /// <summary>As a process that ends, in order or not, and the next that starts.</summary>
    protected async Task Restart(bool clean = true)
    {
        if (clean) await Store.Close(Now);
        await Store.DisposeAsync();
        await Open();
    }

    /// <summary>Writes items in one batch and gives the store's answer.</summary>
    protected Task<CommitAnswer> Send(params Item[] items) => Send(Lease.Epoch, items);

    protected Task<CommitAnswer> Send(long epoch, Item[] items)
    {
        var answered = new TaskCompletionSource<CommitAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        Store.Commit(new(Lease.Lane, epoch, ++_number, items), answered.SetResult);
        return answered.Task;
    }

    /// <summary>Writes items in one batch that must be committed, and gives the answers.</summary>
    protected async Task<IReadOnlyList<ItemAnswer>> Commit(params Item[] items)
    {
        var answer = await Send(items);
        if (answer is CommitAnswer.Failed failed) throw failed.Reason;
        return Assert.IsType<CommitAnswer.Committed>(answer).Items;
    }

    /// <summary>Writes items that must all be committed.</summary>
    protected async Task Must(params Item[] items) => Assert.All(await Commit(items), a => Assert.IsType<ItemAnswer.Committed>(a));

    protected async Task<StoredInstance> Loaded(InstanceId id) => Assert.IsType<StoredInstance>(await Store.Load(id, Now));
}

/// <summary>How a test changes the log behind the store's back.</summary>
public enum Tampering
{
    /// <summary>Another body.</summary>
    Alter,
    /// <summary>The record is gone.</summary>
    Remove,
    /// <summary>The record has changed places with the next one.</summary>
    Swap,
    /// <summary>The record and all after it are gone.</summary>
    CutTail,
}
