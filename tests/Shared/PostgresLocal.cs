using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace Perdure.Tests;

/// <summary>A server of the programs on this machine.</summary>
internal sealed class PostgresLocal : PostgresServer
{
    private const int Tries = 5;

    private readonly PostgresPrograms _programs;
    private readonly PostgresServerOptions _options;
    private readonly string _folder, _password;
    private readonly Watchdog _watchdog;
    private int _standbys;

    private PostgresLocal(PostgresPrograms programs, PostgresServerOptions options, string folder, int port, string password, Watchdog watchdog) : base(Connecting(port, password)) =>
        (_programs, _options, _folder, _password, _watchdog) = (programs, options, folder, password, watchdog);

    private string Data => Path.Combine(_folder, "data");

    public static Task<PostgresLocal> Start(PostgresPrograms programs, PostgresServerOptions options)
    {
        var password = RandomNumberGenerator.GetHexString(24, lowercase: true);
        return Make(programs, options, password, async folder =>
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "password"), password);
            await programs.Run(folder, password, "initdb", "--no-sync", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", "--pwfile", Path.Combine(folder, "password"), "-D", Path.Combine(folder, "data"));
        });
    }

    public override async Task Stop(bool immediate = false) => await Control("stop", "-m", immediate ? "immediate" : "fast");

    public override async Task Resume()
    {
        try { await Control("start", "-l", Path.Combine(_folder, "log")); }
        catch (InvalidOperationException exception) { throw new InvalidOperationException($"{exception.Message}\n{await Log()}", exception); }
    }

    public override Task Promote() => Control("promote");

    public override async Task Kill()
    {
        var postmaster = int.Parse((await File.ReadAllLinesAsync(Path.Combine(Data, "postmaster.pid")))[0], CultureInfo.InvariantCulture);
        // While it stands still it starts no child that would be overlooked.
        ProcessTable.Signal("STOP", postmaster);
        int[] all = [postmaster, .. ProcessTable.Children(postmaster)];
        ProcessTable.Signal("KILL", all);
        foreach (var id in all) await ProcessTable.Gone(id, TimeSpan.FromSeconds(10));
        // They are certainly dead; but to the next start they live until their numbers are given back.
        File.Delete(Path.Combine(Data, "postmaster.pid"));
    }

    public override async Task<PostgresServer> StartStandby(bool synchronous = true)
    {
        var name = $"standby_{++_standbys}";
        var standby = await Make(_programs, _options, _password, async folder =>
        {
            var data = Path.Combine(folder, "data");
            await _programs.Run(folder, _password, "pg_basebackup", "-d", $"host={Host} port={Port} user=postgres application_name={name}", "-R", "-X", "stream", "-c", "fast", "--no-sync", "-D", data);
            // A copy waits for nobody yet.
            await File.AppendAllTextAsync(Path.Combine(data, "postgresql.auto.conf"), "synchronous_standby_names = ''\n");
        });
        if (synchronous) await Execute($"ALTER SYSTEM SET synchronous_standby_names = '{name}'; SELECT pg_reload_conf()");
        var awaited = synchronous ? "sync" : "async";
        var since = Stopwatch.GetTimestamp();
        while (await Ask<string>($"SELECT sync_state FROM pg_stat_replication WHERE application_name = '{name}' AND state = 'streaming'") != awaited)
        {
            if (Stopwatch.GetElapsedTime(since) > TimeSpan.FromSeconds(20)) throw new TimeoutException($"{name} does not follow:\n{await standby.Log()}");
            await Task.Delay(20);
        }
        return standby;
    }

    public override async Task<int> SaidOf(string text) => (await Log()).Split('\n').Count(line => line.Contains(text, StringComparison.Ordinal));

    public override async ValueTask DisposeAsync()
    {
        await _watchdog.End();
        _watchdog.Dispose();
    }

    private static async Task<PostgresLocal> Make(PostgresPrograms programs, PostgresServerOptions options, string password, Func<string, Task> fill)
    {
        var folder = Directory.CreateTempSubdirectory("perdure-postgres-").FullName;
        var data = Path.Combine(folder, "data");
        var watchdog = new Watchdog(folder, programs.Words("pg_ctl", "-D", data, "-m", "immediate", "-w", "-t", "10", "stop"));
        try
        {
            if (PostgresPrograms.User is { } user) await PostgresPrograms.Run(["chown", user, folder]);
            await fill(folder);
            for (var tried = 1; ; tried++)
            {
                var server = new PostgresLocal(programs, options, folder, FreePort(), password, watchdog);
                await server.Configure();
                try
                {
                    await server.Resume();
                    return server;
                }
                catch (InvalidOperationException exception)
                {
                    // Somebody else may have been faster at the port.
                    if (tried == Tries || !exception.Message.Contains("could not bind", StringComparison.Ordinal)) throw;
                }
            }
        }
        catch
        {
            await watchdog.End();
            throw;
        }
    }

    // What is said last holds.
    private Task Configure() => File.AppendAllLinesAsync(Path.Combine(Data, "postgresql.conf"), Settings(_options)
        .Append(new("port", Port.ToString(CultureInfo.InvariantCulture))).Append(new("listen_addresses", Host)).Append(new("unix_socket_directories", ""))
        .Select(setting => $"{setting.Key} = '{setting.Value.Replace("'", "''", StringComparison.Ordinal)}'"));

    private Task<string> Control(string action, params string[] arguments) => _programs.Run(_folder, _password, "pg_ctl", ["-D", Data, "-w", "-t", "30", .. arguments, action]);

    private async Task<string> Log() => File.Exists(Path.Combine(_folder, "log")) ? await File.ReadAllTextAsync(Path.Combine(_folder, "log")) : "";
}
