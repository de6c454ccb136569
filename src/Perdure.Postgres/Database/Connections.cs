using System.Diagnostics;
using System.Globalization;
using System.Text;
using Npgsql;
using Perdure.Ports;

namespace Perdure.Postgres.Database;

/// <summary>How this node's connections are made: what they may take, whose they are, and in which schema they stand.</summary>
internal sealed class Connections(PostgresStoreOptions options)
{
    // What the server's own timeout does not count: the flush of a commit, the wait for a standby. A commit that takes longer is unknown.
    private static readonly TimeSpan Beyond = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(100);

    // A replica that is away is to cost a caller little: the primary answers instead.
    private static readonly TimeSpan ReplicaWithin = TimeSpan.FromSeconds(2);

    // A page of an export: nobody waits for it but who exports.
    private static readonly TimeSpan PageWithin = TimeSpan.FromMinutes(1);

    private readonly NpgsqlConnectionStringBuilder _given = Parse(options.ConnectionString);
    private readonly NpgsqlConnectionStringBuilder? _replica = options.ReplicaConnectionString is { } replica ? Parse(replica) : null;
    private volatile string _name = "perdure";

    /// <summary>Where, for people; without a password.</summary>
    public string Where => Named(_given, options.Schema);

    /// <summary>Where the replica is, the same way.</summary>
    public string WhereReplica => _replica is null ? "no replica" : Named(_replica, options.Schema);

    /// <summary>Where a store is, for people; without a password.</summary>
    public static string WhereOf(PostgresStoreOptions options) => Named(Parse(options.ConnectionString), options.Schema);

    private static string Named(NpgsqlConnectionStringBuilder at, string schema) => $"PostgreSQL at {at.Host}:{at.Port}, database {at.Database ?? at.Username}, schema {schema}";

    /// <summary>The schema's name as it stands in SQL.</summary>
    public string Schema => Quoted(options.Schema);

    /// <summary>What connections that are opened from now on are called at the server, so that a takeover can find this node's.</summary>
    public string Name
    {
        get => _name;
        set => _name = value;
    }

    /// <summary>
    /// The connection string as it is used here. Encryption by GSS is left out unless it was asked for: where a server is silent, Npgsql tries once more without it in what is left of the time, and where that is
    /// less than a millisecond, it waits for ever.
    /// </summary>
    /// <exception cref="StoreException">It cannot be read: <c>store.unavailable</c>.</exception>
    internal static NpgsqlConnectionStringBuilder Parse(string given)
    {
        try
        {
            var text = new NpgsqlConnectionStringBuilder(given);
            if (!text.ShouldSerialize("GSS Encryption Mode")) text.GssEncryptionMode = GssEncryptionMode.Disable;
            return text;
        }
        catch (ArgumentException e)
        {
            throw new StoreException("store.unavailable", $"The connection string cannot be read: {e.Message}", e);
        }
    }

    private static readonly (string Name, string Value)[] NoMap = [];

