using Perdure;
using Perdure.Kernel;
using Perdure.Ports;

namespace Shop.Tests;

/// <summary>An engine that only takes starts, and answers as it is told.</summary>
public sealed class FakePerdure(Func<StartRequest, StartAnswer> starts) : IPerdure
{
    public List<StartRequest> Started { get; } = [];

    public Task<StartAnswer> Start(StartRequest request, CancellationToken cancellation = default)
    {
        Started.Add(request);
        return Task.FromResult(starts(request));
    }

    public IReadOnlyList<RegisteredWorkflow> Workflows => [];
    public Task<CommandAnswer> Signal(InstanceId instance, string signal, string messageId, ReadOnlyMemory<byte> body, CancellationToken cancellation = default) => throw new NotSupportedException();
    public Task<CommandAnswer> Decide(InstanceId instance, int visit, bool approved, Caller by, string why, CancellationToken cancellation = default) => throw new NotSupportedException();
    public Task<CommandAnswer> Cancel(InstanceId instance, Caller by, string reason, CancellationToken cancellation = default) => throw new NotSupportedException();
    public Task<CommandAnswer> Pause(InstanceId instance, Caller by, CancellationToken cancellation = default) => throw new NotSupportedException();
    public Task<CommandAnswer> Resume(InstanceId instance, Caller by, CancellationToken cancellation = default) => throw new NotSupportedException();
    public Task<CommandAnswer> Retry(InstanceId instance, Caller by, int? incident = null, RetryMode mode = RetryMode.Again, CancellationToken cancellation = default) => throw new NotSupportedException();
    public Task<InstanceView?> Get(InstanceId instance, CancellationToken cancellation = default) => throw new NotSupportedException();
    public Task<IReadOnlyList<Perdure.Kernel.Record>> History(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation = default) => throw new NotSupportedException();
    public IReads Reads(bool stale = false) => throw new NotSupportedException();
    public IViews Views => throw new NotSupportedException();
    public Task FeedMoved(long after, CancellationToken cancellation) => throw new NotSupportedException();
    public event Action<RefusalNotice>? Refused { add { } remove { } }
    public NodeHealth Health => throw new NotSupportedException();
}
