using System.Runtime.CompilerServices;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Simulation.Database;

/// <summary>
/// The transaction of one attempt. It has no connection: an operation that runs inside of one is replaced in a simulation, and says what takes effect with the record. A commit whose answer is lost
/// is not asked for again, and may come late: then the next record of the instance has its version.
/// </summary>
internal sealed class SimulatedTransaction : ITransaction
{
    private static readonly ConditionalWeakTable<StoreTransaction, SimulatedTransaction> Open = [];

    private readonly SimulatedStore _store;
    private bool _disposed;

    public SimulatedTransaction(SimulatedStore store)
    {
        _store = store;
        store.OpenTransactions++;
        Open.Add(Store, this);
    }

    /// <inheritdoc />
    public StoreTransaction Store { get; } = new(null!, null!);

    /// <summary>What takes effect once it is durable.</summary>
    public Action? Effect { get; set; }

    /// <summary>The transaction that an attempt was given.</summary>
    public static SimulatedTransaction Of(Attempt attempt) =>
        attempt.Store is { } store && Open.TryGetValue(store, out var transaction) ? transaction : throw new InvalidOperationException("The attempt has no transaction of this world.");

    /// <inheritdoc />
    public Task<TransactionAnswer> Commit(int lane, long epoch, Item item) => _store.End(lane, epoch, item, Effect);

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        if (!_disposed) _store.OpenTransactions--;
        _disposed = true;
        return default;
    }
}

/// <summary>Ends of operations, each in a transaction of its own.</summary>
internal sealed partial class SimulatedStore : ITransactions
{
    private readonly List<(int Lane, long Epoch)> _ends = [];

    /// <summary>Transactions of attempts that were begun and not given back: each holds a connection.</summary>
    public int OpenTransactions { get; set; }

    /// <inheritdoc />
    public ITransactions Transactions => this;

    /// <inheritdoc />
    public Task<ITransaction> Begin(int of, TimeSpan within, CancellationToken cancellation) =>
        _closed ? Task.FromException<ITransaction>(Closed()) : Task.FromResult<ITransaction>(new SimulatedTransaction(this));

    /// <summary>Writes the end of an operation, with what takes effect.</summary>
    public Task<TransactionAnswer> End(int of, long epoch, Item item, Action? effect)
    {
        var done = new TaskCompletionSource<TransactionAnswer>();
        if (_closed)
        {
            done.SetResult(new TransactionAnswer.Failed(new("store.closed", "The store is closed.", Transient: true)));
            return done.Task;
        }
        // A lane that is told of the fence by one end may stand before the ends of others then, which it takes up first: it has gone on only where it gives a batch.
        database.Given?.Invoke(of, epoch);
        _wrote.Add((of, epoch));
        _ends.Add((of, epoch));
        link.Send<CommitAnswer>(
            $"end {of}/{epoch} {item.Instance} {item.Version}", writes: true,
            (durable, lost) => database.Write(tables => End(tables, of, epoch, item), durable, lost, new(of, epoch, 0, [item]), effect),
            answer => Ended(answer switch
            {
                CommitAnswer.Committed { Items: [ItemAnswer.Committed(var position)] } => new TransactionAnswer.Committed(position),
                CommitAnswer.Committed { Items: [ItemAnswer.Refused(var reason)] } => new TransactionAnswer.Refused(reason),
                CommitAnswer.Fenced(var other) => new TransactionAnswer.Fenced(other),
                _ => new TransactionAnswer.Unknown(new("store.unavailable", "The record is there already.")),
            }),
            (failure, reason) => Ended(failure == LinkFailure.NotDone
                ? new TransactionAnswer.Failed(new("transaction.failed", reason.Message, Transient: true))
                : new TransactionAnswer.Unknown(reason)));
        return done.Task;

        void Ended(TransactionAnswer answer)
        {
            _ends.Remove((of, epoch));
            if (answer is TransactionAnswer.Fenced) _fenced.Add((of, epoch));
            done.SetResult(answer);
        }
    }

    private static CommitAnswer End(Tables tables, int of, long epoch, Item item) =>
        tables.FenceOf(of) is { } fence && fence.Epoch == epoch ? new CommitAnswer.Committed([tables.Write(item)]) : new CommitAnswer.Fenced(tables.FenceOf(of)?.Epoch ?? 0);
}
