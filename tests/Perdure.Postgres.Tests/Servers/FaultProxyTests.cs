using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using Perdure.Tests;

namespace Perdure.Postgres.Tests.Servers;

/// <summary>The network's faults, between a client and a server that says everything back.</summary>
public sealed class FaultProxyTests : IAsyncDisposable
{
    // Long enough for what would come to come; what must come is waited for much longer.
    private static readonly TimeSpan Awhile = TimeSpan.FromMilliseconds(150);

    private readonly Socket _listener = Listening();
    private readonly FaultProxy _proxy;
    // A socket that nobody refers to any more is reset by the collector, in the middle of a test.
    private readonly List<Socket> _sockets = [];

    public FaultProxyTests() => _proxy = new("127.0.0.1", ((IPEndPoint)_listener.LocalEndPoint!).Port);

    [Fact(Timeout = 20_000)]
    public async Task What_is_sent_arrives_both_ways_and_so_does_the_end()
    {
        var (client, server) = await Connected(TestContext.Current.CancellationToken);
        await client.SendAsync(new byte[] { 1, 2, 3 }, SocketFlags.None);
        Assert.Equal([1, 2, 3], await Read(server, 3));
        await server.SendAsync(new byte[] { 4 }, SocketFlags.None);
        Assert.Equal([4], await Read(client, 1));

        client.Shutdown(SocketShutdown.Send);
        Assert.Empty(await Read(server, 1));
        await server.SendAsync(new byte[] { 5 }, SocketFlags.None);
        server.Dispose();
        Assert.Equal([5], await Read(client, 1));
        Assert.Empty(await Read(client, 1));
        client.Dispose();
        Assert.Equal(1, _proxy.Accepted);
        await Empty();
    }

