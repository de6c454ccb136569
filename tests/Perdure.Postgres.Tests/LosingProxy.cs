using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Perdure.Postgres.Tests;

/// <summary>Stands between a store and its server on the loopback, and can lose what the server answers, or refuse every connection.</summary>
internal sealed class LosingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly NpgsqlConnectionStringBuilder _server;
    private readonly CancellationTokenSource _ending = new();
    private readonly List<Socket> _open = [];
    private readonly Task _accepting;
    private volatile bool _refuses;
    private int _newest, _losing;

    public LosingProxy(string connectionString)
    {
        _server = new(connectionString);
        _listener.Start();
        ConnectionString = new NpgsqlConnectionStringBuilder(connectionString) { Port = ((IPEndPoint)_listener.LocalEndpoint).Port, SslMode = SslMode.Disable }.ConnectionString;
        _accepting = Accept();
    }

    public string ConnectionString { get; }

    /// <summary>The next answer on the newest connection is lost, and that connection with it; all other answers come through.</summary>
    public void LoseAnswer() => Volatile.Write(ref _losing, Volatile.Read(ref _newest));

    /// <summary>Cuts every connection, and takes no new one until told otherwise.</summary>
    public void Cut()
    {
        _refuses = true;
        lock (_open)
        {
            foreach (var socket in _open) socket.Dispose();
            _open.Clear();
        }
    }

    public void Mend() => _refuses = false;

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_ending.Token);
                if (_refuses)
                {
                    client.Dispose();
                    continue;
                }
                var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await server.ConnectAsync(IPAddress.Loopback, _server.Port, _ending.Token);
                lock (_open) _open.AddRange([client, server]);
                var number = Interlocked.Increment(ref _newest);
                _ = Pump(client, server, 0);
                _ = Pump(server, client, number);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    // The number of the connection whose answers these are; 0 for what the client says.
    private async Task Pump(Socket from, Socket to, int number)
    {
        var buffer = new byte[65_536];
        try
        {
            while (await from.ReceiveAsync(buffer, SocketFlags.None, _ending.Token) is var count and > 0)
            {
                if (number > 0 && Interlocked.CompareExchange(ref _losing, 0, number) == number) break;
                for (var sent = 0; sent < count;) sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), SocketFlags.None, _ending.Token);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // One of the two sides is gone, and so the other goes too.
        }
        from.Dispose();
        to.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        Cut();
        _listener.Dispose();
        await _accepting;
        _ending.Dispose();
    }
}
