using System.Diagnostics;
using Perdure.Kernel;
using Perdure.StoreConformance;

namespace Perdure.Postgres.Tests;

/// <summary>A read costs what it gives, not what the store holds; whatever the server believes of its tables.</summary>
public sealed class ReadCostTests : PostgresTest
{
    private const int Instances = 3_000;

    [Fact]
    public async Task Reading_by_state_walks_over_nobody_who_rests_elsewhere()
    {
        var store = await Open(o => (o.Lanes, o.Writers) = (1, 1));
        for (var i = 0; i < Instances; i += 1_000) await Must(store, [.. Enumerable.Range(0, 1_000).Select(_ => new Life().Start(Status.Waiting))]);
        await store.DisposeAsync();
        using var shell = Place.Shell();
        // From what it knows then it concludes that in every state there is somebody near.
        shell.Run("ANALYZE instance");
        var before = await Told(shell, least: Instances);

        var again = await Open(o => o.Lanes = 1);
        Assert.Empty(await again.Active(0, default, 500, Now));
        Assert.Empty(await again.Views.List(new(State: Orders.Charged), null, 50, Now));
        Assert.Empty(await again.Views.Gates(null, 50, Now));
        await again.DisposeAsync();
        var read = await Told(shell, least: before) - before;
        Assert.InRange(read, 0, 200);
    }

    /// <summary>How many instances were read, along an index or without, once the store's backends are gone: then they have told of all.</summary>
    private static async Task<long> Told(Shell shell, long least)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var backends = shell.One<long>("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'perdure node % of ' || (SELECT oid::text FROM pg_namespace WHERE nspname = current_schema)");
            var read = shell.One<long>("SELECT (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = current_schema AND relname = 'instance')::bigint"
                + " + (SELECT seq_tup_read FROM pg_stat_user_tables WHERE schemaname = current_schema AND relname = 'instance')");
            if (backends == 0 && read >= least) return read;
            if (Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(30)) throw new TimeoutException($"{backends} backends are there; {read} rows were read.");
            await Task.Yield();
        }
    }
}