    [Fact(Timeout = 20_000)]
    public async Task Latency_makes_everything_late_and_keeps_its_order()
    {
        var (client, server) = await Connected(TestContext.Current.CancellationToken);
        _proxy.Delay(TimeSpan.FromMilliseconds(100), jitter: TimeSpan.FromMilliseconds(50));
        var since = Stopwatch.GetTimestamp();
        for (byte n = 0; n < 20; n++) await client.SendAsync(new[] { n }, SocketFlags.None);
        Assert.Equal(Enumerable.Range(0, 20).Select(n => (byte)n), await Read(server, 20));
        // They are on their way together.
        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalMilliseconds, 100, 20 * 100);
    }

    [Theory(Timeout = 20_000)]
    [InlineData(true, true), InlineData(true, false), InlineData(false, true)]
    public async Task Through_a_silence_nothing_comes_and_nobody_is_told_and_what_was_said_comes_behind_it(bool toServer, bool toClient)
    {
        var (client, server) = await Connected(TestContext.Current.CancellationToken);
        if (toServer && toClient) _proxy.Silence();
        else _proxy.Silence(toServer ? Way.ToServer : Way.ToClient);
        await client.SendAsync(new byte[] { 1 }, SocketFlags.None);
        await server.SendAsync(new byte[] { 2 }, SocketFlags.None);
        var (heard, answered) = (Read(server, 1), Read(client, 1));
        await (toServer ? Nothing(heard) : heard);
        await (toClient ? Nothing(answered) : answered);

        _proxy.Heal();
        Assert.Equal([1], await heard);
        Assert.Equal([2], await answered);
    }

    [Fact(Timeout = 20_000)]
    public async Task Through_a_silence_an_end_is_not_heard_and_a_new_connection_gets_no_answer()
    {
        var (client, server) = await Connected(TestContext.Current.CancellationToken);
        _proxy.Silence();
        client.Close();
        await Nothing(Read(server, 1));
        using var later = await Connect();
        var accepted = _listener.AcceptAsync(TestContext.Current.CancellationToken).AsTask();
        await Nothing(accepted);

        _proxy.Heal();
        using var _ = await accepted;
        Assert.Empty(await Read(server, 1));
    }

    [Theory(Timeout = 20_000)]
    [InlineData(Ending.Reset), InlineData(Ending.Finish)]
    public async Task A_cut_is_heard_on_both_sides_and_new_connections_are_taken(object how)
    {
        var (client, server) = await Connected(TestContext.Current.CancellationToken);
        var (other, atServer) = await Connected(TestContext.Current.CancellationToken);
        // One of them alone, known by the port that the server sees.
        var cut = Assert.Single(_proxy.Connections, connection => connection.PortAtServer == ((IPEndPoint)server.RemoteEndPoint!).Port);
        cut.Cut((Ending)how);
        foreach (var side in new[] { client, server }) await Ends(side, (Ending)how);
        await other.SendAsync(new byte[] { 1 }, SocketFlags.None);
        Assert.Equal([1], await Read(atServer, 1));

        // All of them.
        _proxy.Cut((Ending)how);
        foreach (var side in new[] { other, atServer }) await Ends(side, (Ending)how);
        await Empty();
        await Connected(TestContext.Current.CancellationToken);
    }

    [Theory(Timeout = 20_000)]
    [InlineData(Way.ToClient), InlineData(Way.ToServer)]
    public async Task A_half_open_connection_is_gone_for_one_side_and_the_other_does_not_hear_of_it(object gone)
    {
        var (client, server) = await Connected(TestContext.Current.CancellationToken);
        var (left, right) = (Way)gone == Way.ToClient ? (client, server) : (server, client);
        Assert.Single(_proxy.Connections).HalfOpen((Way)gone);
        await Ends(left, Ending.Reset);
        var heard = Read(right, 1);
        await right.SendAsync(new byte[] { 1 }, SocketFlags.None);
        await Nothing(heard);
        // Until it gives up itself, or is told.
        _proxy.Cut();
        await Assert.ThrowsAsync<SocketException>(() => heard);
        await Empty();
    }

    [Fact(Timeout = 20_000)]
    public async Task What_refuses_new_connections_keeps_those_there_are_and_takes_new_ones_once_healed()
    {
        var (client, server) = await Connected(TestContext.Current.CancellationToken);
        _proxy.Refuse();
        var refused = await Assert.ThrowsAsync<SocketException>(Connect);
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        await client.SendAsync(new byte[] { 1 }, SocketFlags.None);
        Assert.Equal([1], await Read(server, 1));
        _proxy.Heal();
        await Connected(TestContext.Current.CancellationToken);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_throttle_lets_so_many_bytes_pass_in_a_second()
    {
        var (client, server) = await Connected(TestContext.Current.CancellationToken);
        _proxy.Throttle(100_000);
        var since = Stopwatch.GetTimestamp();
        await client.SendAsync(new byte[40_000], SocketFlags.None);
        await Read(server, 40_000);
        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalSeconds, 0.35, 5);
    }

    [Fact(Timeout = 20_000)]
    public async Task What_is_under_way_is_bounded_the_sender_waits()
    {
        var (client, server) = await Connected(TestContext.Current.CancellationToken);
        _proxy.Silence(Way.ToServer);
        const int Much = 32 * 1024 * 1024;
        var sent = Task.Run(async () => await client.SendAsync(new byte[Much], SocketFlags.None));
        await Nothing(sent);
        _proxy.Heal();
        Assert.Equal(Much, (await Read(server, Much)).Length);
        Assert.Equal(Much, await sent);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_database_is_reached_through_it_and_misses_who_was_silenced()
    {
        var postgres = await PostgresServer.Shared();
        await using var proxy = new FaultProxy(postgres.Host, postgres.Port);
        await using var connection = new NpgsqlConnection(postgres.At(proxy.Port) + ";Pooling=false;Timeout=1;Command Timeout=1;Cancellation Timeout=-1");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand("SELECT pg_backend_pid()", connection);
        var backend = (int)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
        proxy.Silence();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
        Assert.Equal(1L, await postgres.Ask<long>($"SELECT count(*) FROM pg_stat_activity WHERE pid = {backend}", TestContext.Current.CancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        foreach (var socket in _sockets) socket.Dispose();
        _listener.Dispose();
    }

    private static Socket Listening()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    private async Task<Socket> Connect()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _sockets.Add(client);
        await client.ConnectAsync(IPAddress.Loopback, _proxy.Port);
        return client;
    }

    private async Task<(Socket Client, Socket Server)> Connected(CancellationToken cancellation)
    {
        var client = await Connect();
        var server = await _listener.AcceptAsync(cancellation);
        _sockets.Add(server);
        return (client, server);
    }

    // What comes until there is so much, or the end.
    private static async Task<byte[]> Read(Socket socket, int length)
    {
        var bytes = new byte[length];
        var read = 0;
        while (read < length && await socket.ReceiveAsync(bytes.AsMemory(read)) is var more and > 0) read += more;
        return bytes[..read];
    }

    private static async Task Ends(Socket socket, Ending how)
    {
        if (how == Ending.Finish) Assert.Empty(await Read(socket, 1));
        else Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => Read(socket, 1))).SocketErrorCode);
    }

    private static Task Nothing(Task awaited) => Assert.ThrowsAsync<TimeoutException>(() => awaited.WaitAsync(Awhile, TestContext.Current.CancellationToken));

    private async Task Empty()
    {
        foreach (var connection in _proxy.Connections) await connection.Ended;
    }
}
