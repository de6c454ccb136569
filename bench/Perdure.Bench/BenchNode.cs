using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Perdure.Kernel;

namespace Perdure.Bench;

/// <summary>A node in this process, and what waits for its instances to end.</summary>
internal sealed class BenchNode : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly Ends _ends;

    private BenchNode(IHost host, Ends ends) => (_host, _ends) = (host, ends);

    public IPerdure Engine => _host.Services.GetRequiredService<IPerdure>();
    public Ends Ends => _ends;

    public static async Task<BenchNode> Open(BenchStore store, Action<PerdureOptions>? configure = null)
    {
        var ends = new Ends();
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddLogging(b => b.SetMinimumLevel(LogLevel.Warning).AddSimpleConsole());
        builder.Services.AddPerdure(p => store.Use(p.Workflow<FiveSteps>().Workflow<FiveInside>().Workflow<Rounds>().Workflow<Held>().Workflow<Sleeper>()).Configure(configure ?? (_ => { })));
        var host = builder.Build();
        await host.StartAsync();
        return new(host, ends);
    }

    public async ValueTask DisposeAsync()
    {
        _ends.Dispose();
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}

/// <summary>Counts instances that ended, as the engine's own meter reports them: after the commit that ended them.</summary>
internal sealed class Ends : IDisposable
{
    private readonly System.Diagnostics.Metrics.MeterListener _listener = new();
    private readonly SemaphoreSlim _ended = new(0);
    private readonly System.Collections.Concurrent.ConcurrentQueue<double> _commitTimes = new();
    private long _commits;

    public Ends()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Perdure" && instrument.Name is "perdure.instances.ended" or "perdure.commit.items" or "perdure.commit.duration") listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, count, _, _) =>
        {
            if (instrument.Name == "perdure.commit.items") Interlocked.Increment(ref _commits);
            else _ended.Release((int)count);
        });
        _listener.SetMeasurementEventCallback<double>((_, seconds, _, _) => _commitTimes.Enqueue(seconds * 1000));
        _listener.Start();
    }

    /// <summary>Batches that were handed to the store.</summary>
    public long Commits => Volatile.Read(ref _commits);

    /// <summary>How long each batch took that was answered since the last look, in milliseconds, from handing it to the store to its answer at the lane; the shortest first.</summary>
    public double[] TakeCommitTimes()
    {
        List<double> times = [];
        while (_commitTimes.TryDequeue(out var time)) times.Add(time);
        return [.. times.Order()];
    }

    public Task One() => _ended.WaitAsync();

    /// <summary>Whether one more ended before the cancellation.</summary>
    public Task<bool> One(CancellationToken cancellation) => _ended.WaitAsync(Timeout.Infinite, cancellation).ContinueWith(t => t.IsCompletedSuccessfully, TaskScheduler.Default);

    public void Dispose() => _listener.Dispose();
}