    private static string Quoted(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    /// <summary>How long a commit is waited for before its connection is given up.</summary>
    public TimeSpan CommitWithin => options.StatementWithin + Beyond;

    /// <summary>The first one of a node: a server that starts with it is waited for, as long as the options say.</summary>
    public NpgsqlConnection OpenFirst(CancellationToken cancellation)
    {
        for (var began = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                return OpenWriter();
            }
            catch (Exception fault) when (PostgresFault.IsStarting(fault) && Stopwatch.GetElapsedTime(began) < options.OpenWithin)
            {
                cancellation.WaitHandle.WaitOne(Again);
                cancellation.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>A connection of its own that writes, open. Synchronous, for threads of the store's own: a starved pool holds up no commit.</summary>
    public NpgsqlConnection OpenWriter() => OpenWriter(Map);

    /// <summary>The version of the shard map by which starts come here now; null where there is none.</summary>
    public int? Map => options.Map;

    /// <summary>The same, for starts by that version of the map and no other.</summary>
    public NpgsqlConnection OpenWriter(int? version)
    {
        var text = new NpgsqlConnectionStringBuilder(_given.ConnectionString)
        {
            Pooling = false,
            Enlist = false,
            SearchPath = null,
            ApplicationName = _name,
            CommandTimeout = (int)CommitWithin.TotalSeconds,
            // A command that is given up breaks its connection: a COMMIT is never cancelled.
            CancellationTimeout = -1,
            TcpKeepAlive = true,
            // A standby that is promoted is found at once.
            HostRecheckSeconds = 0,
            MaxAutoPrepare = 32,
            AutoPrepareMinUsages = 1,
            // Rows of a group are few columns of many elements. Plans must not change with what a table seems to hold: every table is asked along an index.
            Options = Settings(_given.Options, [("statement_timeout", Milliseconds(options.StatementWithin)), ("lock_timeout", Milliseconds(options.StatementWithin / 2)),
                ("idle_in_transaction_session_timeout", Milliseconds(options.Lease / 2)), ("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("enable_hashjoin", "off"),
                ("enable_mergejoin", "off"), .. version is { } map ? [("perdure.map", map.ToString(CultureInfo.InvariantCulture))] : NoMap]),
        };
        if (text.Timeout > Beyond.TotalSeconds) text.Timeout = (int)Beyond.TotalSeconds;
        var connection = new NpgsqlConnection(text.ConnectionString);
        try
        {
            connection.Open();
            using var durable = new NpgsqlCommand(SqlText.Statement("be-durable"), connection);
            durable.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>A connection of its own that only reads, open; whatever server it leads to. Synchronous.</summary>
    public NpgsqlConnection OpenHistories()
    {
        var text = new NpgsqlConnectionStringBuilder(_given.ConnectionString)
        {
            Pooling = false,
            Enlist = false,
            SearchPath = null,
            ApplicationName = _name,
            TcpKeepAlive = true,
            MaxAutoPrepare = 16,
            Options = Settings(_given.Options, ("default_transaction_read_only", "on"), ("statement_timeout", Milliseconds(PageWithin))),
            CommandTimeout = (int)(PageWithin + Beyond).TotalSeconds,
        };
        var connection = new NpgsqlConnection(text.ConnectionString);
        connection.Open();
        return connection;
    }

    /// <summary>The bounded pool of connections that read for recovery and for people.</summary>
    public NpgsqlDataSource Readers(TimeSpan within) => Readers(_given, within, within);

    /// <summary>The same to the replica, which cannot write whatever server they lead to; null where none is named.</summary>
    public NpgsqlDataSource? ReplicaReaders(TimeSpan within) =>
        _replica is null ? null : Readers(_replica, within, within < ReplicaWithin ? within : ReplicaWithin, ("default_transaction_read_only", "on"));

    private NpgsqlDataSource Readers(NpgsqlConnectionStringBuilder given, TimeSpan within, TimeSpan connected, params (string Name, string Value)[] more)
    {
        var text = new NpgsqlConnectionStringBuilder(given.ConnectionString)
        {
            Pooling = true,
            MinPoolSize = 0,
            MaxPoolSize = Math.Max(1, options.Readers),
            Enlist = false,
            SearchPath = null,
            ApplicationName = _name,
            Timeout = (int)Math.Max(1, connected.TotalSeconds),
            CommandTimeout = (int)(within + Beyond).TotalSeconds,
            TcpKeepAlive = true,
            // A standby that is promoted is found at once.
            HostRecheckSeconds = 0,
            MaxAutoPrepare = 64,
            AutoPrepareMinUsages = 2,
            Options = Settings(given.Options, [("statement_timeout", Milliseconds(within)), ("lock_timeout", Milliseconds(within)), ("idle_in_transaction_session_timeout", Milliseconds(options.Lease / 2)), .. more]),
        };
        return NpgsqlDataSource.Create(text.ConnectionString);
    }

    /// <summary>How many of those there are on which operations run their own statements.</summary>
    public int TransactionsMax => Math.Max(1, options.Transactions);

    /// <summary>How long such a connection may say nothing in its transaction: as long as a node that nobody hears of has its lanes by its own account.</summary>
    public TimeSpan IdleWithin => options.Lease * 7 / 8;

    /// <summary>The bounded pool of connections on which operations run their own statements: with the user's search path and the server's plans, in the node's name.</summary>
    public NpgsqlDataSource Transactions()
    {
        var text = new NpgsqlConnectionStringBuilder(_given.ConnectionString)
        {
            Pooling = true,
            MinPoolSize = 0,
            MaxPoolSize = TransactionsMax,
            Multiplexing = false,
            NoResetOnClose = false,
            Enlist = false,
            ApplicationName = _name,
            TcpKeepAlive = true,
            HostRecheckSeconds = 0,
        };
        return NpgsqlDataSource.Create(text.ConnectionString);
    }

    private static string Milliseconds(TimeSpan time) => ((long)Math.Max(1, time.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture);

    private string Settings(string? given, params (string Name, string Value)[] settings)
    {
        var text = new StringBuilder(given);
        void Add(string name, string value)
        {
            if (text.Length > 0) text.Append(' ');
            // The server takes words apart at spaces that no backslash stands before.
            text.Append("-c ").Append(name).Append('=').Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(" ", "\\ ", StringComparison.Ordinal));
        }
        Add("search_path", Schema);
        Add("default_transaction_isolation", "read committed");
        Add("jit", "off");
        foreach (var (name, value) in settings) Add(name, value);
        return text.ToString();
    }
}
