using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;
using Perdure.Ports;
using Perdure.StoreConformance;
using Perdure.Tests;

namespace Perdure.Postgres.Tests;

/// <summary>A node that starts with its database waits for it.</summary>
public sealed class OpeningWaitsTests : PostgresTest
{
    [Fact]
    public async Task A_server_whose_first_answer_does_not_come_in_time_is_asked_again()
    {
        var server = new NpgsqlConnectionStringBuilder(Place.ConnectionString);
        await using var proxy = new FaultProxy(server.Host!, server.Port);
        proxy.Silence();
        var opening = Open(o => o.ConnectionString = new NpgsqlConnectionStringBuilder(o.ConnectionString) { Host = "127.0.0.1", Port = proxy.Port, Timeout = 1 }.ConnectionString);
        // The second try says that the first has timed out.
        await Task.WhenAny(proxy.HasAccepted(2), opening).WaitAsync(Now);
        proxy.Heal();
        await Must(await opening, new Life().Start());
    }

    [Fact]
    public async Task A_server_that_is_starting_up_is_asked_again_for_as_long_as_the_options_say()
    {
        using var starting = new StartingServer();
        var refused = await Refuses(o =>
        {
            o.ConnectionString = new NpgsqlConnectionStringBuilder(o.ConnectionString) { Host = "127.0.0.1", Port = starting.Port, SslMode = SslMode.Disable }.ConnectionString;
            o.OpenWithin = TimeSpan.FromMilliseconds(600);
        });
        Assert.Equal("store.unavailable", refused.Code);
        Assert.Contains("starting up", refused.Message, StringComparison.Ordinal);
        Assert.InRange(starting.Asked, 3, 20);
    }

    [Fact]
    public async Task Who_gives_up_the_opening_waits_no_longer()
    {
        using var starting = new StartingServer();
        using var gaveUp = CancellationTokenSource.CreateLinkedTokenSource(Now);
        var opening = New(o => o.ConnectionString = new NpgsqlConnectionStringBuilder(o.ConnectionString) { Host = "127.0.0.1", Port = starting.Port, SslMode = SslMode.Disable }.ConnectionString)
            .Open(Node, gaveUp.Token);
        await starting.First;
        await gaveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening.WaitAsync(TimeSpan.FromSeconds(10), Now));
    }

    /// <summary>Says to each that it is starting up, as a server does that recovers.</summary>
    private sealed class StartingServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _asked;

        public StartingServer()
        {
            _listener.Start();
            _ = Answer();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public int Asked => Volatile.Read(ref _asked);

        public Task First => _first.Task;

        public void Dispose() => _listener.Dispose();

        private async Task Answer()
        {
            var fields = Encoding.ASCII.GetBytes("SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0");
            byte[] error = [(byte)'E', 0, 0, 0, (byte)(fields.Length + 4), .. fields];
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    await client.GetStream().ReadAtLeastAsync(new byte[4_096], 8);
                    await client.GetStream().WriteAsync(error);
                    Interlocked.Increment(ref _asked);
                    _first.TrySetResult();
                }
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException or IOException or OperationCanceledException) { _first.TrySetResult(); }
        }
    }
}
