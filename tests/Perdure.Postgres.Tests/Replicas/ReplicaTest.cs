using Microsoft.Extensions.Logging;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Tests.Replicas;

/// <summary>A store whose reads may come from a standby.</summary>
public abstract class ReplicaTest(Followed servers) : PostgresTest
{
    private readonly SaidLines _lines = SaidLines.OfReplicas();

    protected Followed Servers => servers;

    internal override Task<Place> Made() => Task.FromResult(Place.On(servers.Primary.ConnectionString));

    protected override ILogger<PostgresStore> Log => _lines;

    /// <summary>What was said of the replica, oldest first.</summary>
    protected IReadOnlyList<string> Said => _lines.All;

    protected Task<PostgresStore> OpenFollowed(Action<PostgresStoreOptions>? configure = null) => Open(o =>
    {
        o.ReplicaConnectionString = servers.There(o.ConnectionString);
        configure?.Invoke(o);
    });

    /// <summary>The state that a reader finds who takes what may be old.</summary>
    protected static async Task<string?> Old(PostgresStore store, InstanceId instance) => (await store.Stale()!.Find(instance, Now))?.State;

    /// <summary>Waits until stale reads come from the replica, and what they give is as of now.</summary>
    protected async Task Served(PostgresStore store)
    {
        await servers.CaughtUp();
        await Followed.Eventually(async () =>
        {
            var reads = store.Stale()!;
            await reads.Find(default, Now);
            return reads.Staleness != TimeSpan.Zero;
        }, "the replica is read: " + string.Join('\n', Said));
    }

    public override async ValueTask DisposeAsync()
    {
        await servers.LetGo();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
