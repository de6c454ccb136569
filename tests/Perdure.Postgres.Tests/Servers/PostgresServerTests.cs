using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using Perdure.Tests;

namespace Perdure.Postgres.Tests.Servers;

/// <summary>The servers that the tests run on: what is said of them is what they do.</summary>
public sealed partial class PostgresServerTests
{
    private static readonly PostgresServerOptions Quick = new() { Fsync = false };
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 60_000)]
    public async Task The_tests_of_a_process_share_one_server_of_version_15_or_later()
    {
        var server = await PostgresServer.Shared();
        Assert.Same(server, await PostgresServer.Shared());
        Assert.InRange(int.Parse((await server.Ask<string>("SHOW server_version_num", TestContext.Current.CancellationToken))!, CultureInfo.InvariantCulture), 150_000, int.MaxValue);
        Assert.True(await server.Ask<bool>("SELECT usesuper FROM pg_user WHERE usename = current_user", Cancelled));
    }

    [Fact(Timeout = 60_000)]
    public async Task Commits_reach_the_disk_unless_a_test_says_that_they_need_not()
    {
        await using var safe = await PostgresServer.Start();
        await using var quick = await PostgresServer.Start(Quick with { Settings = new Dictionary<string, string> { ["work_mem"] = "5MB" } });
        Assert.Equal(("on", "on"), (await safe.Ask<string>("SHOW fsync", TestContext.Current.CancellationToken), await safe.Ask<string>("SHOW synchronous_commit", Cancelled)));
        Assert.Equal(("off", "5MB"), (await quick.Ask<string>("SHOW fsync", Cancelled), await quick.Ask<string>("SHOW work_mem", Cancelled)));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("stopped"), InlineData("broken off"), InlineData("killed")]
    public async Task What_was_committed_is_there_after_it_was(string how)
    {
        await using var server = await PostgresServer.Start(Quick);
        await server.Execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)", TestContext.Current.CancellationToken);
        await (how == "killed" ? server.Kill() : server.Stop(immediate: how == "broken off"));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => server.Execute("SELECT 1", Cancelled));
        await server.Resume();
        Assert.Equal(7, await server.Ask<int>("SELECT n FROM kept", Cancelled));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_new_database_is_empty_and_nobody_else_has_it()
    {
        var server = await PostgresServer.Shared();
        var (one, other) = (await server.NewDatabase(), await server.NewDatabase());
        Assert.NotEqual(one, other);
        await using var connection = new NpgsqlConnection(one);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand("SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')", connection);
        Assert.Equal(0L, await command.ExecuteScalarAsync(Cancelled));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_standby_has_what_was_acknowledged_and_writes_once_it_is_promoted()
    {
        await using var primary = await PostgresServer.Start(Quick);
        await primary.Execute("CREATE TABLE kept (n int)", TestContext.Current.CancellationToken);
        await using var standby = await primary.StartStandby();
        Assert.True(await standby.Ask<bool>("SELECT pg_is_in_recovery()", Cancelled));
        await primary.Execute("INSERT INTO kept VALUES (7)", Cancelled);

        await primary.Kill();
        await standby.Promote();

        Assert.False(await standby.Ask<bool>("SELECT pg_is_in_recovery()", Cancelled));
        Assert.Equal(7, await standby.Ask<int>("SELECT n FROM kept", Cancelled));
        await standby.Execute("INSERT INTO kept VALUES (8)", Cancelled);
        Assert.Equal("", await standby.Ask<string>("SHOW synchronous_standby_names", Cancelled));
    }

    [Fact(Timeout = 60_000)]
    public async Task An_ended_server_leaves_no_process_and_no_folder()
    {
        var server = await PostgresServer.Start(Quick);
        var (folder, postmaster) = await Traces(server, TestContext.Current.CancellationToken);
        await server.DisposeAsync();
        Assert.False(Directory.Exists(folder));
        Assert.False(ProcessTable.Lives(postmaster));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_server_ends_with_the_test_process_also_where_its_whole_group_is_killed()
    {
        // This very program, in a group of its own, with the one test below.
        using var other = new Running("setsid", [Environment.ProcessPath!, "-noLogo", "-explicit", "only", "-method", $"{typeof(PostgresServerTests).FullName}.{nameof(Holds_a_server_until_it_is_killed)}"]);
        await other.Says("Held ");
        var held = Held().Match(other.Said);
        var (process, postmaster, folder) = (Number("process"), Number("postmaster"), held.Groups["folder"].Value);
        Assert.True(ProcessTable.Lives(postmaster));

        ProcessTable.Signal("KILL", -process);
        await other.Ends();

        var since = Stopwatch.GetTimestamp();
        while (ProcessTable.Lives(postmaster) || Directory.Exists(folder))
        {
            Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(15), $"Process {postmaster} or {folder} is still there.");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
        int Number(string group) => int.Parse(held.Groups[group].Value, CultureInfo.InvariantCulture);
    }

    [Fact(Explicit = true)]
    public async Task Holds_a_server_until_it_is_killed()
    {
        await using var server = await PostgresServer.Start(Quick);
        var (folder, postmaster) = await Traces(server, Cancelled);
        Console.WriteLine($"Held by {Environment.ProcessId}: {postmaster} in {folder}");
        await Task.Delay(TimeSpan.FromMinutes(1), Cancelled);
        Assert.Fail("Nobody has killed it.");
    }

    private static async Task<(string Folder, int Postmaster)> Traces(PostgresServer server, CancellationToken cancellation)
    {
        var data = (await server.Ask<string>("SHOW data_directory", cancellation))!;
        return (Path.GetDirectoryName(data)!, int.Parse((await File.ReadAllLinesAsync(Path.Combine(data, "postmaster.pid"), cancellation))[0], CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"Held by (?<process>\d+): (?<postmaster>\d+) in (?<folder>\S+)")]
    private static partial Regex Held();
}
