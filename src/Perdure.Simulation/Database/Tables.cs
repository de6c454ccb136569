using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Simulation.Database;

/// <summary>An instance as the tables have it.</summary>
internal sealed class InstanceRecord(Item start)
{
    public Item First => start;
    public NewInstance Start => start.Start!;
    public string State = start.StateAfter;
    public Status Status = start.StatusAfter;
    public int Visit = 1;
    public int Checkpoint;
    public DateTimeOffset UpdatedAt = start.At;
    public DateTimeOffset EnteredAt = start.At;
    public readonly List<StoredRecord> Log = [];
    public readonly SortedDictionary<int, StackEntry> Stack = [];
    public readonly HashSet<string> Messages = new(StringComparer.Ordinal);
    public readonly HashSet<(int Visit, string Name, int Generation)> Tokens = [];
    public readonly Dictionary<TimerId, DateTimeOffset> Timers = [];

    public InstanceRow Row(InstanceId id) => new(id, Start.Namespace, First.Workflow, First.WorkflowVersion, Start.RequestKey, Start.BusinessKey, State, Status, Visit,
        First.At, UpdatedAt, Start.Salt, Start.Priority);
}

/// <summary>
/// What a database holds, with every constraint that the real stores have: unique keys, message ids and tokens, gap-free versions, and transitions that are declared, leave the present
/// state and are the next visit. An item is taken whole or leaves nothing behind.
/// </summary>
internal sealed class Tables
{
    private readonly SortedDictionary<InstanceId, InstanceRecord> _instances = [];
    private readonly Dictionary<InstanceId, InstanceRecord> _byId = [];      // the same, to be found at once
    private readonly Dictionary<(string Namespace, string Workflow, string Key), StoredKey> _requestKeys = [];
    private readonly Dictionary<(string Namespace, string Workflow, string Key), InstanceId> _businessKeys = [];
    private readonly SortedDictionary<InstanceId, (NewInstance Start, string Workflow)> _removed = [];
    private readonly Dictionary<(string Workflow, int Version), (MapDefinition Map, Lazy<string> Text)> _maps = [];
    private readonly SortedSet<(DateTimeOffset Due, InstanceId Instance, TimerKind Kind, int Ordinal)> _timers = [];
    private readonly SortedDictionary<long, OutboxMessage> _outbox = [];
    private readonly List<StoredRecord> _feed = [];
    private readonly List<StoredPage> _pages = [];
    private readonly Dictionary<string, int> _pageByKey = new(StringComparer.Ordinal);
    private readonly Dictionary<int, Fence> _fences = [];
    private long _sent, _position;

    /// <summary>The fence of a lane: who owns it, the last batch of that epoch, and whether it was given back.</summary>
    public sealed record Fence(long Epoch, long Marker, bool Clean, NodeIdentity Owner, DateTimeOffset Since)
    {
        /// <summary>Batches up to this one were asked after, and are not written any more.</summary>
        public long Closed { get; init; }
        /// <summary>The node that owns it, where lanes are shared; null where nobody does.</summary>
        public int? Node { get; init; }
        /// <summary>The node that it was handed over to.</summary>
        public int? WantedBy { get; init; }
    }

    /// <summary>What nodes that share the lanes keep here.</summary>
    public Owning.SharedTables Shared { get; } = new();
    public IReadOnlyDictionary<InstanceId, InstanceRecord> Instances => _instances;
    public IReadOnlyList<StoredRecord> Feed => _feed;
    public IReadOnlyList<StoredPage> Pages => _pages;
    public IEnumerable<OutboxMessage> Outbox => _outbox.Values;

    /// <summary>Timers, soonest first, from behind one on.</summary>
    public IEnumerable<StoredTimer> TimersBehind(StoredTimer? after)
    {
        var some = after is null || _timers.Count == 0 ? _timers
            : _timers.GetViewBetween((after.Due, after.Instance, after.Timer.Kind, after.Timer.Ordinal), (DateTimeOffset.MaxValue, new(long.MaxValue), TimerKind.Undo, int.MaxValue));
        foreach (var (due, instance, kind, ordinal) in some)
            if (after is null || (due, instance, kind, ordinal) != (after.Due, after.Instance, after.Timer.Kind, after.Timer.Ordinal)) yield return new(instance, new(kind, ordinal), due);
    }

