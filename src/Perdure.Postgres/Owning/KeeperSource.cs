using System.Globalization;
using Npgsql;
using Perdure.Owning;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Owning;

/// <summary>How the keeper and its listener connect.</summary>
internal static class KeeperSource
{
    /// <summary>
    /// Without a pool, since a session is what holds the lock. A connection that does not answer is given up without asking the server to cancel, and what is remembered of hosts is not used, so that a standby
    /// that is promoted is found at once.
    /// </summary>
    public static NpgsqlDataSource Create(PostgresStoreOptions options, KeeperTimes times)
    {
        var given = Connections.Parse(options.ConnectionString);
        return NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(given.ConnectionString)
        {
            Options = options.Since is { } since ? string.Create(CultureInfo.InvariantCulture, $"{given.Options} -c perdure.since={since}").TrimStart() : given.Options,
            Pooling = false, Multiplexing = false, Enlist = false, MaxAutoPrepare = 32, AutoPrepareMinUsages = 2,
            ApplicationName = "perdure node", SearchPath = $"\"{options.Schema}\"",
            Timeout = times.StatementSeconds, CommandTimeout = times.StatementSeconds, CancellationTimeout = -1, TcpKeepAlive = true, HostRecheckSeconds = 0,
        });
    }
}
