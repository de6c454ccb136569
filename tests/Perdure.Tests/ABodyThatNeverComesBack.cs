using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Perdure.Ports;

namespace Perdure.Tests;

/// <summary>On threads, since nothing else can stand still: a body that neither ends nor waits is reported, and does not keep its process from ending.</summary>
[Collection("script")]
public sealed class ABodyThatNeverComesBack
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private static IHost Host(MemoryStore store, TimeSpan stallsAfter)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(new Ledger());
        builder.Services.AddPerdure(p => p.Workflow<Script>().UseStore(_ => store).Configure(o => (o.BodyStallsAfter, o.DrainWithin) = (stallsAfter, TimeSpan.FromMilliseconds(100))));
        return builder.Build();
    }

    private static Task<StartAnswer> Start(IHost host, string key) =>
        host.Services.GetRequiredService<IPerdure>().Start(new("script", key, Encoding.UTF8.GetBytes("""{"question":"why"}""")), TestContext.Current.CancellationToken);

    [Fact]
    public async Task Is_reported_and_ends_the_host_with_an_error_when_it_lasts()
    {
        using var host = Host(new(), TimeSpan.FromMilliseconds(200));
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        Script.Body = (_, _, _) => { entered.Set(); release.Wait(); return Task.FromResult<To<Answered, Weighing, Dropped>>(new Answered("")); };
        var runs = host.RunAsync(TestContext.Current.CancellationToken);
        var started = Start(host, "k");
        Assert.True(entered.Wait(Soon, TestContext.Current.CancellationToken));
        Assert.Equal("lane.stuck", (await Assert.ThrowsAsync<StoreException>(() => runs.WaitAsync(Soon, TestContext.Current.CancellationToken))).Code);
        Assert.False(started.IsCompleted);
        release.Set();
    }

    [Fact]
    public async Task Does_not_keep_a_stop_from_ending_in_its_time_and_the_end_is_unclean()
    {
        var store = new MemoryStore();
        using var host = Host(store, TimeSpan.FromHours(1));
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        Script.Body = (_, _, _) => { entered.Set(); release.Wait(); return Task.FromResult<To<Answered, Weighing, Dropped>>(new Answered("")); };
        await host.StartAsync(TestContext.Current.CancellationToken);
        _ = Start(host, "k");
        Assert.True(entered.Wait(Soon, TestContext.Current.CancellationToken));
        await host.StopAsync(TestContext.Current.CancellationToken).WaitAsync(Soon, TestContext.Current.CancellationToken);
        Assert.True((await store.Open(new("h", 1, "b"), TestContext.Current.CancellationToken)).Unclean);
        release.Set();
    }
}
