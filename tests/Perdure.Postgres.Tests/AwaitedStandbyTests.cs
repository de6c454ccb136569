using Perdure.Ports;
using Perdure.StoreConformance;
using Perdure.Tests;

namespace Perdure.Postgres.Tests;

/// <summary>Where commits wait for a standby, one whose wait is broken off is on this server alone: nobody is told that it is durable before it is.</summary>
public sealed class AwaitedStandbyTests : PostgresTest
{
    private PostgresServer _server = null!;

    internal override async Task<Place> Made() => Place.On((_server = await PostgresServer.Start(new() { Fsync = false })).ConnectionString);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_whose_wait_for_the_standby_is_broken_off_is_answered_once_a_standby_has_it(bool inParts)
    {
        var store = await Open(o => o.Writers = 1);
        Life life = new(), other = new();
        await Must(store, life.Start());
        var twice = life.Turn();
        await Must(store, twice);
        using var shell = Place.Shell();
        shell.Run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        shell.Run("SELECT pg_reload_conf()");
        await Waits(shell);
        var answer = inParts ? Send(store, twice, other.Start()) : Send(store, other.Start());
        var writer = await Awaiting(shell, other: 0, answer);
        shell.Run($"SELECT pg_cancel_backend({writer})");
        // Whoever finds out what became of it waits for the standby as well.
        await Awaiting(shell, other: writer, answer);
        Assert.False(answer.IsCompleted);
        shell.Run("ALTER SYSTEM RESET synchronous_standby_names");
        shell.Run("SELECT pg_reload_conf()");
        var items = Assert.IsType<CommitAnswer.Committed>(await answer).Items;
        if (inParts) Assert.IsType<ItemAnswer.Duplicate>(items[0]);
        Assert.IsType<ItemAnswer.Committed>(items[^1]);
    }

    /// <summary>The server reads its settings in its own time: waits until a commit does wait.</summary>
    private async Task Waits(Shell shell)
    {
        for (var n = 0; ; n++)
        {
            using var other = Place.Shell();
            var probe = Task.Run(() => other.Run($"CREATE TABLE probe_{n} ()"), Now);
            var pid = await Awaiting(shell, other: 0, probe);
            if (pid > 0) shell.Run($"SELECT pg_cancel_backend({pid})");
            await probe;
            if (pid > 0) return;
        }
    }

    /// <summary>The session that waits for a standby, and is not that one; 0 where the answer comes before.</summary>
    private static async Task<int> Awaiting(Shell shell, int other, Task answer)
    {
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            var pid = shell.One<int>($"SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND pid <> {other}");
            if (pid > 0 || answer.IsCompleted) return pid;
            if (System.Diagnostics.Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(20)) throw new TimeoutException("Nobody came to wait for a standby.");
            await Task.Yield();
        }
    }
}
