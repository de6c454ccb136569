using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Perdure.Postgres.Tests.Sharding;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>Starts and commands work at any node, also at one that owns no lane.</summary>
public sealed class StartsAtAnyNodeTests : PostgresTest
{
    private async Task<IHost> Start()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddPerdure(p => p.Workflow<Post>().UsePostgres(Place.ConnectionString, o => (o.Schema, o.Lanes) = (Place.Schema, 1)));
        var host = builder.Build();
        await host.StartAsync(Now);
        return host;
    }

    private static async Task Stop(IHost host)
    {
        await host.StopAsync(CancellationToken.None);
        host.Dispose();
    }

    [Fact]
    public async Task A_start_at_a_node_beyond_the_number_of_lanes_is_made_once_by_the_node_that_has_one()
    {
        var owner = await Start();
        var other = await Start();
        try
        {
            var (there, beyond) = (owner.Services.GetRequiredService<IPerdure>(), other.Services.GetRequiredService<IPerdure>());
            var starts = await Task.WhenAll(Enumerable.Range(0, 20).SelectMany(i => new[] { beyond, beyond, there }
                .Select(at => at.Start(new("post", $"key-{i}", System.Text.Encoding.UTF8.GetBytes($$"""{"number":"{{i}}"}""")), Now))));
            var made = starts.Select(s => Assert.IsType<StartAnswer.Accepted>(s)).GroupBy(a => a.Key).ToList();
            Assert.All(made, same => Assert.Single(same, a => a.Created));
            Assert.All(made, same => Assert.Single(same.Select(a => a with { Created = true }).Distinct()));
            Assert.All(made, same => Assert.True(there.Owns(same.First().Instance) && !beyond.Owns(same.First().Instance)));

            var (instance, taken) = (made[0].First().Instance, made[0].Key);
            Assert.Equal(new StartAnswer.KeyReused(instance), await beyond.Start(new("post", taken, """{"number":"-other"}"""u8.ToArray()), Now));
            Assert.Equal(new StartAnswer.BusinessKeyTaken(instance, "0"), await beyond.Start(new("post", "another", """{"number":"0"}"""u8.ToArray()), Now));
            Assert.Equal(new CommandAnswer.Done(true), await beyond.Signal(instance, "stamped", "m", """{"by":"me"}"""u8.ToArray(), Now));
        }
        finally
        {
            await Stop(other);
            await Stop(owner);
        }
    }
}
