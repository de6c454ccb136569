using System.Data;
using System.Diagnostics;
using Npgsql;
using Perdure.Ports;

namespace Perdure.Postgres.Database;

/// <summary>
/// The schema in the database: whose it is, which version it has, and how it is moved forward, under a lock and forward only. A version only adds to the one before, so that nodes
/// of the build before go on beside it; a build opens schemas up to one version newer than its own.
/// </summary>
internal static class StoreSchema
{
    private const int OldestServer = 15_00_00;

    // Nodes that start together wait for the one that makes or moves the schema, however busy the server is; and that one longer than they for what is in its way.
    private static readonly TimeSpan WaitsForAnother = TimeSpan.FromSeconds(60), WaitsForOthers = TimeSpan.FromSeconds(45);

    // How long a step may wait for a table, and writers behind it. A vacuum gives way by itself, but not before the server's deadlock_timeout, which is a second.
    private static readonly TimeSpan WaitsForTable = TimeSpan.FromMilliseconds(100), WaitsForVacuum = TimeSpan.FromMilliseconds(1_500);

    /// <summary>The newest schema that this code knows.</summary>
    public static int Version { get; } = SqlText.Schema().Max(s => s.Version);

    /// <summary>
    /// Makes the schema where it is missing, or moves it forward; says with a code why it cannot be used. Gives the number of lanes and the schema's number in the database. A step waits for
    /// a table only for a moment, since writers queue behind it as long as it waits; where an open transaction is in the way the step is taken back, and tried again after a pause.
    /// </summary>
    public static (int Lanes, long Oid) Prepare(NpgsqlConnection connection, Connections connections, PostgresStoreOptions options, string build, IEnumerable<(int Version, string Sql)>? scripts = null)
    {
        var known = (scripts ?? SqlText.Schema()).ToList();
        var began = Stopwatch.GetTimestamp();
        Hold(connection, options.Schema);
        try
        {
            for (; ; Run(connection, SqlText.Statement("pause")))
            {
                try
                {
                    return Move(connection, connections, options, build, known);
                }
                catch (PostgresException held) when (IsInTheWay(held) && Stopwatch.GetElapsedTime(began) < WaitsForOthers)
                {
                    // Whoever holds the table may need a while; those that write to it must not.
                }
            }
        }
        finally
        {
            if (connection.FullState == ConnectionState.Open) Run(connection, SqlText.Statement("free-schema"), options.Schema);
        }
    }

    /// <summary>Looks whether this build can read what is there, and changes nothing.</summary>
    /// <exception cref="StoreException">There is no store, or one of a schema that is too new.</exception>
    public static void CheckReadable(NpgsqlConnection connection, Connections connections, string schema)
    {
        var present = Inspect(connection, connections, schema);
        if (present == 0) throw new StoreException("store.foreign", $"{connections.Where} holds no store of Perdure.");
        if (IsTooNew(present, connections) is { } tooNew) throw tooNew;
    }

    private static StoreException? IsTooNew(int present, Connections connections)
    {
        var known = SqlText.Schema().Max(s => s.Version);
        return present <= known + 1 ? null
            : new("store.newer", $"{connections.Where} has schema version {present}; this build knows versions up to {known} and the one after it. Nothing was changed in it. Run the newer build again, or restore a backup from before the upgrade.");
    }

    /// <summary>Another transaction holds what is needed: the same may well succeed in a moment.</summary>
    public static bool IsInTheWay(PostgresException fault) => fault.SqlState == PostgresErrorCodes.LockNotAvailable || PostgresFault.IsPassing(fault);

    private static (int Lanes, long Oid) Move(NpgsqlConnection connection, Connections connections, PostgresStoreOptions options, string build, List<(int Version, string Sql)> known)
    {
        using var transaction = connection.BeginTransaction();
        Within(connection, WaitsForAnother, WaitsForAnother);
        var present = Inspect(connection, connections, options.Schema);
        if (IsTooNew(present, connections) is { } tooNew) throw tooNew;
        if (present == 0) Script(connection, $"CREATE SCHEMA IF NOT EXISTS {connections.Schema}");
        else Within(connection, One(connection, SqlText.Statement("is-vacuumed"), r => r.GetBoolean(0), options.Schema) ? WaitsForVacuum : WaitsForTable, WaitsForAnother);
        var at = options.Time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var version in known.Where(s => s.Version > present).GroupBy(s => s.Version).OrderBy(g => g.Key))
        {
            foreach (var (_, sql) in version) Script(connection, sql);
            Run(connection, SqlText.Statement("schema-applied"), version.Key, at, build);
        }
        if (present == 0)
        {
            Run(connection, SqlText.Statement("make-store"), (short)options.Lanes);
            Run(connection, SqlText.Statement("make-lanes"));
        }
        Run(connection, SqlText.Statement("raise-base"));
        var store = One(connection, SqlText.Statement("store"), r => ((int)r.GetInt16(0), r.GetInt64(1)), options.Schema);
        transaction.Commit();
        return store;
    }

    // For the session: it is kept over all tries, and goes with the connection.
    private static void Hold(NpgsqlConnection connection, string schema)
    {
        using var transaction = connection.BeginTransaction();
        Within(connection, WaitsForAnother, WaitsForAnother);
        Run(connection, SqlText.Statement("hold-schema"), schema);
        transaction.Commit();
    }

    /// <summary>Holds the schema against others that would change it, until the transaction ends.</summary>
    public static void Lock(NpgsqlConnection connection, string schema)
    {
        Within(connection, WaitsForAnother, WaitsForAnother);
        Run(connection, SqlText.Statement("lock-schema"), schema);
    }

    // Nor is a transaction of these a frozen owner's: between two of its statements it may take longer than a lease.
    private static void Within(NpgsqlConnection connection, TimeSpan toLock, TimeSpan each) => Script(connection,
        $"SET LOCAL lock_timeout = {(int)toLock.TotalMilliseconds}; SET LOCAL statement_timeout = {(int)each.TotalMilliseconds}; SET LOCAL idle_in_transaction_session_timeout = {(int)WaitsForAnother.TotalMilliseconds}");

    // 0 where there is nothing yet.
    private static int Inspect(NpgsqlConnection connection, Connections connections, string schema)
    {
        var (exists, tables, ours, server) = One(connection, SqlText.Statement("inspect"), r => (r.GetBoolean(0), r.GetInt64(1), r.GetInt64(2), r.GetInt32(3)), schema);
        if (server < OldestServer) throw new StoreException("store.unavailable", $"{connections.Where} is of version {server / 10_000}; the store needs PostgreSQL 15 or later.");
        if (!exists || tables == 0) return 0;
        if (ours < 3) throw new StoreException("store.foreign", $"{connections.Where} holds {tables} tables of another application. Nothing was changed in it. Give the store a schema of its own.");
        return One(connection, SqlText.Statement("schema-version"), r => r.GetInt32(0));
    }

    private static void Script(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = (int)WaitsForAnother.TotalSeconds };
        command.ExecuteNonQuery();
    }

    private static void Run(NpgsqlConnection connection, string sql, params object[] values)
    {
        using var command = Command(connection, sql, values);
        command.CommandTimeout = (int)WaitsForAnother.TotalSeconds;
        command.ExecuteNonQuery();
    }

    private static T One<T>(NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> row, params object[] values)
    {
        using var command = Command(connection, sql, values);
        using var reader = command.ExecuteReader();
        if (!reader.Read()) throw new InvalidOperationException("A row is missing.");
        return row(reader);
    }

    /// <summary>A command with its values in order.</summary>
    public static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params object[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        return command;
    }
}
