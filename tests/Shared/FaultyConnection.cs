using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Perdure.Tests;

/// <summary>A connection through a <see cref="FaultProxy"/>: one socket to the client, one to the server.</summary>
internal sealed class FaultyConnection
{
    private const int Piece = 16 * 1024, PiecesUnderWay = 64;

    private readonly FaultProxy _proxy;
    private readonly Socket _client;
    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Way? _gone;
    private bool _isCut;

    internal FaultyConnection(FaultProxy proxy, Socket client)
    {
        (_proxy, _client) = (proxy, client);
        client.NoDelay = true;
        _server.Bind(new IPEndPoint(IPAddress.Any, 0));
    }

    /// <summary>From which port the server is talked to: what a server says of its client.</summary>
    public int PortAtServer => ((IPEndPoint)_server.LocalEndPoint!).Port;

    /// <summary>Completes when both sides are closed.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Ends it for both sides, as the first that cuts it says: a side that is closed is heard by what carries, and must not have the other one reset.</summary>
    public void Cut(Ending how)
    {
        if (Interlocked.Exchange(ref _isCut, true)) return;
        Close(_client, how);
        Close(_server, how);
        _stop.Cancel();
    }

    /// <summary>Ends it for one side alone: <see cref="Way.ToClient"/> for the client. The other side is not told and hears nothing more, until it closes or is cut.</summary>
    public void HalfOpen(Way gone, Ending how = Ending.Reset)
    {
        _gone = gone;
        _stop.Cancel();
        Close(gone == Way.ToClient ? _client : _server, how);
    }

    internal async Task Run(EndPoint server)
    {
        try
        {
            // Nobody answers through a silence.
            await _proxy.Passable(Way.ToServer, _stop.Token);
            await _server.ConnectAsync(server, _stop.Token);
            await Task.WhenAll(Carry(_client, _server, Way.ToServer), Carry(_server, _client, Way.ToClient));
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            if (_gone is { } gone) await Abandoned(gone == Way.ToClient ? _server : _client);
            Cut(Ending.Reset);
        }
        _client.Dispose();
        _server.Dispose();
        _ended.SetResult();
    }

    // What the side that was left says goes nowhere.
    private async Task Abandoned(Socket left)
    {
        var nothing = new byte[Piece];
        try
        {
            while (await left.ReceiveAsync(nothing) > 0)
            {
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It was closed or cut.
        }
    }

    private async Task Carry(Socket from, Socket to, Way way)
    {
        var pieces = Channel.CreateBounded<(byte[] Bytes, long Due)>(PiecesUnderWay);
        await Task.WhenAll(Take(from, pieces.Writer, way), Bring(to, pieces.Reader, way));
    }

    // Only an orderly end is passed on in order: of a connection that is being cut, the other side would hear an end where it has to be reset.
    private async Task Take(Socket from, ChannelWriter<(byte[], long)> pieces, Way way)
    {
        var buffer = new byte[Piece];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is var length and > 0)
                await pieces.WriteAsync((buffer[..length], Stopwatch.GetTimestamp() + (long)(_proxy.Late().TotalSeconds * Stopwatch.Frequency)), _stop.Token);
            pieces.Complete();
        }
        catch (SocketException reset)
        {
            try
            {
                await _proxy.Passable(way, _stop.Token);
                Cut(Ending.Reset);
            }
            finally { pieces.Complete(reset); }
            throw;
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
        {
            pieces.Complete(exception);
            throw;
        }
    }

    private async Task Bring(Socket to, ChannelReader<(byte[] Bytes, long Due)> pieces, Way way)
    {
        await foreach (var (bytes, due) in pieces.ReadAllAsync(_stop.Token))
        {
            var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
            if (left > TimeSpan.Zero) await Task.Delay(left, _stop.Token);
            if (_proxy.Takes(bytes.Length) is var takes && takes > TimeSpan.Zero) await Task.Delay(takes, _stop.Token);
            await _proxy.Passable(way, _stop.Token);
            for (var sent = 0; sent < bytes.Length;) sent += await to.SendAsync(bytes.AsMemory(sent), _stop.Token);
        }
        await _proxy.Passable(way, _stop.Token);
        to.Shutdown(SocketShutdown.Send);
    }

    private static void Close(Socket socket, Ending how)
    {
        try
        {
            if (how == Ending.Reset) socket.LingerState = new(true, 0);
            else if (socket.Connected) socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It is closed already.
        }
        socket.Dispose();
    }
}
