using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Perdure.Kernel;

namespace Perdure.AspNetCore;

/// <summary>Which events a stream is for; null means any.</summary>
internal sealed record EventFilter(string? Workflow = null, InstanceId? Instance = null, string? Type = null)
{
    public bool Takes(CloudEvent told) =>
        (Workflow is null || told.Workflow == Workflow) && (Instance is null || told.Instance == Instance) && (Type is null || told.Type == Type);
}

/// <summary>What a stream gets: an event; or nothing, when it is time for a sign of life or all there was has been given.</summary>
internal enum StreamBeat
{
    /// <summary>An event.</summary>
    Event,
    /// <summary>All there is has been given; more may come.</summary>
    Pause,
    /// <summary>Nothing came for a while.</summary>
    Heartbeat,
}

/// <summary>Streams of events for as long as somebody listens.</summary>
internal sealed class EventStreams : IDisposable
{
    private const int RefusalsWaiting = 256;
    private readonly EventFeed _feed;
    private readonly IPerdure _perdure;
    private readonly EventMapping _mapping;
    private readonly TimeProvider _time;
    private readonly PerdureHttpOptions _options;
    private readonly Lock _gate = new();
    private readonly HashSet<Listener> _listeners = [];
    private int _open;

    public EventStreams(EventFeed feed, IPerdure perdure, EventMapping mapping, TimeProvider time, IOptions<PerdureHttpOptions> options)
    {
        (_feed, _perdure, _mapping, _time, _options) = (feed, perdure, mapping, time, options.Value);
        _perdure.Refused += OnRefused;
    }

    public void Dispose() => _perdure.Refused -= OnRefused;

    /// <summary>Takes a place for a stream; false where there are too many.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _open) <= _options.EventStreams) return true;
        Interlocked.Decrement(ref _open);
        return false;
    }

    /// <summary>Gives the place back.</summary>
    public void Leave() => Interlocked.Decrement(ref _open);

    /// <summary>The end of the log: where a stream begins that names no place.</summary>
    public async Task<EventPlace> End(CancellationToken cancellation) => EventPlace.Behind(await _feed.End(cancellation));

    /// <summary>The place to go on from where records behind that one were removed; null where none was.</summary>
    public Task<EventPlace?> Missed(EventPlace after, CancellationToken cancellation) => _feed.Missed(after, cancellation);

    /// <summary>All events behind a place, without end, and refusals as they happen.</summary>
    public async IAsyncEnumerable<(StreamBeat Beat, CloudEvent? Event)> Follow(EventPlace after, EventFilter filter, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var reader = _feed.Read();
        var listener = new Listener();
        lock (_gate) _listeners.Add(listener);
        try
        {
            while (true)
            {
                var (events, read) = await reader.Next(after, cancellation);
                foreach (var told in events)
                    if (filter.Takes(told)) yield return (StreamBeat.Event, told);
                while (listener.Refusals.Reader.TryRead(out var refused))
                    if (filter.Takes(refused)) yield return (StreamBeat.Event, refused);
                var moved = read.CompareTo(after) > 0;
                after = read;
                if (events.Count > 0 || moved) continue;
                yield return (StreamBeat.Pause, null);
                if (!await Wait(listener, after, cancellation)) yield return (StreamBeat.Heartbeat, null);
            }
        }
        finally
        {
            lock (_gate) _listeners.Remove(listener);
        }
    }

    private async Task<bool> Wait(Listener listener, EventPlace after, CancellationToken cancellation)
    {
        using var heartbeat = new CancellationTokenSource(_options.Heartbeat, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, heartbeat.Token);
        var moved = _feed.Moved(after, either.Token);
        var refused = listener.Refusals.Reader.WaitToReadAsync(either.Token).AsTask();
        var first = await Task.WhenAny(moved, refused);
        await either.CancelAsync();
        await Task.WhenAll(moved, refused).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        if (first.IsFaulted) await first;
        return !first.IsCanceled;
    }

    private void OnRefused(RefusalNotice notice)
    {
        lock (_gate)
        {
            if (_listeners.Count == 0) return;
            var told = _mapping.Map(notice, $"refusal.{Guid.CreateVersion7(notice.At)}");
            foreach (var listener in _listeners) listener.Refusals.Writer.TryWrite(told);
        }
    }

    private sealed class Listener
    {
        public Channel<CloudEvent> Refusals { get; } = Channel.CreateBounded<CloudEvent>(new BoundedChannelOptions(RefusalsWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
    }
}
