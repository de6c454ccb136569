using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Perdure.Ports;

namespace Perdure.Tests;

/// <summary>A store that could be opened and does not answer for a moment keeps no node from starting; one that stays away ends the start with its reason.</summary>
public sealed class AStoreThatAnswersLate
{
    [Theory]
    [InlineData(4, true), InlineData(5, false)]
    public async Task Is_asked_five_times_a_second_apart(int away, bool starts)
    {
        var (store, shell) = (new MemoryStore { Away = away }, new TestShell());
        store.Time = shell.Clock;
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<INodeShell>(shell).AddSingleton(new Ledger());
        builder.Services.AddPerdure(p => p.Workflow<Script>().UseStore(_ => store));
        using var host = builder.Build();
        var starting = Task.CompletedTask;
        TestShell.Do(() => starting = host.StartAsync());
        for (var waited = 0; waited < 4; waited++)
        {
            Assert.False(starting.IsCompleted);
            shell.Pass(1.Seconds);
        }
        if (starts) await starting;
        else Assert.Equal("store.unavailable", (await Assert.ThrowsAsync<StoreException>(() => starting)).Code);
    }
}