    public InstanceRecord? Find(InstanceId id) => _byId.GetValueOrDefault(id);
    public StoredKey? FindKey(string @namespace, string workflow, string key) => _requestKeys.GetValueOrDefault((@namespace, workflow, key));
    public InstanceId? FindBusinessKey(string @namespace, string workflow, string key) => _businessKeys.TryGetValue((@namespace, workflow, key), out var id) ? id : null;
    public MapDefinition? Map(string workflow, int version) => _maps.TryGetValue((workflow, version), out var stored) ? stored.Map : null;
    public IEnumerable<MapDefinition> Maps => _maps.OrderBy(m => m.Key).Select(m => m.Value.Map);
    public Fence? FenceOf(int lane) => _fences.GetValueOrDefault(lane);

    /// <summary>A new owner takes a lane under a higher epoch.</summary>
    public Fence Take(int lane, NodeIdentity owner, DateTimeOffset at, int? node = null)
    {
        var before = FenceOf(lane);
        return _fences[lane] = new((before?.Epoch ?? 0) + 1, 0, false, owner, at) { Node = node };
    }

    /// <summary>The owner of that epoch gives the lane back.</summary>
    public void GiveBack(int lane, long epoch)
    {
        if (FenceOf(lane) is { } fence && fence.Epoch == epoch) _fences[lane] = fence with { Clean = true };
    }

    /// <summary>The owner lets go of a lane, for another where there is one.</summary>
    public void LetGo(int lane, int? heir, bool clean) => _fences[lane] = FenceOf(lane)! with { Node = null, WantedBy = heir, Clean = clean };

    /// <summary>Writes a marker under the fence; false where another epoch holds it.</summary>
    public bool Mark(int lane, long epoch, long marker)
    {
        if (FenceOf(lane) is not { } fence || fence.Epoch != epoch) return false;
        _fences[lane] = fence with { Marker = marker };
        return true;
    }

    /// <summary>A batch that was asked after, and those before it, must not be written any more.</summary>
    public void Close(int lane, Fence fence, long marker) => _fences[lane] = fence with { Closed = Math.Max(fence.Closed, marker) };

    public void Register(MapDefinition map)
    {
        if (!_maps.TryGetValue((map.Workflow, map.Version), out var stored)) _maps[(map.Workflow, map.Version)] = (map, new(() => MapText.Of(map)));
        else if (!ReferenceEquals(stored.Map, map) && MapText.Of(map) is var text && stored.Text.Value != text)
            throw new MapChangedException(map.Workflow, map.Version, MapText.Difference(stored.Text.Value, text));
    }

    public void PageTried(string key, bool delivered, string? error, DateTimeOffset at)
    {
        if (!_pageByKey.TryGetValue(key, out var index)) return;
        var page = _pages[index];
        _pages[index] = page with { Tries = page.Tries + 1, LastError = error, DeliveredAt = delivered ? page.DeliveredAt ?? at : page.DeliveredAt };
    }

    /// <summary>Writes an item, or says why not and leaves nothing behind.</summary>
    public ItemAnswer Write(Item item)
    {
        if (Against(item) is not { } answer) return new ItemAnswer.Committed(Put(item, Find(item.Instance)));
        // That message has reached its receiver before, so that it leaves the outbox all the same.
        if (answer is ItemAnswer.Duplicate { What: "message" } && item.OutboxDone is { } arrived) Arrived(item.OutboxDoneOf, arrived);
        return answer;
    }

    /// <summary>Takes an instance out with its keys and records; only what was sent to others of it stays.</summary>
    public void Forget(InstanceId id)
    {
        if (!_byId.Remove(id, out var record)) return;
        _instances.Remove(id);
        _requestKeys.Remove((record.Start.Namespace, record.First.Workflow, record.Start.RequestKey));
        if (record.Start.BusinessKey is { } business) _businessKeys.Remove((record.Start.Namespace, record.First.Workflow, business));
        foreach (var timer in record.Timers.Keys.ToList()) Forget(id, record, timer);
        _feed.Clear();
    }

