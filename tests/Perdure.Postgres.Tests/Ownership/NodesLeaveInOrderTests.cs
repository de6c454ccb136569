using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Perdure.Kernel;
using Perdure.Postgres.Tests.Sharding;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>Nodes that leave in order, one after the other under load, let go of every lane by themselves: none is taken from them. <c>LEAVES</c> says how often it is tried.</summary>
public sealed class NodesLeaveInOrderTests : PostgresTest
{
    private const int Nodes = 3, Lanes = 12, Letters = 12;
    private static readonly int Leaves = int.TryParse(Environment.GetEnvironmentVariable("LEAVES"), CultureInfo.InvariantCulture, out var leaves) ? leaves : 12;

    private readonly SaidLines _complaints = SaidLines.Complaints();

    [Fact]
    public async Task Whoever_leaves_hands_over_all_its_lanes_and_no_letter_is_lost()
    {
        List<Member> members = [];
        List<InstanceId> sent = [], all = [];
        try
        {
            for (var i = 0; i < Nodes; i++) members.Add(await Join());
            for (var leave = 0; leave < Leaves; leave++)
            {
                await ShardedTest.Until(() => members.All(member => member.Lanes == Lanes / Nodes));
                // While letters come and are stamped, at those that stay.
                var at = leave % Nodes;
                var (first, second) = (members[(at + 1) % Nodes], members[(at + 2) % Nodes]);
                var stamped = Task.WhenAll(sent.Select((letter, i) => (i % 2 == 0 ? first : second).StampIfThere(letter)));
                var starts = Task.WhenAll(Enumerable.Range(1, Letters).Select(letter => (letter % 2 == 0 ? first : second).Started($"{leave}-{letter}")));
                await members[at].DisposeAsync();
                members[at] = await Join();
                await stamped;
                all.AddRange(sent = [.. await starts]);
            }
            await Task.WhenAll(sent.Select(members[0].StampIfThere));
            foreach (var letter in all) await members[0].Ended(letter);
            Assert.Equal(Leaves * Letters, all.Distinct().Count());
            Assert.Empty(_complaints.All);
        }
        finally
        {
            foreach (var member in members) await member.DisposeAsync();
        }
    }

    private async Task<Member> Join()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddProvider(_complaints);
        builder.Services.AddPerdure(p => p.Workflow<Post>().UsePostgres(Place.ConnectionString, o => (o.Schema, o.Lanes) = (Place.Schema, Lanes)));
        var host = builder.Build();
        await host.StartAsync(Now);
        return new(host);
    }

    private sealed class Member(IHost host) : LetterNode(host)
    {
        public int Lanes => Host.Services.GetRequiredService<Perdure.Runtime.Node>().Lanes.Count;
    }
}
