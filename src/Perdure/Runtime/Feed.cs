using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>Tells readers of the feed that it moved.</summary>
internal sealed class Feed
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _waiters;
    private long _position;

    public void Moved(long position, INodeShell shell)
    {
        TaskCompletionSource? waiters;
        lock (_gate)
        {
            _position = Math.Max(_position, position);
            (waiters, _waiters) = (_waiters, null);
        }
        if (waiters is not null) shell.Dispatch(new Release(waiters));
    }

    /// <summary>Completes when there is something behind <paramref name="after"/>.</summary>
    public Task Wait(long after, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_position > after) return Task.CompletedTask;
            return (_waiters ??= new()).Task.WaitAsync(cancellation);
        }
    }

    private sealed class Release(TaskCompletionSource waiters) : IThreadPoolWorkItem
    {
        public void Execute() => waiters.TrySetResult();
    }
}
