using Npgsql;
using Perdure.Tests;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>A server that has no connection left keeps the nodes that have theirs.</summary>
public sealed class FullServerTests : PostgresTest
{
    private readonly List<NpgsqlConnection> _others = [];
    private PostgresServer _server = null!;

    internal override async Task<Place> Made() =>
        Place.On((_server = await PostgresServer.Start(new() { Fsync = false, Settings = new Dictionary<string, string> { ["max_connections"] = "16" } })).ConnectionString);

    public override async ValueTask DisposeAsync()
    {
        foreach (var other in _others) await other.DisposeAsync();
        await base.DisposeAsync();
        await _server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_node_that_gains_a_lane_while_the_server_has_no_connection_left_is_told_of_it_and_keeps_its_lock()
    {
        var a = await Open(o => (o.Lanes, o.Writers) = (2, 1));
        var b = await Open(o => (o.Lanes, o.Writers) = (2, 1));
        using var shell = Place.Shell();
        int Keeper() => shell.One<int>("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND objid = (SELECT max(id) FROM node)::oid");
        var (keeper, told) = (Keeper(), new Recorder());
        await Fill();
        a.Attach(new Recorder());
        b.Attach(told);
        await told.Until(t => t.Count("gained") == 1, "it is told of its lane");
        Assert.Equal(keeper, Keeper());
        Assert.Empty(told.Of("away"));
    }

    private async Task Fill()
    {
        try
        {
            while (true)
            {
                var other = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Place.ConnectionString) { Pooling = false, ApplicationName = "another program" }.ConnectionString);
                _others.Add(other);
                await other.OpenAsync(Now);
            }
        }
        catch (PostgresException full) when (full.SqlState == PostgresErrorCodes.TooManyConnections)
        {
            return;
        }
    }
}
