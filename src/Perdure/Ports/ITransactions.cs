namespace Perdure.Ports;

/// <summary>How a store lets operations run inside of transactions of its own database.</summary>
public interface ITransactions
{
    /// <summary>
    /// Whether nothing else of the store is written while one of its transactions is open. Then an instance has nothing to be written, and decides nothing, from before its operation's transaction begins
    /// until it is over: its end would wait for what waits for it.
    /// </summary>
    bool IsExclusive => false;

    /// <summary>Begins a transaction on a connection of its own. Waits where all of them are in use.</summary>
    /// <param name="lane">The lane of the instance for which it is.</param>
    /// <param name="within">How long it may take until it is committed; the database ends a statement that takes longer.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="StoreException">The database is away, or no connection was free in time.</exception>
    Task<ITransaction> Begin(int lane, TimeSpan within, CancellationToken cancellation);
}

/// <summary>A transaction for one attempt of one operation. Disposing of it undoes what was written and not committed.</summary>
public interface ITransaction : IAsyncDisposable
{
    /// <summary>What the operation is given.</summary>
    StoreTransaction Store { get; }

    /// <summary>
    /// Writes the item under the lane's fence, which is taken last, and commits. Called once at the most, and not while anything else of the same instance is being written. Others of the lane are
    /// not held up by what the operation did, only by this one write.
    /// </summary>
    Task<TransactionAnswer> Commit(int lane, long epoch, Item item);
}

/// <summary>How the commit of an operation's transaction went. The set is closed.</summary>
public abstract record TransactionAnswer
{
    private TransactionAnswer() { }

    /// <summary>Durable: what the operation wrote and the record, at that place in the store's log.</summary>
    public sealed record Committed(long Position) : TransactionAnswer;
    /// <summary>A newer epoch owns the lane. Nothing was written; this owner must stop.</summary>
    public sealed record Fenced(long Epoch) : TransactionAnswer;
    /// <summary>Nothing was written, for certain: the attempt has failed.</summary>
    public sealed record Failed(Failure Failure) : TransactionAnswer;
    /// <summary>Nothing was written, for certain: the database refused the engine's own rows.</summary>
    public sealed record Refused(string Reason) : TransactionAnswer;
    /// <summary>It was written or not, and what is read from now on says which; or a later write of the instance finds out. The instance has to be read again.</summary>
    public sealed record Unknown(StoreException Reason) : TransactionAnswer;
}
