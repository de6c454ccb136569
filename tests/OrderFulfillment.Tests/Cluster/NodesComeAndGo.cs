using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Perdure.Tests;
using Shop.Tests.Processes;

namespace Shop.Tests.Cluster;

/// <summary>Orders of all kinds at three nodes over one PostgreSQL, while something happens to one of them every few seconds.</summary>
[Collection(nameof(Cluster))]
public sealed class NodesComeAndGo(ITestOutputHelper output)
{
    /// <summary>One after the other: what is measured is not to be slowed by its neighbour.</summary>
    [CollectionDefinition(nameof(Cluster))]
    public sealed class OneAtATime;

    // CRASH_MINUTES makes a long run of it, with so many orders in a second.
    private static readonly TimeSpan Length = double.TryParse(Environment.GetEnvironmentVariable("CRASH_MINUTES"), CultureInfo.InvariantCulture, out var minutes) ? TimeSpan.FromMinutes(minutes) : TimeSpan.FromSeconds(45);
    private const int OrdersInASecond = 6, OrdersUnanswered = 60;

    [Fact(Timeout = 3_600_000)]
    public async Task Nothing_is_lost_and_nothing_is_done_twice()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Length + TimeSpan.FromMinutes(5));
        var stop = patience.Token;
        var seed = int.TryParse(Environment.GetEnvironmentVariable("PERDURE_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Random.Shared.Next();
        output.WriteLine($"PERDURE_SEED={seed}");
        var random = new Random(seed);

        await using var postgres = await PostgresServer.Start();
        await using var cluster = await RunningCluster.Open(await postgres.NewDatabase(), nodes: 3, cuttable: true, stop,
            $"--Postgres:Lease={Fault.Lease}", "--Orders:InventoryLockedWithin=00:00:03");
        await cluster.Balanced();
        await Trespass.Begin(cluster);

        var kinds = new Random(seed + 1);
        await using var load = new Load(cluster, OrdersInASecond, OrdersUnanswered, n => TestOrder.Any($"o-{n}", kinds, n < TestOrder.Kinds ? n : kinds.Next(TestOrder.Kinds)));
        var happened = await Happen(cluster, random, stop);
        var orders = await load.Stop();
        output.WriteLine($"{happened.Values.Sum()} faults: {string.Join(", ", happened.OrderBy(fault => fault.Key).Select(fault => $"{fault.Value} × {fault.Key}"))}; {orders.Count} orders accepted.");

        await cluster.AllSettled(orders, TimeSpan.FromSeconds(90));
        await cluster.Balanced();

        var (watched, trespassed) = await Trespass.Found(cluster);
        output.WriteLine($"Lanes lost: {Counted(cluster.Log.Lost)}. Lanes got: {Counted(cluster.Log.Gained)}. {watched} records watched, {trespassed.Count} written by others than the owner.");
        // Mostly none: a node that wakes gives its lanes up by its clock before it has anything to write. That one which writes all the same is refused is what AZombieIsRefusedTests are for.
        output.WriteLine($"Refused by the fence: {cluster.Log.Refused} batches, {await postgres.SaidOf("PD002")} statements.");
        Assert.True(watched > orders.Count);
        Assert.Empty(trespassed);
        Assert.All(Fault.All, fault => Assert.True(happened.GetValueOrDefault(fault.Name) > 0, $"{fault.Name} did not happen."));
        await Audit.Agrees(cluster, orders);
        Assert.Empty(cluster.Log.Critical);
        foreach (var group in (await Task.WhenAll(orders.Select(cluster.Instance))).GroupBy(instance => instance.State)) output.WriteLine($"{group.Key}: {group.Count()}");
    }

    // Each of the faults in a round, in an order that is drawn anew each time.
    private async Task<Dictionary<string, int>> Happen(RunningCluster cluster, Random random, CancellationToken stop)
    {
        Dictionary<string, int> happened = [];
        var since = Stopwatch.GetTimestamp();
        do
        {
            foreach (var fault in Fault.All.OrderBy(_ => random.Next()).ToList())
            {
                var node = cluster.Nodes[random.Next(cluster.Nodes.Count)];
                output.WriteLine($"{Stopwatch.GetElapsedTime(since).TotalSeconds:0.0} s: {node.Name} is {fault.Name}");
                await fault.Happens(cluster, node, random, stop);
                happened[fault.Name] = happened.GetValueOrDefault(fault.Name) + 1;
                // The random moment is the point here: nothing is waited for.
                await Task.Delay(random.Next(500, 3_000), stop);
                Assert.All(cluster.Nodes, one => Assert.False(one.Process!.HasExited, $"{one.Name} has ended by itself after {fault.Name}:\n{one.Process.Said}"));
            }
        } while (Stopwatch.GetElapsedTime(since) < Length);
        return happened;
    }

    private static string Counted(ConcurrentDictionary<string, int> counts) => counts.IsEmpty ? "none" : string.Join(", ", counts.OrderBy(count => count.Key).Select(count => $"{count.Value} × {count.Key}"));
}
