using System.Diagnostics;
using Npgsql;
using Perdure.Tests;

namespace Perdure.Postgres.Tests.Replicas;

/// <summary>A primary and a standby that follows it; its replay can be held.</summary>
public sealed class Followed : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    internal PostgresServer Primary { get; private set; } = null!;

    internal PostgresServer Standby { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Primary = await PostgresServer.Start(new() { Fsync = false, Settings = new Dictionary<string, string> { ["log_connections"] = "on" } });
        Standby = await Primary.StartStandby(synchronous: false);
    }

    /// <summary>The same database and user, there.</summary>
    internal string There(string connectionString, PostgresServer? there = null) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Host = (there ?? Standby).Host, Port = (there ?? Standby).Port }.ToString();

    /// <summary>Nothing is replayed from now on.</summary>
    public async Task Hold()
    {
        await Standby.Execute("SELECT pg_wal_replay_pause()");
        await Eventually(async () => await Standby.Ask<string>("SELECT pg_get_wal_replay_pause_state()") == "paused", "the replay is held");
    }

    public Task LetGo() => Standby.Execute("SELECT pg_wal_replay_resume()");

    /// <summary>Everything that is durable at the primary is at the standby.</summary>
    public async Task CaughtUp()
    {
        var end = await Primary.Ask<string>("SELECT pg_current_wal_insert_lsn()::text");
        await Eventually(async () => await Standby.Ask<bool>($"SELECT pg_last_wal_replay_lsn() >= '{end}'"), "the standby has caught up");
    }

    public static async Task Eventually(Func<Task<bool>> fits, string what)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await fits())
        {
            if (Stopwatch.GetElapsedTime(since) > Patience) throw new TimeoutException($"Not within {Patience}: {what}");
            await Task.Delay(20);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Standby is not null) await Standby.DisposeAsync();
        if (Primary is not null) await Primary.DisposeAsync();
    }
}
