using Perdure.Tests;
using Perdure.Transactions.Node;

namespace Perdure.Transactions.Tests;

/// <summary>A process that is killed again and again while operations write in their transactions.</summary>
public sealed class ANodeIsKilled
{
    private const int Bills = 40, Parts = 6, Kills = 6;

    [Theory, InlineData("sqlite"), InlineData("postgres")]
    public async Task Every_payment_is_there_once(string kind)
    {
        await using var own = await OwnHome.Make(kind);
        var chance = new Random(20261128);
        for (var kill = 1; kill <= Kills; kill++)
        {
            using var node = Start(own.Home);
            await node.Says($"{chance.Next(1, 30)}. pays");
        }
        using (var last = Start(own.Home))
        {
            await last.Says("all have ended");
            Assert.Equal(0, await last.Ends());
        }
        var paid = await own.Home.Paid();
        for (var bill = 0; bill < Bills; bill++)
            for (var part = 1; part <= Parts; part++)
                Assert.Equal((1, bill % 5 == 4 ? 1 : 0), paid[($"bill-{bill}", part)]);
        Assert.Equal(Bills * Parts, paid.Count);
    }

    private static Running Start(Home home) => new("dotnet",
        ["exec", Path.Combine(AppContext.BaseDirectory, "Perdure.Transactions.Node.dll"), home.Kind, home.Target, home.Schema, $"{Bills}", $"{Parts}"]);
}
