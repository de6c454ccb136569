using System.Diagnostics;
using System.Globalization;
using Perdure.Tests;
using Shop.Tests.Processes;

namespace Shop.Tests.Cluster;

/// <summary>
/// Orders of all kinds at three nodes over two PostgreSQL servers under a shard map, while something happens to a node, to its way to one of the databases, or to one of the servers; and in the midst of it a third database comes.
/// </summary>
[Collection(nameof(Cluster))]
public sealed class DatabasesComeToo(ITestOutputHelper output)
{
    private static readonly TimeSpan Length = double.TryParse(Environment.GetEnvironmentVariable("CRASH_MINUTES"), CultureInfo.InvariantCulture, out var minutes) ? TimeSpan.FromMinutes(minutes) : TimeSpan.FromSeconds(60);
    private const int OrdersInASecond = 6, OrdersUnanswered = 60;

    [Fact(Timeout = 3_600_000)]
    public async Task Nothing_is_lost_and_nothing_is_done_twice_on_two_databases_and_a_third()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Length + TimeSpan.FromMinutes(6));
        var stop = patience.Token;
        var seed = int.TryParse(Environment.GetEnvironmentVariable("PERDURE_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Random.Shared.Next();
        output.WriteLine($"PERDURE_SEED={seed}");
        var random = new Random(seed);

        await using var one = await PostgresServer.Start();
        await using var other = await PostgresServer.Start();
        await using var cluster = await RunningCluster.Open([await one.NewDatabase(), await other.NewDatabase()], nodes: 3, cuttable: true, stop,
            $"--Postgres:Lease={Fault.Lease}", "--Orders:InventoryLockedWithin=00:00:03", "--Shards:Lanes=6", "--Shards:Versions:0:0=a", "--Shards:Versions:0:1=b");
        await cluster.Balanced();
        await Trespass.Begin(cluster);

        var kinds = new Random(seed + 1);
        await using var load = new Load(cluster, OrdersInASecond, OrdersUnanswered, n => TestOrder.Any($"o-{n}", kinds, n < TestOrder.Kinds ? n : kinds.Next(TestOrder.Kinds)));
        Fault[] faults =
        [
            .. Fault.All,
            new("restarted with its database", async (_, node, _, _) => await (node.Befallen == 0 ? one : other).Restart(immediate: true)),
        ];
        Dictionary<string, int> happened = [];
        var (since, added) = (Stopwatch.GetTimestamp(), false);
        do
        {
            foreach (var fault in faults.OrderBy(_ => random.Next()).ToList())
            {
                var node = cluster.Nodes[random.Next(cluster.Nodes.Count)];
                foreach (var each in cluster.Nodes) each.Befallen = random.Next(2);
                output.WriteLine($"{Stopwatch.GetElapsedTime(since).TotalSeconds:0.0} s: {node.Name} is {fault.Name} (database {node.Befallen})");
                await fault.Happens(cluster, node, random, stop);
                happened[fault.Name] = happened.GetValueOrDefault(fault.Name) + 1;
                // The random moment is the point here: nothing is waited for.
                await Task.Delay(random.Next(500, 3_000), stop);
                Assert.All(cluster.Nodes, n => Assert.False(n.Process!.HasExited, $"{n.Name} has ended by itself after {fault.Name}:\n{n.Process.Said}"));
                if (added || Stopwatch.GetElapsedTime(since) < Length / 3) continue;
                added = true;
                output.WriteLine($"{Stopwatch.GetElapsedTime(since).TotalSeconds:0.0} s: a third database comes; {load.Accepted} orders accepted");
                await Comes(cluster, await other.NewDatabase(), stop);
            }
        } while (Stopwatch.GetElapsedTime(since) < Length);

        var orders = await load.Stop();
        output.WriteLine($"{happened.Values.Sum()} faults: {string.Join(", ", happened.OrderBy(fault => fault.Key).Select(fault => $"{fault.Value} × {fault.Key}"))}; {orders.Count} orders accepted.");
        await cluster.AllSettled(orders, TimeSpan.FromSeconds(120));
        await cluster.Balanced();
        var (watched, trespassed) = await Trespass.Found(cluster);
        var counts = await Task.WhenAll(cluster.Databases.Select(async database => (await cluster.Rows("SELECT count(*) FROM perdure.instance", row => row.GetInt64(0), database))[0]));
        output.WriteLine($"{watched} records watched, {trespassed.Count} written by others than the owner. Instances by database: {string.Join(", ", counts)}.");
        Assert.Empty(trespassed);
        Assert.All(counts, count => Assert.True(count > 0));
        Assert.Equal(orders.Count, counts.Sum());
        await Audit.Agrees(cluster, orders);
        Assert.Equal(orders.Select(o => o.Instance!).Order(), (await cluster.Told("perdure.instance.started", orders.Count, databases: 3)).Order());
        Assert.Empty(cluster.Log.Critical);
    }

    // The nodes are started again with the newer map, one after the other, under load.
    private static async Task Comes(RunningCluster cluster, string database, CancellationToken stop)
    {
        cluster.Add(database, version: 2, "abc");
        foreach (var node in cluster.Nodes)
        {
            await node.Leave(stop);
            await node.Start(stop);
            if (node == cluster.Nodes[0]) await Trespass.Begin(cluster, database);
        }
    }
}
