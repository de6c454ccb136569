using Perdure.Ports;

namespace Perdure.Postgres.Sharding;

/// <summary>One of the databases, as a node has it: open, or not yet.</summary>
internal sealed class Shard(int number, string name, PostgresStoreOptions options)
{
    private volatile PostgresStore? _store;
    private volatile StoreException? _why;

    public int Number => number;

    public string Name => name;

    public PostgresStoreOptions Options => options;

    /// <summary>Its lanes; known with where the family's ids begin, before it is opened.</summary>
    public LaneRange Lanes { get; set; }

    /// <summary>Its store, open; null where it could not be opened yet.</summary>
    public PostgresStore? Store
    {
        get => _store;
        set => _store = value;
    }

    /// <summary>What it owned when it was opened, until somebody was told.</summary>
    public Ports.Ownership? Untold { get; set; }

    /// <summary>The nodes that are alive there.</summary>
    public IReadOnlyList<NodeIdentity> Peers { get; set; } = [];

    /// <summary>Whether it was found away, and is not open.</summary>
    public bool IsMissing => _why is not null && _store is null;

    /// <summary>Why it is not open.</summary>
    public void Missing(StoreException why) => _why = why;

    /// <summary>Its store.</summary>
    /// <exception cref="StoreException">It is not open.</exception>
    public PostgresStore Opened => _store ?? throw Why;

    /// <summary>What whoever needs it is told while it is not open.</summary>
    public StoreException Why => _why is { } why ? new(why.Code, $"The database {name} is away: {why.Message}", why) : new("store.closed", "The store is not open.");
}