    /// <summary>Looks at instances that have ended, in the order of ids, and removes those that ended before a moment and that nobody may still ask for. Their keys stay.</summary>
    public Removal Remove(DateTimeOffset endedBefore, InstanceId after, int limit)
    {
        var seen = _instances.Where(i => i.Value.Status == Status.Ended && i.Key.CompareTo(after) > 0).Take(limit).ToList();
        var due = seen.FindAll(i => i.Value.UpdatedAt < endedBefore && !(i.Value.Start.Parent is { } parent && Find(parent.Id) is { Status: not Status.Ended })
            && !_pages.Exists(p => p.Instance == i.Key && p.DeliveredAt is null) && _outbox.Values.All(m => m.To != i.Key));
        foreach (var (id, record) in due)
        {
            _instances.Remove(id);
            _byId.Remove(id);
            _removed.Add(id, (record.Start, record.First.Workflow));
            foreach (var timer in record.Timers.Keys.ToList()) Forget(id, record, timer);
            RemovedUpTo = Math.Max(RemovedUpTo, record.Log[^1].Position);
        }
        HashSet<InstanceId> gone = [.. due.Select(i => i.Key)];
        _feed.RemoveAll(r => gone.Contains(r.Instance));
        _pages.RemoveAll(p => gone.Contains(p.Instance));
        _pageByKey.Clear();
        for (var i = 0; i < _pages.Count; i++) _pageByKey.Add(_pages[i].Page.Key, i);
        return new(due.Count, seen.Count == 0 ? null : seen[^1].Key, due.Count == 0 ? null : due.Min(i => i.Value.UpdatedAt));
    }

    /// <summary>Removes the keys of removed instances, and the memory that they were here.</summary>
    public int RemoveKeys(DateTimeOffset madeBefore, int limit)
    {
        var due = _removed.TakeWhile(r => r.Key.At < madeBefore).Take(limit).ToList();
        foreach (var (id, (start, workflow)) in due)
        {
            _removed.Remove(id);
            _requestKeys.Remove((start.Namespace, workflow, start.RequestKey));
            if (start.BusinessKey is { } business) _businessKeys.Remove((start.Namespace, workflow, business));
        }
        return due.Count;
    }

    /// <summary>Whether the instance was removed and its keys are still here.</summary>
    public bool WasRemoved(InstanceId id) => _removed.ContainsKey(id);

    /// <summary>The highest id of a removed instance that is remembered; default where there is none.</summary>
    public InstanceId NewestRemoved => _removed.Count == 0 ? default : _removed.Keys.Last();

    /// <summary>The highest position of a record that was removed.</summary>
    public long RemovedUpTo { get; private set; }

    /// <summary>The position of the newest record, removed ones included.</summary>
    public long Newest => _position;

