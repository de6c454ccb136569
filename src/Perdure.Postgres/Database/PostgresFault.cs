using System.Net.Sockets;
using Npgsql;
using Perdure.Ports;

namespace Perdure.Postgres.Database;

/// <summary>What PostgreSQL, or the way to it, answered: what it means, and the same in words for people with a stable code.</summary>
internal static class PostgresFault
{
    /// <summary>A lane that another epoch owns, or a batch that comes after its number was closed.</summary>
    public const string Fenced = "PD002";

    /// <summary>An operation has ended the transaction that it was given.</summary>
    public const string NotTheAttempts = "PD004";

    /// <summary>A node that knows no shard map, or not where the ids of its family begin.</summary>
    public const string Alone = "PD005";

    /// <summary>A version of the map waits until nodes have left that know none.</summary>
    public const string Waits = "PD006";

    /// <summary>The server refused a statement and rolled its transaction back: nothing of it was written, for certain. What ends the connection is not that certain.</summary>
    public static bool IsCertain(Exception fault) => fault is PostgresException { InvariantSeverity: "ERROR" };

    /// <summary>The rows themselves are at fault, not the server: a constraint, a trigger, a value that does not fit.</summary>
    public static bool BlamesRows(PostgresException fault) => fault.SqlState is ['2', '2' or '3', ..] or ['5', '4', ..] or ['P', 'D', ..] && fault.SqlState is not (Fenced or NotTheAttempts);

    /// <summary>The statement took longer than one may: less at once may well get through.</summary>
    public static bool TookTooLong(PostgresException fault) => fault.SqlState == PostgresErrorCodes.QueryCanceled;

    /// <summary>A unique key that is there already.</summary>
    public static bool IsDuplicate(PostgresException fault) => fault.SqlState == PostgresErrorCodes.UniqueViolation;

    /// <summary>Another transaction was in the way; the same again may well succeed.</summary>
    public static bool IsPassing(PostgresException fault) => fault.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected;

    /// <summary>Whether the connection can be used on, as it cannot after most faults: somebody held a row for too long, or the statement took too long.</summary>
    public static bool LeavesConnection(Exception fault) => fault is PostgresException p && (IsPassing(p) || p.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled);

    /// <summary>The server cannot be used at all for now: it is not reached, starts, stops, has no connection left, or has become a standby.</summary>
    public static bool IsAway(Exception fault) => fault switch
    {
        PostgresException { SqlState: ['0', '8', ..] or ['2', '8', ..] or ['3', 'D', ..] or ['5', '7', 'P', ..] } => true,
        PostgresException { SqlState: PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.CannotConnectNow } => true,
        PostgresException => false,
        NpgsqlException or IOException or TimeoutException or SocketException => true,
        _ => false,
    };

    /// <summary>Where the server was asked before under the same name: what is away now may come back. That it has no connection left, or is no primary, is told at once.</summary>
    public static bool ComesBack(Exception fault) => IsAway(fault) && fault is not PostgresException { SqlState: ['2', '8', ..] or ['3', 'D', ..] or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.ReadOnlySqlTransaction };

    /// <summary>The server is there and does not serve yet, or takes longer than a connection may: it may well in a moment. Nobody listening, and a login that is refused, are not that.</summary>
    public static bool IsStarting(Exception fault) => fault switch
    {
        PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow } => true,
        PostgresException => false,
        NpgsqlException { InnerException: AggregateException several } => several.InnerExceptions.Any(IsStarting),
        NpgsqlException { InnerException: TimeoutException or IOException } => true,
        _ => false,
    };

    /// <summary>In words for people, with a stable code.</summary>
    public static StoreException Explain(Exception fault, string where) => fault switch
    {
        StoreException known => known,
        PostgresException p => Explain(p, where),
        NpgsqlException { InnerException: TimeoutException } e when e.Message.Contains("pool", StringComparison.Ordinal) =>
            new("store.busy", $"Every connection that may read {where} is in use. Ask for less at a time, or raise the store's Readers.", e),
        NpgsqlException { InnerException: TimeoutException } e => new("store.unavailable", $"{where} did not answer in time ({e.Message}). Work goes on by itself when it does.", e),
        NpgsqlException or SocketException or IOException or TimeoutException =>
            new("store.unavailable", $"{where} cannot be reached ({fault.Message}). Check the server and the way to it; work goes on by itself when it is back.", fault),
        _ => new("store.unavailable", $"{where} could not be used ({fault.Message}).", fault),
    };

    private static StoreException Explain(PostgresException fault, string where) => fault.SqlState switch
    {
        PostgresErrorCodes.DiskFull => new("store.full", $"There is no room left to write {where} ({fault.MessageText}). Nothing that was acknowledged is lost. Free space; writing goes on by itself.", fault),
        PostgresErrorCodes.TooManyConnections => new("store.busy", $"{where} has no connection left ({fault.MessageText}). Raise max_connections, or lower the Writers and Readers of the nodes.", fault),
        PostgresErrorCodes.QueryCanceled => new("store.timeout", $"A statement took longer than it may at {where} ({fault.MessageText}). Look for what holds the server up.", fault),
        PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure =>
            new("store.busy", $"Another transaction holds what is needed at {where} ({fault.MessageText}). End it; work goes on by itself.", fault),
        PostgresErrorCodes.ReadOnlySqlTransaction =>
            new("store.read-only", $"{where} cannot be written ({fault.MessageText}). Name the primary, or several hosts with Target Session Attributes=primary; a role or database set to read only must not be.", fault),
        PostgresErrorCodes.InsufficientPrivilege => new("store.read-only", $"{where} may not be written ({fault.MessageText}). Give the role the rights to make and use the schema.", fault),
        PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted => new("store.corrupt", $"{where} is damaged ({fault.MessageText}). Stop, keep a copy, and restore a backup.", fault),
        PostgresErrorCodes.IoError => new("store.io", $"Reading or writing {where} failed ({fault.MessageText}). Check the server's volume; nothing that was acknowledged is lost.", fault),
        Alone => new("store.sharded", $"{where}: {fault.MessageText}.", fault),
        Waits => Sharding.Enrolment.WaitsFor(where, fault.MessageText),
        ['2', '8', ..] => new("store.unavailable", $"{where} refuses the login ({fault.MessageText}). Check user, password and pg_hba.conf.", fault),
        _ => new("store.unavailable", $"{where} could not be used ({fault.MessageText}, SQLSTATE {fault.SqlState}).", fault),
    };
}
