namespace Perdure.Postgres;

/// <summary>Where the shared store is, and its limits of time and size.</summary>
public sealed class PostgresStoreOptions
{
    /// <summary>An Npgsql connection string, straight to the primary: no pooler that shares connections between transactions. <c>Application Name</c> is the store's own; <c>Search Path</c> is for your operations' transactions, the store has its own. <c>GSS Encryption Mode</c> is <c>Disable</c> unless it says otherwise.</summary>
    public required string ConnectionString { get; set; }

    /// <summary>
    /// An Npgsql connection string to a streaming standby of the same server, for reads whose caller takes what may be old (<c>IPerdure.Reads(stale: true)</c>, <c>?stale=true</c> over HTTP); null for none.
    /// Nothing else ever goes there. While it is away, is no standby of this store, or has another schema version, those reads go to the primary. Up to <see cref="Readers"/> connections.
    /// </summary>
    public string? ReplicaConnectionString { get; set; }

    /// <summary>The schema that holds everything of this store; made where it is missing. Several stores can live in one database under different schemas.</summary>
    public string Schema { get; set; } = "perdure";

    /// <summary>How many lanes the store is divided into when it is made, 1 to 1,024; later openings take what was stored. More lanes spread more evenly; no more nodes than lanes have work.</summary>
    public int Lanes { get; set; } = 12;

    /// <summary>Connections that write, each with a thread of its own. The lanes of a node are divided over them.</summary>
    public int Writers { get; set; } = 2;

    /// <summary>Connections that read for people and for recovery at the most.</summary>
    public int Readers { get; set; } = 8;

    /// <summary>Connections for operations that run inside of a transaction (<see cref="Transacted{TIn,TOut}"/>) at the most; more of them wait for one, within their own time.</summary>
    public int Transactions { get; set; } = 16;

    /// <summary>How long a node that nobody hears of keeps its lanes; counted by each other node on its own monotonic clock, from when it has seen the last renewal. The database's clock, and where it is set to, has no part in it.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>How often a node renews its lease and looks at the others.</summary>
    public TimeSpan Tick { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// How long the opening goes on asking a server that is starting up, or whose answer does not come; and one that was reached and went away before the node had joined the others. One that refuses the first
    /// connection or the login is told of at once.
    /// </summary>
    public TimeSpan OpenWithin { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a statement may take; the write of a batch among them.</summary>
    public TimeSpan StatementWithin { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a command for an instance of another node waits for its answer.</summary>
    public TimeSpan AnswerWithin { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The version of the shard map by which starts are sent to this database; null where it is none of several.</summary>
    internal int? Map
    {
        get => Volatile.Read(ref _map) is > 0 and var version ? version : null;
        set => Volatile.Write(ref _map, value ?? 0);
    }

    private int _map;

    /// <summary>Where the ids of the store's family begin that the map divides, below which all are of its first database; null where it is none, or one that began empty.</summary>
    internal long? Since { get; set; }

    /// <summary>The process's own clock: for time that passes here. Moments that are kept are by the database's.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;
}
