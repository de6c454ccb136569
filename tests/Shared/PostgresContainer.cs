using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Npgsql;

namespace Perdure.Tests;

/// <summary>A server in a container: for machines with an engine for containers and without the server's programs.</summary>
internal sealed class PostgresContainer : PostgresServer
{
    private const string Image = "docker.io/library/postgres:17";

    private static readonly Lazy<string?> Answering = new(() => ((string[])["docker", "podman"]).FirstOrDefault(engine => PostgresPrograms.Says(engine, "version") is not null));

    private readonly string _engine, _name;
    private readonly Watchdog _watchdog;

    private PostgresContainer(string engine, string name, int port, string password) : base(Connecting(port, password)) =>
        (_engine, _name, _watchdog) = (engine, name, new(null, engine, "rm", "-f", "-v", name));

    /// <summary>The program that runs containers here; null where none answers.</summary>
    public static string? Engine => Answering.Value;

    public static async Task<PostgresServer> Start(string engine, PostgresServerOptions options)
    {
        var (port, password) = (FreePort(), RandomNumberGenerator.GetHexString(24, lowercase: true));
        var server = new PostgresContainer(engine, "perdure-postgres-" + RandomNumberGenerator.GetHexString(12, lowercase: true), port, password);
        try
        {
            if (PostgresPrograms.Says(engine, "image", "inspect", Image) is null) await server.Control("pull", "-q", Image);
            await server.Control(["run", "-d", "--name", server._name, "-p", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}:5432"), "-e", $"POSTGRES_PASSWORD={password}", Image,
                .. Settings(options).SelectMany(setting => (string[])["-c", $"{setting.Key}={setting.Value}"])]);
            await server.Ready();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    // SIGINT is the server's fast way to stop, SIGQUIT its immediate one.
    public override async Task Stop(bool immediate = false)
    {
        await Control("kill", "-s", immediate ? "QUIT" : "INT", _name);
        await Control("wait", _name);
    }

    public override Task Kill() => Control("kill", "-s", "KILL", _name);

    public override async Task Resume()
    {
        await Control("start", _name);
        await Ready();
    }

    public override async ValueTask DisposeAsync()
    {
        await _watchdog.End();
        _watchdog.Dispose();
    }

    private Task<string> Control(params string[] arguments) => PostgresPrograms.Run([_engine, .. arguments]);

    // Before it is ready the image runs a server that no port leads to.
    private async Task Ready()
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await Execute("SELECT 1");
                return;
            }
            catch (NpgsqlException) when (Stopwatch.GetElapsedTime(since) < TimeSpan.FromMinutes(1)) { await Task.Delay(50); }
        }
    }
}
