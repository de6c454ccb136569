namespace Perdure.Sqlite;

/// <summary>Where the embedded store is and how it behaves. Every bound has a sane default.</summary>
public sealed class SqliteStoreOptions
{
    /// <summary>The database file. It and its folder are made where they are missing.</summary>
    public string Path { get; set; } = System.IO.Path.Combine("data", "perdure.db");

    /// <summary>How long one read may take before it ends with <c>store.read-timeout</c>.</summary>
    public TimeSpan ReadWithin { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a write waits for another program that has locked the file before it fails with <c>store.busy</c>.</summary>
    public TimeSpan LockWithin { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the transaction of one operation (<see cref="Transacted{TIn,TOut}"/>) may take. A file has one writer: nothing else is written meanwhile. One that takes longer is rolled back, and
    /// its attempt has failed with <c>transaction.too-long</c>.
    /// </summary>
    public TimeSpan TransactionWithin { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Threads that read for recovery, and as many that read for people.</summary>
    public int Readers { get; set; } = 2;

    /// <summary>From this size of the write-ahead log on it is moved into the database beside the writer.</summary>
    public long CheckpointBytes { get; set; } = 32L * 1024 * 1024;

    /// <summary>
    /// The bound on the write-ahead log, and so on the work of a recovery. From half of it on the writer is made to wait for a moment, so that the log begins anew.
    /// Only a read that is still under way can delay that, for as long as a read may take.
    /// </summary>
    public long WalBytesMax { get; set; } = 128L * 1024 * 1024;

    /// <summary>The most memory that the writer uses to keep pages of the database.</summary>
    public long CacheBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>The size that the database may grow to; writes beyond it fail with <c>store.full</c>. Null: as large as the volume.</summary>
    public long? MaxBytes { get; set; }

    /// <summary>The store's clock: moments in the log, timers and deadlines are by it.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;
}
