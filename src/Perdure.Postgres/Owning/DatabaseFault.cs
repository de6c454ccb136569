using System.Net.Sockets;
using Npgsql;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Owning;

/// <summary>What the database answered, or did not, in words for people and with a stable code.</summary>
internal static class DatabaseFault
{
    /// <summary>Whether the connection can be used on: somebody held a row for too long, or the statement took too long.</summary>
    public static bool IsPassing(Exception fault) => fault is PostgresException
    {
        SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure
    };

    /// <summary>The same as a fault of the store.</summary>
    public static StoreException Explain(Exception fault) => fault switch
    {
        StoreException told => told,
        PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } full => new("store.busy", $"PostgreSQL has no connection to give ({full.MessageText}). Raise max_connections or run fewer nodes.", full),
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification or PostgresErrorCodes.InsufficientPrivilege } denied =>
            new("store.unavailable", $"PostgreSQL does not allow it ({denied.MessageText}). Check the user, the password and what is granted to it.", denied),
        PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } standby => new("store.standby", $"The server cannot be written ({standby.MessageText}). Connect to the primary.", standby),
        PostgresException { SqlState: PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.LockNotAvailable } late => new("store.late", $"PostgreSQL took too long ({late.MessageText}).", late),
        PostgresException { SqlState: PostgresFault.Alone } alone => new("store.sharded", $"The node may not join: {alone.MessageText}.", alone),
        PostgresException other => new("store.unavailable", $"PostgreSQL could not be used ({other.SqlState}: {other.MessageText}).", other),
        NpgsqlException or SocketException or IOException or TimeoutException => new("store.unavailable", $"PostgreSQL cannot be reached ({fault.InnerException?.Message ?? fault.Message}).", fault),
        _ => new("store.unavailable", $"The store's keeper failed ({fault.Message}).", fault),
    };
}
