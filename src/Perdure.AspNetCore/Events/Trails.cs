using System.Collections.Immutable;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>
/// The trails of the instances that a reader of the feed meets, as many as fit. One that is not there is made from the records since the last transition before,
/// found by reading backwards, so that it costs the same at any age; only an undo, whose step may be from any earlier visit, reads from the first record.
/// </summary>
internal sealed class Trails(IStore store, int weightMax = 50_000)
{
    private const int Step = 32, Page = 128;
    private readonly Dictionary<InstanceId, LinkedListNode<(InstanceId Id, Trail Trail, int Weight)>> _byId = [];
    private readonly LinkedList<(InstanceId Id, Trail Trail, int Weight)> _byUse = [];
    private int _weight;

    /// <summary>The trail of an instance as it is before a record of that version.</summary>
    public async Task<Trail> Before(InstanceId instance, long version, bool complete, CancellationToken cancellation)
    {
        if (version == 1) return new(complete: true);
        if (_byId.TryGetValue(instance, out var node) && node.Value.Trail.Version == version - 1 && (!complete || node.Value.Trail.Complete)) return node.Value.Trail;
        return complete ? await FromFirst(instance, version, cancellation) : await FromTransition(instance, version, cancellation);
    }

    /// <summary>Keeps a trail for the instance's next record.</summary>
    public void Keep(InstanceId instance, Trail trail)
    {
        if (_byId.Remove(instance, out var old))
        {
            _weight -= old.Value.Weight;
            _byUse.Remove(old);
        }
        if (trail.Ended) return;
        var weight = 1 + trail.Steps.Count;
        _byId[instance] = _byUse.AddLast((instance, trail, weight));
        _weight += weight;
        while (_weight > weightMax && _byUse.First is { } oldest)
        {
            _weight -= oldest.Value.Weight;
            _byId.Remove(oldest.Value.Id);
            _byUse.RemoveFirst();
        }
    }

    /// <summary>The events of a record; none where it was erased.</summary>
    public static ImmutableArray<Event> Decode(StoredRecord record) => record.IsErased ? [] : EventCodec.Read(record.Body);

    private async Task<Trail> FromTransition(InstanceId instance, long version, CancellationToken cancellation)
    {
        List<StoredRecord> tail = [];
        var end = version;
        for (var size = Step; end > 1; size = Math.Min(size * 2, Page))
        {
            var from = Math.Max(1, end - size);
            var records = await store.Records(instance, from, (int)(end - from), cancellation);
            tail.InsertRange(0, records);
            end = from;
            for (var i = records.Count - 1; i >= 0; i--)
            {
                if (!Decode(records[i]).Any(e => e is Started or Transitioned)) continue;
                var trail = new Trail(complete: records[i].Version == 1);
                foreach (var record in tail.Skip(i)) Apply(trail, record);
                return trail;
            }
        }
        return Replay(new(complete: true), tail);
    }

    private async Task<Trail> FromFirst(InstanceId instance, long version, CancellationToken cancellation)
    {
        var trail = new Trail(complete: true);
        for (long from = 1; from < version;)
        {
            var records = await store.Records(instance, from, (int)Math.Min(Page, version - from), cancellation);
            if (records.Count == 0) break;
            Replay(trail, records);
            from = records[^1].Version + 1;
        }
        return trail;
    }

    private Trail Replay(Trail trail, IEnumerable<StoredRecord> records)
    {
        foreach (var record in records) Apply(trail, record);
        return trail;
    }

    private void Apply(Trail trail, StoredRecord record)
    {
        var events = Decode(record);
        foreach (var @event in events) trail.Apply(@event, record.Version, record.At);
        if (events.IsEmpty) trail.Skip(record.Version);
    }
}
