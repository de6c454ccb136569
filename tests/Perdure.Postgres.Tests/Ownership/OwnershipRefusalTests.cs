using System.Globalization;
using Npgsql;
using Perdure.Ports;
using Perdure.Tests;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>What cannot hold ownership is refused, in words that say what to do.</summary>
public sealed class OwnershipRefusalTests
{
    [Theory]
    [InlineData("transaction")]
    [InlineData("session")]
    public async Task A_pooler_is_refused(string mode)
    {
        await using var place = await OwnershipPlace.Make();
        var folder = Directory.CreateTempSubdirectory("perdure-pooler-");
        try
        {
            var server = new NpgsqlConnectionStringBuilder(place.ConnectionString);
            var port = FreePort();
            var settings = Path.Combine(folder.FullName, "pgbouncer.ini");
            await File.WriteAllTextAsync(settings, $"""
                [databases]
                {server.Database} = host={server.Host} port={server.Port.ToString(CultureInfo.InvariantCulture)} user={server.Username} password={server.Password}
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = {port.ToString(CultureInfo.InvariantCulture)}
                unix_socket_dir =
                auth_type = any
                pool_mode = {mode}
                ignore_startup_parameters = extra_float_digits,search_path,options
                """);
            if (!OperatingSystem.IsWindows() && PostgresPrograms.User is not null)
            {
                File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_101_101);
                File.SetUnixFileMode(settings, (UnixFileMode)0b110_100_100);
            }
            var program = File.Exists("/usr/sbin/pgbouncer") ? "/usr/sbin/pgbouncer" : "pgbouncer";
            using var pooler = new Running(program, PostgresPrograms.User is { } user ? ["-u", user, settings] : [settings]);
            await pooler.Says("process up");

            var fault = await Assert.ThrowsAsync<StoreException>(() => place.Open(new NpgsqlConnectionStringBuilder(place.ConnectionString) { Port = port }.ToString()));
            Assert.Equal("store.pooled", fault.Code);
            Assert.Contains("Connect straight to the PostgreSQL server", fault.Message, StringComparison.Ordinal);
            Assert.Equal(0L, await place.Ask<long>("SELECT count(*) FROM node"));
        }
        finally { folder.Delete(recursive: true); }
    }

    [Fact]
    public async Task A_standby_is_refused()
    {
        await using var server = await PostgresServer.Start(new() { Fsync = false });
        await using var place = await OwnershipPlace.Make(server: server);
        await using var standby = await server.StartStandby();
        var there = new NpgsqlConnectionStringBuilder(place.ConnectionString) { Host = standby.Host, Port = standby.Port }.ToString();
        var fault = await Assert.ThrowsAsync<StoreException>(() => place.Open(there));
        Assert.Equal("store.standby", fault.Code);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_server_that_went_away_before_a_node_has_joined_is_waited_for_and_then_told_of()
    {
        await using var place = await OwnershipPlace.Make();
        place.OpenWithin = TimeSpan.FromSeconds(2);
        var server = new NpgsqlConnectionStringBuilder(place.ConnectionString);
        await using var proxy = new FaultProxy(server.Host!, server.Port);
        proxy.Silence();
        var fault = await Assert.ThrowsAsync<StoreException>(() => place.Open(new NpgsqlConnectionStringBuilder(place.ConnectionString) { Host = "127.0.0.1", Port = proxy.Port }.ToString()).WaitAsync(TestContext.Current.CancellationToken));
        Assert.Equal("store.unavailable", fault.Code);
        Assert.True(proxy.Accepted > 1);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_node_whose_server_comes_back_while_it_joins_joins()
    {
        await using var place = await OwnershipPlace.Make();
        var server = new NpgsqlConnectionStringBuilder(place.ConnectionString);
        await using var proxy = new FaultProxy(server.Host!, server.Port);
        proxy.Silence();
        var opening = place.Open(new NpgsqlConnectionStringBuilder(place.ConnectionString) { Host = "127.0.0.1", Port = proxy.Port }.ToString());
        // The second try says that the first has failed.
        await Task.WhenAny(proxy.HasAccepted(2), opening).WaitAsync(TestContext.Current.CancellationToken);
        proxy.Refuse();
        proxy.Cut();
        proxy.Heal();
        await using var node = await opening.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(12, node.Opened.Sum(o => o.Lanes.Count));
    }

    private static int FreePort()
    {
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        return ((System.Net.IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
