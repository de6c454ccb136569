using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Perdure.Kernel;
using Perdure.Ports;

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
    private readonly Func<int, EventFeed> _feed;
    private EventFeed[] _feeds = [];
    private readonly IPerdure _perdure;
    private readonly EventMapping _mapping;
    private readonly TimeProvider _time;
    private readonly PerdureHttpOptions _options;
    private readonly Lock _gate = new();
    private readonly HashSet<Listener> _listeners = [];
    private int _open;

    public EventStreams(IStore store, IPerdure perdure, EventMapping mapping, TimeProvider time, IOptions<PerdureHttpOptions> options)
    {
        (_feed, _perdure, _mapping, _time, _options) = (log => new(perdure, store, mapping, log), perdure, mapping, time, options.Value);
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

    /// <summary>A feed for each log. How many there are is known once the store is open; more may come while it is.</summary>
    private EventFeed[] Feeds()
    {
        lock (_gate)
        {
            var logs = _perdure.Views.Logs.Count;
            if (_feeds.Length < logs) _feeds = [.. _feeds, .. Enumerable.Range(_feeds.Length, logs - _feeds.Length).Select(_feed)];
            return _feeds;
        }
    }

    /// <summary>How many logs there are.</summary>
    public int Logs => Feeds().Length;

    /// <summary>The ends of the logs: where a stream begins that names no place.</summary>
    public async Task<EventPlaces> End(CancellationToken cancellation) =>
        new([.. (await Task.WhenAll(Feeds().Select(feed => feed.End(cancellation)))).Select(EventPlace.Behind)]);

    /// <summary>The place to go on from where records behind that one were removed; null where none was.</summary>
    public async Task<EventPlaces?> Missed(EventPlaces after, CancellationToken cancellation)
    {
        EventPlaces? begin = null;
        var feeds = Feeds();
        for (var log = 0; log < feeds.Length; log++)
            if (await feeds[log].Missed(after[log], cancellation) is { } place) begin = (begin ?? after).With(log, place, feeds.Length);
        return begin;
    }

    /// <summary>All events behind a place, without end, each with the place behind it, and refusals as they happen. Events of one log come in its order.</summary>
    public async IAsyncEnumerable<(StreamBeat Beat, CloudEvent? Event, EventPlaces At)> Follow(EventPlaces after, EventFilter filter, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var feeds = Feeds();
        EventFeed.Reader[] readers = [.. feeds.Select(feed => feed.Read())];
        var listener = new Listener();
        lock (_gate) _listeners.Add(listener);
        try
        {
            while (true)
            {
                feeds = Feeds();
                if (feeds.Length > readers.Length) readers = [.. readers, .. feeds.Skip(readers.Length).Select(feed => feed.Read())];
                var more = false;
                for (var log = 0; log < readers.Length; log++)
                {
                    var (events, read) = await Next(readers, log, after[log], cancellation);
                    foreach (var told in events)
                        if (filter.Takes(told)) yield return (StreamBeat.Event, told, after.With(log, told.Place, readers.Length));
                    more |= events.Count > 0 || read.CompareTo(after[log]) > 0;
                    after = after.With(log, read, readers.Length);
                }
                while (listener.Refusals.Reader.TryRead(out var refused))
                    if (filter.Takes(refused)) yield return (StreamBeat.Event, refused, after);
                if (more) continue;
                yield return (StreamBeat.Pause, null, after);
                if (!await Wait(feeds, listener, after, cancellation)) yield return (StreamBeat.Heartbeat, null, after);
            }
        }
        finally
        {
            lock (_gate) _listeners.Remove(listener);
        }
    }

    // Of several databases one that is away holds up the others' events no more than anything else of theirs.
    private static async Task<(IReadOnlyList<CloudEvent> Events, EventPlace Read)> Next(EventFeed.Reader[] readers, int log, EventPlace after, CancellationToken cancellation)
    {
        try
        {
            return await readers[log].Next(after, cancellation);
        }
        catch (StoreException) when (readers.Length > 1)
        {
            return ([], after);
        }
    }

    private async Task<bool> Wait(EventFeed[] feeds, Listener listener, EventPlaces after, CancellationToken cancellation)
    {
        using var heartbeat = new CancellationTokenSource(_options.Heartbeat, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, heartbeat.Token);
        List<Task> any = [.. feeds.Select((feed, log) => feed.Moved(after[log], either.Token)), listener.Refusals.Reader.WaitToReadAsync(either.Token).AsTask()];
        var first = await Task.WhenAny(any);
        await either.CancelAsync();
        await Task.WhenAll(any).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
