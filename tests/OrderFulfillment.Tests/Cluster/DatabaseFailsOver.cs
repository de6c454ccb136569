using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Perdure.Tests;
using Shop.Tests.Processes;

namespace Shop.Tests.Cluster;

/// <summary>A primary with a synchronous standby: the primary is killed under load, the standby promoted. <c>FAILOVERS</c> says how often it is tried.</summary>
[Collection(nameof(Cluster))]
public sealed class DatabaseFailsOver(ITestOutputHelper output)
{
    private static readonly int Failovers = int.TryParse(Environment.GetEnvironmentVariable("FAILOVERS"), CultureInfo.InvariantCulture, out var failovers) ? failovers : 1;

    [Fact(Timeout = 3_600_000)]
    public async Task What_was_acknowledged_is_kept_and_work_goes_on_within_seconds_of_the_promotion()
    {
        for (var failover = 0; failover < Failovers; failover++) await ByHand(TestContext.Current.CancellationToken);
    }

    /// <summary>The same where Patroni notices and promotes: asked for by name, since it needs two programs more. See bench/failover.</summary>
    [Fact(Explicit = true, Timeout = 3_600_000)]
    public async Task Patroni_promotes_and_nothing_is_lost()
    {
        for (var failover = 0; failover < Failovers; failover++) await ByPatroni(TestContext.Current.CancellationToken);
    }

    private async Task ByHand(CancellationToken stop)
    {
        await using var primary = await PostgresServer.Start();
        var database = new NpgsqlConnectionStringBuilder(await primary.NewDatabase());
        await using var standby = await primary.StartStandby();
        var both = new NpgsqlConnectionStringBuilder(database.ToString()) { Host = $"127.0.0.1:{primary.Port},127.0.0.1:{standby.Port}", TargetSessionAttributes = "primary" };
        both.Remove("Port");
        await FailOver(both.ToString(), primary.Kill, async () =>
        {
            await standby.Promote();
            return new NpgsqlConnectionStringBuilder(database.ToString()) { Port = standby.Port, Pooling = false }.ToString();
        }, stop);
    }

    private async Task ByPatroni(CancellationToken stop)
    {
        await using var patroni = await Patroni.Start(stop);
        await patroni.Create("shop", stop);
        await FailOver(patroni.ConnectionString("shop"), patroni.KillLeader, () => patroni.Promoted("shop", stop), stop);
    }

    private async Task FailOver(string database, Func<Task> kill, Func<Task<string>> promote, CancellationToken stop)
    {
        await using var cluster = await RunningCluster.Open(database, nodes: 3, cuttable: false, stop);
        var random = new Random(1);
        await using var load = new Load(cluster, inASecond: 12, unanswered: 100, n => TestOrder.Any($"o-{n}", random, random.Next(TestOrder.Kinds)));
        await Eventually.Holds(() => load.Accepted, accepted => accepted >= 60, stop, TimeSpan.FromSeconds(60));

        await kill();
        var (acknowledged, since) = (load.Accepted, Stopwatch.GetTimestamp());
        var promoted = await promote();
        var away = Stopwatch.GetElapsedTime(since);
        since = Stopwatch.GetTimestamp();
        var newest = await Newest();
        await Eventually.Holds(Newest, position => position > newest, stop, TimeSpan.FromSeconds(30));
        var resumed = Stopwatch.GetElapsedTime(since);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{acknowledged} orders acknowledged before; {away.TotalSeconds:0.00} s from the kill to the promotion, {resumed.TotalSeconds:0.00} s from there to the first new commit."));

        await Eventually.Holds(() => load.Accepted, accepted => accepted >= acknowledged + 30, stop, TimeSpan.FromSeconds(60));
        var orders = await load.Stop();
        await cluster.AllSettled(orders, TimeSpan.FromSeconds(90));
        await Audit.Agrees(cluster, orders);
        Assert.InRange(resumed.TotalSeconds, 0, 5);

        async Task<long> Newest() => (await cluster.Rows("SELECT coalesce(max(position), 0) FROM perdure.log", row => row.GetInt64(0), promoted))[0];
    }
}
