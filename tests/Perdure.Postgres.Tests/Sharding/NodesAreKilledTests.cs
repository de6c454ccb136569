using Perdure.Tests;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>Two processes with families over two databases, killed again and again.</summary>
public sealed class NodesAreKilledTests : ShardedTest
{
    private const int Families = 40, Kills = 6;

    [Fact]
    public async Task Every_child_is_there_once_every_end_and_every_cancel_has_arrived_and_nothing_is_owed()
    {
        var chance = new Random(20261129);
        Running[] nodes = [Start(), Start()];
        try
        {
            for (var kill = 0; kill < Kills; kill++)
            {
                // More and more of them are done when a process starts.
                await nodes[kill % 2].Says($"{chance.Next(1, 12)}. ");
                nodes[kill % 2].Dispose();
                nodes[kill % 2] = Start();
            }
            foreach (var node in nodes) await node.Says("all have ended");
            var patience = ShardedNode.Patience();
            while (await Letters() > 0) await Task.Delay(20, patience);
        }
        finally
        {
            foreach (var node in nodes) node.Dispose();
        }
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
        Assert.InRange(apart, Families / 2, 2 * Families);
    }

    private Running Start() => new("dotnet",
        ["exec", Path.Combine(AppContext.BaseDirectory, "Perdure.Families.Node.dll"), Places[0].ConnectionString, Places[0].Schema, Places[1].Schema, $"{Families}"]);
}
