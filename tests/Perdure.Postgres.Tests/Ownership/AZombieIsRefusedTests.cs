using Microsoft.Extensions.Logging.Abstractions;
using Perdure.Ports;
using Perdure.StoreConformance;
using Perdure.Tests;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>A process that was frozen past its lease, and writes when it wakes as if nothing had been: the fence refuses it, and nothing of it is in the store.</summary>
public sealed class AZombieIsRefusedTests : PostgresTest
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task What_a_frozen_owner_writes_after_another_has_its_lane_is_refused_by_the_fence_and_nothing_of_it_is_there()
    {
        Life.In = (0, 2);
        using var zombie = new Running("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "Perdure.Zombie.Node.dll"), Place.ConnectionString, Place.Schema, $"{Lease.TotalMilliseconds}"]);
        await zombie.Says("has epoch 1");
        zombie.Tell("start");
        await zombie.Says("1. committed");
        zombie.Signal("STOP");

        await using var other = new PostgresStore(Place.Options(o => o.Lease = Lease), NullLogger<PostgresStore>.Instance);
        var opened = await other.Open(Node, Now);
        var told = new Recorder();
        other.Attach(told);
        if (opened.Lanes.Count == 0) await told.Until(t => t.Count("gained after a death") == 1, "the lane is taken");
        await other.Register(Orders.Map(), Now);
        await Must(other, 1, new Life("other").Start());

        zombie.Signal("CONT");
        zombie.Tell("turn");      // over a session that was ended with the lease, so that nobody knows at first what has become of it
        await zombie.Says("2. refused by epoch 2");
        zombie.Tell("turn");      // over a session of its own that is new
        await zombie.Says("3. refused by epoch 2");

        using var shell = Place.Shell();
        Assert.Equal(1, shell.One<long>("SELECT max(version) FROM log l JOIN instance i ON i.id = l.instance WHERE i.request_key <> 'other'"));
        Assert.Equal(2, shell.One<long>("SELECT count(*) FROM log"));
        Assert.Equal(2, shell.One<long>("SELECT epoch FROM lane"));
        await Must(other, 2, new Life("another").Start());
    }

    private static async Task Must(PostgresStore store, long number, Item item)
    {
        var answered = new TaskCompletionSource<CommitAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        store.Commit(new(0, Epoch: 2, number, [item]), answered.SetResult);
        Assert.IsType<ItemAnswer.Committed>(Assert.Single(Assert.IsType<CommitAnswer.Committed>(await answered.Task.WaitAsync(TimeSpan.FromSeconds(30), Now)).Items));
    }
}
