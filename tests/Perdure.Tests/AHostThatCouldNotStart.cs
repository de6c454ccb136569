using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Perdure.Ports;
using Perdure.Runtime;

namespace Perdure.Tests;

/// <summary>A host that fails to start is disposed without having been stopped: nothing of its node goes on behind it.</summary>
public sealed class AHostThatCouldNotStart
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Leaves_no_lane_running()
    {
        var shell = new WatchedShell();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<INodeShell>(shell).AddSingleton(new Ledger());
        builder.Services.AddPerdure(p => p.Workflow<Script>().UseStore(_ => new MemoryStore()));
        builder.Services.AddHostedService<Fails>();
        var host = builder.Build();
        await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync(Now));
        await ((IAsyncDisposable)host).DisposeAsync();
        var lane = Assert.Single(shell.Lanes);
        await lane.Stopped.Task.WaitAsync(TimeSpan.FromSeconds(30), Now);
    }

    private sealed class Fails : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => throw new InvalidOperationException("It does not start.");
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class WatchedShell : INodeShell
    {
        private readonly ThreadedShell _inner = new(TimeProvider.System);

        public List<WatchedLane> Lanes { get; } = [];
        public TimeProvider Time => _inner.Time;
        public void Dispatch(IThreadPoolWorkItem work) => _inner.Dispatch(work);
        public double Share() => _inner.Share();
        public void Fill(Span<byte> bytes) => _inner.Fill(bytes);

        public ILaneLoop StartLane(string name, ILanePump pump)
        {
            Lanes.Add(new(_inner.StartLane(name, pump)));
            return Lanes[^1];
        }
    }

    private sealed class WatchedLane(ILaneLoop inner) : ILaneLoop
    {
        public TaskCompletionSource Stopped { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public void Wake() => inner.Wake();

        public async Task Stop()
        {
            await inner.Stop();
            Stopped.TrySetResult();
        }
    }
}
