using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Npgsql;

namespace Perdure.Tests;

/// <summary>How a server is made.</summary>
internal sealed record PostgresServerOptions
{
    /// <summary>Whether commits reach the disk. Off where a test neither measures nor pulls the plug.</summary>
    public bool Fsync { get; init; } = true;

    /// <summary>Settings of postgresql.conf.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}

/// <summary>
/// A PostgreSQL for tests, on a free port of the loopback, in a temporary folder that goes with it. It ends with the test process, also where that is killed. One that is named by
/// <c>PERDURE_TEST_POSTGRES</c>, a connection string, is used as it is instead.
/// </summary>
internal abstract class PostgresServer : IAsyncDisposable
{
    /// <summary>The environment variable that names a server.</summary>
    public const string Variable = "PERDURE_TEST_POSTGRES";

    private static readonly Lazy<Task<PostgresServer>> One = new(() =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? Task.FromResult<PostgresServer>(new PostgresNamed(named)) : Start());

    protected PostgresServer(string connectionString) => ConnectionString = connectionString;

    /// <summary>As superuser, to the database <c>postgres</c>.</summary>
    public string ConnectionString { get; }

    public string Host => new NpgsqlConnectionStringBuilder(ConnectionString).Host!;

    public int Port => new NpgsqlConnectionStringBuilder(ConnectionString).Port;

    /// <summary>The same, by another port of the loopback: a proxy's.</summary>
    public string At(int port) => new NpgsqlConnectionStringBuilder(ConnectionString) { Host = IPAddress.Loopback.ToString(), Port = port }.ToString();

    /// <summary>The server that the tests of this process share: started with the first call, ended with the process.</summary>
    public static Task<PostgresServer> Shared() => One.Value;

    /// <summary>A server of one's own, to be stopped, killed and promoted.</summary>
    public static Task<PostgresServer> Start(PostgresServerOptions? options = null) =>
        PostgresPrograms.Found is { } programs ? Local(programs, options ?? new())
        : PostgresContainer.Engine is { } engine ? PostgresContainer.Start(engine, options ?? new())
        : throw new InvalidOperationException($"There is no PostgreSQL {PostgresPrograms.Oldest} or later here: install the Debian package postgresql, or name a server in {Variable}.");

    /// <summary>Stops it, in good order or by breaking everything off, with its files as they are.</summary>
    public abstract Task Stop(bool immediate = false);

    /// <summary>SIGKILL to all of it: as when the machine is switched off.</summary>
    public abstract Task Kill();

    /// <summary>Starts it again after it was stopped or killed.</summary>
    public abstract Task Resume();

    /// <summary>Stops it and starts it again.</summary>
    public async Task Restart(bool immediate = false)
    {
        await Stop(immediate);
        await Resume();
    }

    /// <summary>Makes a primary of a standby.</summary>
    public virtual Task Promote() => throw Unable("promoted");

    /// <summary>A second server that follows this one; where <paramref name="synchronous"/>, commits here wait for it from now on.</summary>
    public virtual Task<PostgresServer> StartStandby(bool synchronous = true) => throw Unable("followed");

    /// <summary>How many lines of its log have this in them; an error stands there with its SQLSTATE.</summary>
    public virtual Task<int> SaidOf(string text) => throw Unable("read");

    /// <summary>Runs statements as the superuser.</summary>
    public async Task Execute(string sql, CancellationToken cancellation = default)
    {
        await using var connection = new NpgsqlConnection(Unpooled);
        await connection.OpenAsync(cancellation);
        foreach (var statement in sql.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    /// <summary>The first value of the first row.</summary>
    public async Task<T?> Ask<T>(string sql, CancellationToken cancellation = default)
    {
        await using var connection = new NpgsqlConnection(Unpooled);
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellation) is T value ? value : default;
    }

    /// <summary>A new, empty database, and how to connect to it.</summary>
    public async Task<string> NewDatabase()
    {
        var name = "test_" + RandomNumberGenerator.GetHexString(12, lowercase: true);
        await Execute($"CREATE DATABASE {name}");
        return new NpgsqlConnectionStringBuilder(ConnectionString) { Database = name }.ToString();
    }

    public abstract ValueTask DisposeAsync();

    /// <summary>How to connect to a server on this machine.</summary>
    protected static string Connecting(int port, string password) => new NpgsqlConnectionStringBuilder
    {
        Host = IPAddress.Loopback.ToString(), Port = port, Username = "postgres", Password = password, Database = "postgres",
    }.ToString();

    /// <summary>A port that nobody listens on at this moment.</summary>
    protected static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>What goes into postgresql.conf, by name.</summary>
    protected static IEnumerable<KeyValuePair<string, string>> Settings(PostgresServerOptions options) =>
        new Dictionary<string, string>
        {
            ["fsync"] = options.Fsync ? "on" : "off", ["max_connections"] = "200", ["log_line_prefix"] = "%m [%p] %e %a ", ["log_min_error_statement"] = "panic",
        }.Where(setting => !options.Settings.ContainsKey(setting.Key)).Concat(options.Settings);

    private string Unpooled => new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false }.ToString();

    private static async Task<PostgresServer> Local(PostgresPrograms programs, PostgresServerOptions options) => await PostgresLocal.Start(programs, options);

    private NotSupportedException Unable(string what) => new($"{GetType().Name} cannot be {what}: that needs the server's programs on this machine (the Debian package postgresql).");
}

/// <summary>A server that somebody else looks after.</summary>
internal sealed class PostgresNamed(string connectionString) : PostgresServer(connectionString)
{
    public override Task Stop(bool immediate = false) => throw Foreign();
    public override Task Kill() => throw Foreign();
    public override Task Resume() => throw Foreign();
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static InvalidOperationException Foreign() => new($"The server of {Variable} is not ours to stop.");
}
