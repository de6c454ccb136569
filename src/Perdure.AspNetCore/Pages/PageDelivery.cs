using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Perdure.Ports;
using Perdure.Runtime;

namespace Perdure.AspNetCore;

/// <summary>Delivers the pages of this node to every registered sink, as long as the host runs.</summary>
internal sealed class PageDelivery(IPerdure perdure, IStore store, IEnumerable<IPageSink> sinks, TimeProvider time, IOptions<PerdureHttpOptions> options, ILogger<PageDelivery> log) : BackgroundService
{
    private readonly Pager _pager = new(perdure, store, sinks.Select(sink => new PageSink(sink.Name, sink.Deliver)), time,
        new() { Backoff = options.Value.Pager.Backoff, BackoffCap = options.Value.Pager.BackoffCap, Concurrency = options.Value.Pager.Concurrency },
        work => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false), log);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        await _pager.Run(stoppingToken);
    }
}