    /// <summary>Records from behind a position on.</summary>
    public IEnumerable<StoredRecord> FeedBehind(long position)
    {
        int low = 0, high = _feed.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_feed[middle].Position > position) high = middle;
            else low = middle + 1;
        }
        return _feed.Skip(low);
    }

    /// <summary>What speaks against an item; null where it may be written.</summary>
    public ItemAnswer? Against(Item item)
    {
        if (Map(item.Workflow, item.WorkflowVersion) is not { } map) return new ItemAnswer.Refused($"'{item.Workflow}' version {item.WorkflowVersion} is not registered.");
        if (map.Find(item.StateAfter) is null) return new ItemAnswer.Refused($"'{item.Workflow}' version {item.WorkflowVersion} has no state '{item.StateAfter}'.");
        var record = Find(item.Instance);
        if (item.Start is { } start)
        {
            if (FindKey(start.Namespace, item.Workflow, start.RequestKey) is { } key) return new ItemAnswer.KeyTaken(key);
            if (start.BusinessKey is { } business && FindBusinessKey(start.Namespace, item.Workflow, business) is { } other) return new ItemAnswer.BusinessKeyTaken(other);
            if (record is not null) return new ItemAnswer.Duplicate("instance");
        }
        else if (record is null) return NotNext;
        if (record is not null)
        {
            foreach (var message in item.Messages)
                if (record.Messages.Contains(message)) return new ItemAnswer.Duplicate(ItemAnswer.Duplicate.Message);
            if (item.Version <= record.Log.Count) return new ItemAnswer.Duplicate("record");
            foreach (var token in item.Tokens)
                if (record.Tokens.Contains((token.Visit, token.Name, token.Generation))) return new ItemAnswer.Duplicate("token");
        }
        return item.Version != (record?.Log.Count ?? 0) + 1 ? NotNext : Undeclared(map, item, record);
    }

    private static readonly ItemAnswer.Refused NotNext = new("log: the version is not the next one of its instance");

    private static ItemAnswer.Refused? Undeclared(MapDefinition map, Item item, InstanceRecord? record)
    {
        var (state, visit) = record is null ? (map.Start.Name, 1) : (record.State, record.Visit);
        foreach (var move in item.Transitions)
        {
            if (!map.Declares(move.From, move.To)) return new($"transition: '{map.Workflow}' version {map.Version} declares none from '{move.From}' to '{move.To}'.");
            if (move.From != state) return new("transition: the edge does not leave the present state of the instance");
            if (move.Visit != visit + 1) return new("transition: the visit is not the next one of the instance");
            (state, visit) = (move.To, move.Visit);
        }
        return null;
    }

    private long Put(Item item, InstanceRecord? record)
    {
        if (record is null)
        {
            record = new(item);
            _instances.Add(item.Instance, record);
            _byId.Add(item.Instance, record);
            var start = item.Start!;
            _requestKeys.Add((start.Namespace, item.Workflow, start.RequestKey), new(item.Instance, item.WorkflowVersion, start.PayloadHash, item.At));
            if (start.BusinessKey is { } business) _businessKeys.Add((start.Namespace, item.Workflow, business), item.Instance);
        }
        var stored = new StoredRecord(++_position, item.Instance, item.Version, item.At, item.Body, item.Hash);
        _feed.Add(stored);
        record.Log.Add(stored);
        if (item.Transitions.Count > 0)
        {
            record.Checkpoint = record.Log.Count - 1;
            record.Visit = item.Transitions[^1].Visit;
            record.EnteredAt = record.UpdatedAt = item.At;
        }
        else if (record.Status != item.StatusAfter) record.UpdatedAt = item.At;
        (record.State, record.Status) = (item.StateAfter, item.StatusAfter);

        if (item.SettlesStack) record.Stack.Clear();
        foreach (var token in item.Tokens)
        {
            record.Tokens.Add((token.Visit, token.Name, token.Generation));
            if (token.OnStack) record.Stack[token.Ordinal] = new(token.Ordinal, token.Visit, token.Name, token.Generation, token.Operation, token.IntendedAt);
        }
        foreach (var left in item.LeftStack) record.Stack.Remove(left);
        if (item.StatusAfter == Status.Ended) record.Stack.Clear();
        foreach (var cleared in item.TimersCleared) Forget(item.Instance, record, cleared);
        foreach (var set in item.TimersSet) Keep(item.Instance, record, set);
        foreach (var message in item.Messages) record.Messages.Add(message);
        foreach (var message in item.Outbox)
            if (_outbox.Values.All(m => m.To != message.To || m.MessageId != message.MessageId)) _outbox.Add(++_sent, message with { Position = _sent });
        if (item.OutboxDone is { } done) Arrived(item.OutboxDoneOf, done);
        foreach (var page in item.Pages)
            if (_pageByKey.TryAdd(page.Key, _pages.Count)) _pages.Add(new(page, item.Instance, item.Workflow, item.StateAfter, item.At, null, 0, null));
        return stored.Position;
    }

    private void Keep(InstanceId id, InstanceRecord record, Effect.SetTimer set)
    {
        Forget(id, record, set.Timer);
        var due = set.Due.Ticks % TimeSpan.TicksPerMillisecond is 0 ? set.Due : set.Due.AddTicks(TimeSpan.TicksPerMillisecond - set.Due.Ticks % TimeSpan.TicksPerMillisecond);
        record.Timers.Add(set.Timer, due);
        _timers.Add((due, id, set.Timer.Kind, set.Timer.Ordinal));
    }

    private void Forget(InstanceId id, InstanceRecord record, TimerId timer)
    {
        if (record.Timers.Remove(timer, out var due)) _timers.Remove((due, id, timer.Kind, timer.Ordinal));
    }

    /// <summary>A message leaves the outbox; one that is not there changes nothing.</summary>
    public void Arrived(InstanceId receiver, string messageId)
    {
        foreach (var (position, message) in _outbox)
        {
            if (message.To != receiver || message.MessageId != messageId) continue;
            _outbox.Remove(position);
            return;
        }
    }
}
