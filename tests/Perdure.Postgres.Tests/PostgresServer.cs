using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Perdure.Postgres.Tests;

/// <summary>A PostgreSQL server of the tests' own, in a temporary folder, started once for the process and ended with it.</summary>
internal sealed class PostgresServer
{
    private static readonly Lazy<Task<PostgresServer>> One = new(Start);

    private readonly string _folder, _binaries;

    private PostgresServer(string folder, string binaries, int port)
    {
        (_folder, _binaries) = (folder, binaries);
        ConnectionString = $"Host=127.0.0.1;Port={port};Username=postgres;Database=postgres";
    }

    /// <summary>As superuser, to the database "postgres".</summary>
    public string ConnectionString { get; }

    /// <summary>The process's server.</summary>
    public static Task<PostgresServer> Shared() => One.Value;

    private static async Task<PostgresServer> Start()
    {
        var binaries = Directory.GetDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin")).Where(d => File.Exists(Path.Combine(d, "initdb"))).OrderDescending(StringComparer.Ordinal).First();
        var folder = Directory.CreateTempSubdirectory("perdure-postgres-").FullName;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            var port = ((IPEndPoint)listener.LocalEndpoint).Port;
            listener.Stop();
            if (Environment.UserName == "root") await Run("chown", "postgres", folder);
            var server = new PostgresServer(folder, binaries, port);
            await AsUser(Path.Combine(binaries, "initdb"), "-D", server.Data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N");
            // The tests hold what a commit promises; that a disk keeps what it was told to is the server's own promise.
            await AsUser(Path.Combine(binaries, "pg_ctl"), "-D", server.Data, "-w", "-l", Path.Combine(folder, "log"), "-o",
                $"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off -c max_connections=200 -c shared_buffers=256MB", "start");
            AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Stop();
            return server;
        }
    }

    private string Data => Path.Combine(_folder, "data");

    private void Stop()
    {
        AsUser(Path.Combine(_binaries, "pg_ctl"), "-D", Data, "-m", "immediate", "stop").Wait(TimeSpan.FromSeconds(20));
        Directory.Delete(_folder, recursive: true);
    }

    private static Task AsUser(string program, params string[] args) => Environment.UserName == "root" ? Run("runuser", ["-u", "postgres", "--", program, .. args]) : Run(program, args);

    private static async Task Run(string program, params string[] args)
    {
        using var process = Process.Start(new ProcessStartInfo(program, args) { WorkingDirectory = "/", RedirectStandardOutput = true, RedirectStandardInput = true })!;
        // The server inherits the pipe, so that it is not read to its end.
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', args)} ended with {process.ExitCode}.");
    }
}
