using Perdure.Tests;

namespace Shop.Tests.Cluster;

/// <summary>What happens to a node, and that it is over: the node runs again and is connected. Its name is told with what it found.</summary>
internal sealed record Fault(string Name, Func<RunningCluster, ClusterNode, Random, CancellationToken, Task> Happens)
{
    /// <summary>The lease of the nodes: short, so that many pass in a run.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(4);

    public static readonly IReadOnlyList<Fault> All =
    [
        new("killed", async (_, node, random, stop) =>
        {
            await node.Kill();
            await Lasts(random.Next(0, 3_000), stop);
            await node.Start(stop);
        }),
        new("frozen past its lease", async (_, node, random, stop) =>
        {
            node.Freeze();
            await Lasts((int)Lease.TotalMilliseconds + random.Next(500, 3_000), stop);
            node.Wake();
        }),
        new("cut off in silence", async (_, node, random, stop) =>
        {
            node.Proxy!.Silence();
            await Lasts(random.Next(500, 2 * (int)Lease.TotalMilliseconds), stop);
            node.Proxy.Heal();
        }),
        new("heard but not answered", async (_, node, random, stop) =>
        {
            node.Proxy!.Silence(random.Next(2) == 0 ? Way.ToServer : Way.ToClient);
            await Lasts(random.Next(500, 2 * (int)Lease.TotalMilliseconds), stop);
            node.Proxy.Heal();
        }),
        new("restarted in good order", async (_, node, _, stop) =>
        {
            await node.Leave(stop);
            await node.Start(stop);
        }),
        new("every connection cut", (cluster, _, _, _) =>
        {
            foreach (var node in cluster.Nodes) node.Proxy!.Cut();
            return Task.CompletedTask;
        }),
    ];

    // The length is the fault: nothing is waited for.
    private static Task Lasts(int milliseconds, CancellationToken stop) => Task.Delay(milliseconds, stop);
}
