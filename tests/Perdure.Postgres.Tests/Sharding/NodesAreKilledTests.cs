using Perdure.Tests;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>Two processes with families over two databases, killed again and again.</summary>
public sealed class NodesAreKilledTests : ShardedTest
{
    private const int Families = 40, Before = 15, Kills = 6;

    [Fact]
    public async Task Every_child_is_there_once_every_end_and_every_cancel_has_arrived_and_nothing_is_owed()
    {
        var chance = new Random(20261129);
        Running[] nodes = [Start(), Start()];
        try
        {
            for (var kill = 0; kill < Kills; kill++) await Kill(nodes, kill % 2, chance.Next(1, 12), () => Start());
            await AllEnd(nodes);
        }
        finally
        {
            foreach (var node in nodes) node.Dispose();
        }
        Assert.InRange(EachIsThereOnce(), Families / 2, 2 * Families);
    }

    [Fact]
    public async Task The_same_while_a_database_that_worked_alone_becomes_the_first_of_two()
    {
        var chance = new Random(20261128);
        Running[] nodes = [Alone(), Alone()];
        try
        {
            await Kill(nodes, 0, chance.Next(1, 12), Alone);
            // The map comes to one after the other; the first has one beside that knows none, and dies as the others do.
            for (var kill = 0; kill < Kills; kill++) await Kill(nodes, kill % 2, chance.Next(1, 6), () => Start("grown"));
            await AllEnd(nodes);
        }
        finally
        {
            foreach (var node in nodes) node.Dispose();
        }
        using var shell = Places[0].Shell();
        var since = shell.One<long>("SELECT since FROM shard_since");
        // How far they had come when the map came is chance; that some had begun is what this is about.
        Assert.InRange(shell.One<long>($"SELECT count(*) FROM instance WHERE id < {since}"), 1, 3 * Before);
        Assert.InRange(EachIsThereOnce(), 1, 2 * Families);
    }

    private static async Task Kill(Running[] nodes, int which, int steps, Func<Running> next)
    {
        // More and more of them are done when a process starts.
        await nodes[which].Says($"{steps}. ");
        nodes[which].Dispose();
        nodes[which] = next();
    }

    private async Task AllEnd(Running[] nodes)
    {
        foreach (var node in nodes) await node.Says("all have ended");
        await NothingIsOwed();
    }

    /// <summary>Gives the number of children that are in another database than their parent.</summary>
    private long EachIsThereOnce()
    {
        List<(string Workflow, string State, string Key)> all = [];
        long apart = 0, messages = 0;
        foreach (var place in Places[..2])
        {
            using var shell = place.Shell();
            all.AddRange(shell.One<string[]>("SELECT array_agg(workflow || '|' || state || '|' || coalesce(business_key, request_key)) FROM instances").Select(row => row.Split('|')).Select(row => (row[0], row[1], row[2])));
            apart += shell.One<long>("SELECT count(*) FROM instance c WHERE c.parent IS NOT NULL AND NOT EXISTS (SELECT FROM instance p WHERE p.id = c.parent)");
            messages += shell.One<long>("SELECT count(*) FROM message WHERE id LIKE 'end:%'");
        }
        Assert.Equal(
            Enumerable.Range(0, Families).SelectMany(i => new[] { ("eldest", $"f{i}"), ("middle", $"middle f{i}"), ("youngest", $"f{i}") }.Select(f => (f.Item1, i % 5 == 4 ? "UNDONE" : "DONE", f.Item2))).Order(),
            all.Order());
        Assert.Equal(2 * Families, messages);
        return apart;
    }

    private Running Start(params string[] more) => Of([Places[1].Schema, $"{Families}", .. more]);

    // Fewer: the others are for those that have the map.
    private Running Alone() => Of(["-", $"{Before}"]);

    private Running Of(string[] what) => new("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "Perdure.Families.Node.dll"), Places[0].ConnectionString, Places[0].Schema, .. what]);
}
