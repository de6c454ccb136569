using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using Perdure.Tests;

namespace Shop.Tests.Cluster;

/// <summary>
/// Two PostgreSQL servers under Patroni, one a synchronous standby of the other, with an etcd by which they agree on the leader; all on the loopback, in a temporary folder that goes with them.
/// </summary>
internal sealed class Patroni : IAsyncDisposable
{
    private const string Password = "patroni-of-the-tests";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly string _folder;
    private readonly Watchdog _watchdog;
    private readonly List<Member> _members;

    private sealed record Member(string Name, int Port, int Process);

    private Patroni(string folder, Watchdog watchdog, List<Member> members) => (_folder, _watchdog, _members) = (folder, watchdog, members);

    /// <summary>How to connect to whoever is the leader.</summary>
    public string ConnectionString(string database) => new NpgsqlConnectionStringBuilder(To(_members[0], database))
    {
        Host = string.Join(',', _members.Select(m => $"127.0.0.1:{m.Port}")), TargetSessionAttributes = "primary",
    }.ToString().Replace($"Port={_members[0].Port};", "", StringComparison.OrdinalIgnoreCase);

    /// <summary>Starts it; there is a leader, and a standby that follows it, when it returns.</summary>
    public static async Task<Patroni> Start(CancellationToken cancellation)
    {
        var programs = PostgresPrograms.Found ?? throw new InvalidOperationException("There is no PostgreSQL here: install the Debian package postgresql.");
        foreach (var program in new[] { "etcd", "patroni" })
            if (PostgresPrograms.Says(program, "--version") is null) throw new InvalidOperationException($"{program} is missing: install the Debian packages patroni and etcd-server.");
        var folder = Directory.CreateTempSubdirectory("perdure-patroni-").FullName;
        // Patroni first, so that nobody starts a server again; a server's own children go when it is gone.
        var watchdog = new Watchdog(folder, "sh", "-c", $"for file in {folder}/*.pid {folder}/*/postmaster.pid; do [ -f $file ] && kill -KILL $(head -n 1 $file); done");
        try
        {
            if (PostgresPrograms.User is { } user) await PostgresPrograms.Run(["chown", user, folder]);
            var (clients, peers) = (FreePort(), FreePort());
            await Launch(folder, "etcd", "etcd", "--name", "e", "--data-dir", Path.Combine(folder, "etcd"), "--listen-client-urls", Url(clients), "--advertise-client-urls", Url(clients),
                "--listen-peer-urls", Url(peers), "--initial-advertise-peer-urls", Url(peers), "--initial-cluster", $"e={Url(peers)}", "--unsafe-no-fsync");
            List<Member> members = [];
            foreach (var name in new[] { "east", "west" })
            {
                var (port, rest) = (FreePort(), FreePort());
                await File.WriteAllTextAsync(Path.Combine(folder, $"{name}.yml"), Configuration(folder, name, port, rest, clients, programs.Folder), cancellation);
                members.Add(new(name, port, await Launch(folder, name, "patroni", Path.Combine(folder, $"{name}.yml"))));
            }
            var patroni = new Patroni(folder, watchdog, members);
            await Eventually.Holds(patroni.Follows, follows => follows, cancellation, Patience);
            return patroni;
        }
        catch (Exception exception)
        {
            var said = string.Join('\n', Directory.GetFiles(folder, "*.log").Select(log => $"--- {Path.GetFileName(log)}\n{string.Join('\n', File.ReadLines(log).TakeLast(15))}"));
            await watchdog.End();
            throw new InvalidOperationException($"{exception.Message}\n{said}", exception);
        }
    }

