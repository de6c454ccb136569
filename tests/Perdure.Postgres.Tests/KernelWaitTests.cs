using Npgsql;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Tests;

/// <summary>A writer's thread waits for the server in the kernel for a moment, and beyond it as any other connection does.</summary>
public sealed class KernelWaitTests : PostgresTest
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMicroseconds(1), Longest = TimeSpan.FromSeconds(50);

    private NpgsqlConnection Waiting(TimeSpan moment)
    {
        var connection = new Connections(Place.Options()).OpenWriter();
        Assert.Equal(OperatingSystem.IsLinux(), KernelWait.Use(connection, moment));
        return connection;
    }

    private static T One<T>(NpgsqlConnection connection, string sql, int within = 30)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = within };
        return (T)command.ExecuteScalar()!;
    }

    [Fact]
    public void An_answer_within_the_moment_is_read()
    {
        using var connection = Waiting(Longest);
        for (var i = 0; i < 100; i++) Assert.Equal(i, One<int>(connection, $"SELECT {i}"));
    }

    [Fact]
    public void An_answer_after_the_moment_is_read_too()
    {
        using var connection = Waiting(Shortest);
        for (var i = 0; i < 20; i++) Assert.Equal(100_000L + i, One<long>(connection, $"SELECT count(*) FROM generate_series(1, {100_000 + i})"));
    }

    [Fact]
    public void More_than_the_sockets_buffers_hold_is_sent_and_read_across_many_moments()
    {
        using var connection = Waiting(Shortest);
        var text = new string('x', 20_000_000);
        using var command = new NpgsqlCommand("SELECT $1 || $1", connection) { Parameters = { new() { Value = text } } };
        Assert.Equal(text + text, command.ExecuteScalar());
    }

    [Fact]
    public async Task A_command_that_takes_too_long_breaks_its_connection()
    {
        using var shell = Place.Shell();
        shell.Run("SELECT pg_advisory_lock(4711)");
        using var connection = Waiting(TimeSpan.FromMilliseconds(1));
        // The server would give up by itself, and be first where this process is starved.
        One<string>(connection, "SELECT set_config('lock_timeout', '0', false) || set_config('statement_timeout', '0', false)");
        var waits = Task.Run(() => One<object>(connection, "SELECT pg_advisory_lock(4711)", within: 1), Now);
        var fault = await Assert.ThrowsAnyAsync<NpgsqlException>(() => waits.WaitAsync(TimeSpan.FromSeconds(60), Now));
        Assert.IsType<TimeoutException>(fault.InnerException);
        Assert.NotEqual(System.Data.ConnectionState.Open, connection.State);
    }

    [Fact]
    public async Task A_connection_that_the_server_ends_is_seen_within_the_moment()
    {
        using Shell shell = Place.Shell(), other = Place.Shell();
        shell.Run("SELECT pg_advisory_lock(4712)");
        using var connection = Waiting(Longest);
        var backend = connection.ProcessID;
        var waits = Task.Run(() => One<object>(connection, "SELECT pg_advisory_lock(4712)"), Now);
        await UntilHeldUp(other, () => $"pid = {backend}", waits);
        shell.Run($"SELECT pg_terminate_backend({backend})");
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => waits.WaitAsync(TimeSpan.FromSeconds(40), Now));
    }
}
