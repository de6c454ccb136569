using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Writing;

/// <summary>What a group changes on the stacks of its instances: what comes and leaves again within it is never written.</summary>
internal sealed class StackChanges
{
    private readonly Dictionary<long, Change> _changes = [];
    private readonly Dictionary<(int Lane, int Map, string Operation), long> _counts = [];

    private sealed class Change(int lane, int map)
    {
        public int Lane => lane;
        public int Map => map;
        public bool All { get; set; }
        public List<int> Left { get; } = [];
        public List<Effect.KeepToken> Pushed { get; } = [];
    }

    public void Clear()
    {
        _changes.Clear();
        _counts.Clear();
    }

    /// <summary>What the item changes, in the order in which it does.</summary>
    public void Add(Item item, int lane, int map, RecordColumns records)
    {
        var ends = item.StatusAfter == Status.Ended && item.StatusBefore != Status.Ended;
        if (ends && !item.SettlesStack && !_changes.ContainsKey(item.Instance.Value))
        {
            // The usual end: whatever stood there leaves; what this turn itself would push never comes.
            if (item.HadStack) records.EndedInstance.Add(item.Instance.Value);
            return;
        }
        Change? change = null;
        if (item.SettlesStack) Settle(change = Of(item, lane, map));
        for (var i = 0; i < item.Tokens.Count; i++)
            if (item.Tokens[i].OnStack) (change ??= Of(item, lane, map)).Pushed.Add(item.Tokens[i]);
        foreach (var ordinal in item.LeftStack)
        {
            change ??= Of(item, lane, map);
            if (change.Pushed.RemoveAll(t => t.Ordinal == ordinal) == 0 && !change.All) change.Left.Add(ordinal);
        }
        if (ends) Settle(change ?? Of(item, lane, map));
    }

    private Change Of(Item item, int lane, int map)
    {
        if (!_changes.TryGetValue(item.Instance.Value, out var change)) _changes[item.Instance.Value] = change = new(lane, map);
        return change;
    }

    private static void Settle(Change change)
    {
        change.All = true;
        change.Left.Clear();
        change.Pushed.Clear();
    }

    /// <summary>As rows.</summary>
    public void Write(RecordColumns records, BesideColumns beside)
    {
        foreach (var (instance, change) in _changes)
        {
            if (change.All) records.EndedInstance.Add(instance);
            foreach (var ordinal in change.Left)
            {
                beside.LeaveInstance.Add(instance);
                beside.LeaveOrdinal.Add(ordinal);
            }
            foreach (var token in change.Pushed)
            {
                beside.PushInstance.Add(instance);
                beside.PushIntendedAt.Add(token.IntendedAt);
                beside.PushOrdinal.Add(token.Ordinal);
                beside.PushVisit.Add(token.Visit);
                beside.PushGeneration.Add(token.Generation);
                beside.PushName.Add(StoredText.Of(token.Name));
                beside.PushOperation.Add(StoredText.Of(token.Operation));
                var count = (change.Lane, change.Map, StoredText.Of(token.Operation));
                _counts[count] = _counts.GetValueOrDefault(count) + 1;
            }
        }
        foreach (var ((lane, map, operation), count) in _counts)
        {
            beside.StackLane.Add((short)lane);
            beside.StackMap.Add(map);
            beside.StackOperation.Add(operation);
            beside.StackCount.Add(count);
        }
    }
}