    /// <summary>A new database at the leader.</summary>
    public async Task Create(string database, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(To(await Leader() ?? throw new InvalidOperationException("There is no leader."), "postgres"));
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand($"CREATE DATABASE {database}", connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>The leader's machine is gone: SIGKILL to its Patroni and to all of its server.</summary>
    public async Task KillLeader()
    {
        var leader = await Leader() ?? throw new InvalidOperationException("There is no leader.");
        var postmaster = int.Parse((await File.ReadAllLinesAsync(Path.Combine(_folder, leader.Name, "postmaster.pid")))[0], CultureInfo.InvariantCulture);
        ProcessTable.Signal("STOP", leader.Process, postmaster);
        int[] all = [leader.Process, .. ProcessTable.Children(leader.Process), postmaster, .. ProcessTable.Children(postmaster)];
        ProcessTable.Signal("KILL", all);
        foreach (var process in all) await ProcessTable.Gone(process, TimeSpan.FromSeconds(10));
        File.Delete(Path.Combine(_folder, $"{leader.Name}.pid"));
        File.Delete(Path.Combine(_folder, leader.Name, "postmaster.pid"));
        _members.Remove(leader);
    }

    /// <summary>Waits until Patroni has made a leader of the other; gives how to connect to it.</summary>
    public async Task<string> Promoted(string database, CancellationToken cancellation)
    {
        await Eventually.Holds(async () => await Leader() is not null, led => led, cancellation, Patience);
        return To(_members[0], database);
    }

    public async ValueTask DisposeAsync()
    {
        await _watchdog.End();
        _watchdog.Dispose();
    }

    private async Task<Member?> Leader()
    {
        foreach (var member in _members)
            if (await Ask(member, "SELECT NOT pg_is_in_recovery()")) return member;
        return null;
    }

    private async Task<bool> Follows() => await Leader() is { } leader && await Ask(leader, "SELECT count(*) > 0 FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'");

    private static async Task<bool> Ask(Member member, string sql)
    {
        try
        {
            await using var connection = new NpgsqlConnection(To(member, "postgres"));
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(sql, connection);
            return await command.ExecuteScalarAsync() is true;
        }
        catch (NpgsqlException) { return false; }
    }

    private static string To(Member member, string database) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1", Port = member.Port, Username = "postgres", Password = Password, Database = database, Pooling = false, Timeout = 3,
    }.ToString();

    private static async Task<int> Launch(string folder, string name, params string[] words)
    {
        // The shell tells its number, and becomes the program.
        string[] all = [.. PostgresPrograms.AsUser, "sh", "-c", $"echo $$ > {folder}/{name}.pid; exec \"$@\" > {folder}/{name}.log 2>&1 < /dev/null", "launch", .. words];
        Process.Start(new ProcessStartInfo(all[0], all[1..]) { WorkingDirectory = folder })!.Dispose();
        var file = Path.Combine(folder, $"{name}.pid");
        await Eventually.Holds(() => File.Exists(file) ? File.ReadAllText(file).Trim() : "", number => number.Length > 0, CancellationToken.None, TimeSpan.FromSeconds(10));
        return int.Parse(await File.ReadAllTextAsync(file), CultureInfo.InvariantCulture);
    }

    private static string Configuration(string folder, string name, int port, int rest, int etcd, string programs) => $"""
        scope: perdure
        name: {name}
        restapi: {Where(rest)}
        etcd3: {Quoted("hosts", $"127.0.0.1:{etcd}")}
        bootstrap:
          dcs: {OfAll()}
          initdb: [encoding: UTF8, locale: C.UTF-8, no-sync]
          pg_hba: ['host all all 127.0.0.1/32 scram-sha-256', 'host replication all 127.0.0.1/32 scram-sha-256']
        postgresql:
          listen: 127.0.0.1:{port}
          connect_address: 127.0.0.1:{port}
          data_dir: {folder}/{name}
          bin_dir: {programs}
          pgpass: {folder}/{name}.pgpass
          authentication:
            superuser: {Account("postgres")}
            replication: {Account("standby")}
            rewind: {Account("rewind")}
          parameters: {Quoted("unix_socket_directories", "")}
        """;

    // The least that Patroni takes: a leader that is gone is missed after 20 seconds.
    private static string OfAll() => "{ ttl: 20, loop_wait: 2, retry_timeout: 3, synchronous_mode: true, postgresql: { use_pg_rewind: true } }";

    private static string Where(int port) => $"{{ listen: '127.0.0.1:{port}', connect_address: '127.0.0.1:{port}' }}";

    private static string Account(string user) => $"{{ username: {user}, password: {Password} }}";

    private static string Quoted(string name, string value) => $"{{ {name}: '{value}' }}";

    private static string Url(int port) => $"http://127.0.0.1:{port}";

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
