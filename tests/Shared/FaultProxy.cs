using System.Net;
using System.Net.Sockets;

namespace Perdure.Tests;

/// <summary>Which way bytes go.</summary>
internal enum Way { ToServer, ToClient }

/// <summary>How a connection is ended: in good order, or by a reset.</summary>
internal enum Ending { Finish, Reset }

/// <summary>
/// Stands between clients and a server, and does what networks do. Everything may be switched while connections are open. What is silenced is not lost: it is delivered when the silence
/// ends, as TCP does it after a partition; also that a side has closed is heard only then. No more than a megabyte is under way on a connection. Ends with its owner.
/// </summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly EndPoint _server;
    private readonly Lock _gate = new();
    private readonly List<(int Count, TaskCompletionSource Accepted)> _awaited = [];
    private readonly HashSet<FaultyConnection> _connections = [];
    private readonly Random _random;
    private Socket? _listener;
    private TaskCompletionSource _switched = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TimeSpan _latency, _jitter;
    private int _bytesPerSecond;
    private bool _silentToServer, _silentToClient, _ended;

    /// <summary>Listens on a free port of the loopback.</summary>
    /// <param name="host">The server's address.</param>
    /// <param name="port">The server's port.</param>
    /// <param name="seed">What the jitter is drawn from.</param>
    public FaultProxy(string host, int port, int seed = 1)
    {
        (_server, _random) = (new IPEndPoint(IPAddress.Parse(host), port), new(seed));
        Listen(0);
        Port = ((IPEndPoint)_listener!.LocalEndPoint!).Port;
    }

    /// <summary>Where clients connect to.</summary>
    public int Port { get; }

    /// <summary>How many were accepted since the beginning.</summary>
    public int Accepted { get; private set; }

    /// <summary>Completes once so many were accepted.</summary>
    public Task HasAccepted(int count)
    {
        lock (_gate)
        {
            if (Accepted >= count) return Task.CompletedTask;
            var accepted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited.Add((count, accepted));
            return accepted.Task;
        }
    }

    /// <summary>The connections that are open at this moment.</summary>
    public IReadOnlyList<FaultyConnection> Connections
    {
        get { lock (_gate) return [.. _connections]; }
    }

    /// <summary>How much later everything arrives, each way, and by how much that varies; the order stays.</summary>
    public void Delay(TimeSpan latency, TimeSpan jitter = default) => Switch(() => (_latency, _jitter) = (latency, jitter));

    /// <summary>The most that passes in a second on each connection, each way; 0 for no limit.</summary>
    public void Throttle(int bytesPerSecond) => Switch(() => _bytesPerSecond = bytesPerSecond);

    /// <summary>Nothing passes any more, neither way, and nobody is told.</summary>
    public void Silence() => Switch(() => _silentToServer = _silentToClient = true);

    /// <summary>Nothing passes any more, one way.</summary>
    public void Silence(Way way) => Switch(() => _ = way == Way.ToServer ? _silentToServer = true : _silentToClient = true);

    /// <summary>New connections are refused, as where nobody listens.</summary>
    public void Refuse()
    {
        lock (_gate)
        {
            _listener?.Dispose();
            _listener = null;
        }
    }

    /// <summary>Ends every connection for both sides. New ones are taken.</summary>
    public void Cut(Ending how = Ending.Reset)
    {
        foreach (var connection in Connections) connection.Cut(how);
    }

    /// <summary>All is well again: no silence, no latency, no limit, new connections are taken. What was cut stays cut.</summary>
    public void Heal()
    {
        Switch(() => (_latency, _jitter, _bytesPerSecond, _silentToServer, _silentToClient) = (default, default, 0, false, false));
        lock (_gate)
            if (!_ended && _listener is null) Listen(Port);
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _ended = true;
            _listener?.Dispose();
        }
        Cut();
        foreach (var connection in Connections) await connection.Ended;
    }

    /// <summary>When what is read now is to arrive.</summary>
    internal TimeSpan Late()
    {
        lock (_gate) return _latency + _jitter * _random.NextDouble();
    }

    /// <summary>How long so many bytes take.</summary>
    internal TimeSpan Takes(int bytes)
    {
        lock (_gate) return _bytesPerSecond == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds((double)bytes / _bytesPerSecond);
    }

    /// <summary>Waits until it may pass.</summary>
    internal async Task Passable(Way way, CancellationToken cancellation)
    {
        while (true)
        {
            Task switched;
            lock (_gate)
            {
                if (!(way == Way.ToServer ? _silentToServer : _silentToClient)) return;
                switched = _switched.Task;
            }
            await switched.WaitAsync(cancellation);
        }
    }

    private void Switch(Action change)
    {
        TaskCompletionSource switched;
        lock (_gate)
        {
            change();
            switched = _switched;
            _switched = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        switched.SetResult();
    }

    private void Listen(int port)
    {
        _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        _listener.Listen();
        _ = Accept(_listener);
    }

    private async Task Accept(Socket listener)
    {
        while (true)
        {
            Socket client;
            try { client = await listener.AcceptAsync(); }
            // No longer listening.
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException) { return; }
            FaultyConnection connection;
            lock (_gate)
            {
                if (_ended)
                {
                    client.Dispose();
                    return;
                }
                Accepted++;
                foreach (var (_, accepted) in _awaited.FindAll(a => a.Count == Accepted)) accepted.SetResult();
                _connections.Add(connection = new(this, client));
            }
            _ = Carry(connection);
        }
    }

    private async Task Carry(FaultyConnection connection)
    {
        await connection.Run(_server);
        lock (_gate) _connections.Remove(connection);
    }
}
