using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>
/// The events in the order of the log. The newest are mapped once for all streams and kept, as many as fit; a stream that is further behind maps for itself until it has
/// caught up.
/// </summary>
internal sealed class EventFeed(IPerdure perdure, IStore store, EventMapping mapping, int log = 0)
{
    private const int Page = PageSize.Max, Kept = 4_096;
    private readonly IPerdure _perdure = perdure;
    private readonly IStore _store = store;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly List<CloudEvent> _recent = [];
    private readonly Trails _trails = new(store);
    private readonly PageSize _size = new();
    private long _from = -1, _until = -1, _began;

    // Of several logs that one.
    private IViews Views => _perdure.Views.Logs[log];

    /// <summary>Which of the store's logs it reads.</summary>
    public int Log => log;

    /// <summary>The end of the log.</summary>
    public Task<long> End(CancellationToken cancellation) => Views.FeedEnd(cancellation);

    /// <summary>The place to go on from where records behind that one were removed before they were told; null where none was. Whoever begins before the first record asks for what is there.</summary>
    public async Task<EventPlace?> Missed(EventPlace after, CancellationToken cancellation) =>
        after.Whole > 0 && await Views.FeedBegin(cancellation) is var begin && begin > after.Whole ? EventPlace.Behind(begin) : null;

    /// <summary>Completes when there may be more behind a place.</summary>
    public Task Moved(EventPlace after, CancellationToken cancellation) => _perdure.FeedMoved(log, after.Position, cancellation);

    /// <summary>A reader with a memory of its own for what is not recent.</summary>
    public Reader Read() => new(this);

    /// <summary>The next events behind a place, mapped for all; null where the place is too far behind for that.</summary>
    private async Task<(IReadOnlyList<CloudEvent> Events, long Until)?> Recent(EventPlace after, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var behind = after.Whole;
            if (behind > _until)
            {
                // Nobody has read as far as this yet. Only a reader near the end of the log begins anew what is kept.
                var end = await Views.FeedEnd(cancellation);
                if (behind < end - Page || behind > end) return null;
                _began = behind > 0 ? 0 : await Views.FeedBegin(cancellation);
                _recent.Clear();
                _from = _until = behind;
            }
            if (behind < _from) return null;
            var first = FirstBehind(after);
            if (first == _recent.Count)
            {
                var records = _size.Saw(await Views.Feed(_until, _size.Next, cancellation));
                // After the read: what was removed before it is known now. Nobody may read on over a gap that he is not told of.
                if (await Views.FeedBegin(cancellation) is var begin && begin > _until && begin > _began)
                {
                    _recent.Clear();
                    _from = _until = -1;
                    throw new EventsRemovedException(log, EventPlace.Behind(begin));
                }
                foreach (var record in records)
                {
                    _recent.AddRange(await Map(record, _trails, cancellation));
                    _until = record.Record.Position;
                }
                Trim();
                first = FirstBehind(after);
            }
            return (_recent.GetRange(first, Math.Min(Page, _recent.Count - first)), _until);
        }
        finally
        {
            _turn.Release();
        }
    }

    private int FirstBehind(EventPlace after)
    {
        int low = 0, high = _recent.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_recent[middle].Place.CompareTo(after) > 0) high = middle;
            else low = middle + 1;
        }
        return low;
    }

    private void Trim()
    {
        if (_recent.Count <= 2 * Kept) return;
        var drop = _recent.Count - Kept;
        while (drop < _recent.Count && _recent[drop].Position == _recent[drop - 1].Position) drop++;
        _from = _recent[drop - 1].Position;
        _recent.RemoveRange(0, drop);
    }

    private async Task<List<CloudEvent>> Map(FeedRecord feed, Trails trails, CancellationToken cancellation)
    {
        var (instance, version) = (feed.Record.Instance, feed.Record.Version);
        var events = Trails.Decode(feed.Record);
        var undoes = events.Any(e => e is UndoBegan or UndoSucceeded or UndoRetryScheduled);
        var trail = await trails.Before(instance, version, complete: undoes, cancellation);
        var told = mapping.Map(feed, events, trail, _perdure.Views.Logs.Count > 1 ? log : null);
        trails.Keep(instance, trail);
        return told;
    }

    /// <summary>Reads on from a place; one reader is used by one stream.</summary>
    public sealed class Reader(EventFeed feed)
    {
        private readonly PageSize _size = new();
        private Trails? _trails;
        private long? _began;

        /// <summary>The next events behind a place, perhaps none, and how far the log was read for them.</summary>
        public async Task<(IReadOnlyList<CloudEvent> Events, EventPlace Read)> Next(EventPlace after, CancellationToken cancellation)
        {
            if (await feed.Recent(after, cancellation) is { } recent)
            {
                _trails = null;
                return (recent.Events, recent.Events.Count > 0 ? recent.Events[^1].Place : EventPlace.Behind(Math.Max(recent.Until, after.Position)));
            }
            var trails = _trails ??= new(feed._store);
            var behind = after.Whole;
            var records = _size.Saw(await feed.Views.Feed(behind, _size.Next, cancellation));
            // After the read: what was removed before it is known now. What was removed before the reader began, it does not miss.
            var begin = await feed.Views.FeedBegin(cancellation);
            if (begin > behind && begin > (_began ?? (behind > 0 ? 0 : long.MaxValue))) throw new EventsRemovedException(feed.Log, EventPlace.Behind(begin));
            _began = begin;
            List<CloudEvent> events = [];
            var read = after;
            foreach (var record in records)
            {
                foreach (var told in await feed.Map(record, trails, cancellation))
                    if (told.Place.CompareTo(after) > 0) events.Add(told);
                read = EventPlace.Behind(record.Record.Position);
            }
            return (events, read);
        }
    }
}

/// <summary>A reader was overtaken by the removal of what it had not read.</summary>
internal sealed class EventsRemovedException(int log, EventPlace begin) : Exception($"Records that were not read yet were removed with their instances, up to position {begin.Position}.")
{
    /// <summary>A reader that goes on from here misses nothing more.</summary>
    public EventPlace Begin => begin;

    /// <summary>The log in which it was overtaken.</summary>
    public int Log => log;
}

/// <summary>How many records to read at once, so that large ones do not fill the memory.</summary>
internal sealed class PageSize
{
    public const int Max = 256;
    private const int Min = 8, Bytes = 4 * 1024 * 1024;

    public int Next { get; private set; } = 64;

    public IReadOnlyList<FeedRecord> Saw(IReadOnlyList<FeedRecord> records)
    {
        if (records.Count > 0) Next = (int)Math.Clamp(Bytes / Math.Max(1, records.Sum(r => (long)r.Record.Body.Length) / records.Count), Min, Max);
        return records;
    }
}
