using System.Runtime.InteropServices;
using System.Text.Json;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Writing;

/// <summary>
/// The items of a group as columns. What can be seen without the database is answered here: a map that is not registered, a key or message that an earlier item of the group takes, what
/// follows an item that is not written. Such an answer holds if the rows are written, since then the earlier item is.
/// </summary>
internal sealed class GroupRows
{
    private readonly Maps _maps;
    private readonly Scopes _scopes;
    private readonly BesideRows _beside;
    private readonly StackChanges _stacks = new();
    private readonly HashSet<long> _left = [];
    private readonly Dictionary<(int Scope, string Key), int> _keys = [], _businessKeys = [];
    private readonly HashSet<(long Instance, string Id)> _messages = [];
    private readonly Dictionary<long, short> _rounds = [];
    private readonly Dictionary<long, (long At, Status Status)> _statuses = [];
    private readonly Dictionary<(int Lane, int State, Status Status), long> _tallies = [];
    private readonly List<int> _starts = [], _businesses = [], _messageItems = [], _records = [];
    private Group _group = null!;

    public GroupRows(Maps maps, Scopes scopes)
    {
        (_maps, _scopes) = (maps, scopes);
        _beside = new(Beside);
    }

    public RecordColumns Records { get; } = new();

    public BesideColumns Beside { get; } = new();

    /// <summary>How many transitions one instance takes in the group at the most.</summary>
    public int Rounds { get; private set; }

    /// <summary>The version of the shard map by which the session writes.</summary>
    public int? Map { get; set; }

    /// <summary>Whether anything is to be written.</summary>
    public bool Any => Records.Any || Beside.Any;

    /// <summary>The item of a start, a business key, a message or a record of the columns.</summary>
    public int ItemOf(Conflict what, int index) => (what switch { Conflict.RequestKey => _starts, Conflict.BusinessKey => _businesses, Conflict.Message => _messageItems, _ => _records })[index];

    /// <summary>How many records there are.</summary>
    public int RecordCount => _records.Count;

    /// <summary>The answers of the items that are not to be written.</summary>
    public ItemAnswer?[] Answers { get; private set; } = [];

    /// <summary>Fills the columns with the items of a range that have no answer yet. Null, or a scope that has to be made first.</summary>
    public (string Namespace, string Workflow)? Fill(Group group, int from, int to)
    {
        Clear(group);
        for (var i = 0; i < from; i++)
            if (group.Answers[i] is not (null or ItemAnswer.Committed)) _left.Add(group.Items[i].Instance.Value);
        for (var i = from; i < to; i++)
        {
            if (group.BatchOf[i].Answer is not null) continue;
            var item = group.Items[i];
            if (item.Start is { } start && _scopes.Find(start.Namespace, item.Workflow) is null) return (start.Namespace, item.Workflow);
            var answer = group.Answers[i] ?? (_left.Count > 0 && _left.Contains(item.Instance.Value) ? ItemAnswer.Skipped.Item : Add(item, i, group.BatchOf[i].Batch.Lane));
            if (answer is null) continue;
            Answers[i] = answer;
            _left.Add(item.Instance.Value);
            // The message has reached its receiver before, so that it leaves the outbox all the same.
            if (answer is ItemAnswer.Duplicate { What: ItemAnswer.Duplicate.Message } && item.OutboxDone is { } done) _beside.Arrived(item, done);
        }
        Finish();
        return null;
    }

    private void Clear(Group group)
    {
        _group = group;
        Answers = new ItemAnswer?[group.Items.Length];
        Records.Clear();
        Beside.Clear();
        _beside.Clear();
        _stacks.Clear();
        _left.Clear();
        _keys.Clear();
        _businessKeys.Clear();
        _messages.Clear();
        _rounds.Clear();
        _statuses.Clear();
        _tallies.Clear();
        _starts.Clear();
        _businesses.Clear();
        _messageItems.Clear();
        _records.Clear();
        Rounds = 0;
    }

    private ItemAnswer? Add(Item item, int index, int lane)
    {
        if (_maps.Find(item.Workflow, item.WorkflowVersion) is not { } map) return new ItemAnswer.Refused($"'{item.Workflow}' version {item.WorkflowVersion} is not registered.");
        if (!map.TryState(item.StateAfter, out var after)) return NoState(item, item.StateAfter);
        var first = item.Transitions.Count > 0 ? item.Transitions[0].From : item.StateAfter;
        if (item.Start is null) first = item.StateBefore ?? first;
        var before = after;
        if (!ReferenceEquals(first, item.StateAfter) && !map.TryState(first, out before)) return NoState(item, first);
        for (var i = 0; i < item.Transitions.Count; i++)
            if (item.Transitions[i] is var move && !map.TryEdge(move.From, move.To, out _)) return new ItemAnswer.Refused($"transition: '{item.Workflow}' version {item.WorkflowVersion} declares none from '{move.From}' to '{move.To}'.");
        if (item.Start is { Map: { } placed } && placed != Map) return new ItemAnswer.Refused($"shard.map-older: this start was placed by version {placed} of the shard map, and is written by {Map}.");
        if (item.Start is { } start && TakeKeys(item, start, index) is { } taken) return taken;
        if (item.Messages.Count > 0 && TakeMessages(item, index) is { } duplicate) return duplicate;

        var (id, at, record) = (item.Instance.Value, item.At.ToUnixTimeMilliseconds(), _records.Count);
        _records.Add(index);
        Records.LogInstance.Add(id);
        Records.LogVersion.Add(item.Version);
        Records.LogAt.Add(at);
        Records.LogHash.Add(item.Hash);
        Records.LogBody.Add(item.Body);
        if (item.Start is not null) Start(item, item.Start, map.Id, before, record, at);
        for (var i = 0; i < item.Transitions.Count; i++) Move(item, i, map, record, at);
        if (item.Start is null && item.Transitions.Count == 0 && item.StatusBefore != item.StatusAfter) _statuses[id] = (at, item.StatusAfter);
        for (var i = 0; i < item.Tokens.Count; i++)
        {
            var token = item.Tokens[i];
            Records.TokenInstance.Add(id);
            Records.TokenVisit.Add(token.Visit);
            Records.TokenGeneration.Add(token.Generation);
            Records.TokenOrdinal.Add(token.Ordinal);
            Records.TokenName.Add(StoredText.Of(token.Name));
        }
        _stacks.Add(item, lane, map.Id, Records);
        _beside.Add(item, lane, after, at);

        if (item.Start is not null) Count(lane, after, item.StatusAfter, 1);
        else if (before != after || item.StatusBefore != item.StatusAfter)
        {
            Count(lane, before, item.StatusBefore ?? item.StatusAfter, -1);
            Count(lane, after, item.StatusAfter, 1);
        }
        return null;
    }

    private ItemAnswer? TakeKeys(Item item, NewInstance start, int index)
    {
        var scope = _scopes.Find(start.Namespace, item.Workflow)!.Value;
        if (_keys.TryGetValue((scope, start.RequestKey), out var holder))
        {
            var held = _group.Items[holder];
            return new ItemAnswer.KeyTaken(new(held.Instance, held.WorkflowVersion, held.Start!.PayloadHash, DateTimeOffset.FromUnixTimeMilliseconds(held.At.ToUnixTimeMilliseconds())));
        }
        if (start.BusinessKey is { } key)
        {
            if (_businessKeys.TryGetValue((scope, key), out holder)) return new ItemAnswer.BusinessKeyTaken(_group.Items[holder].Instance);
            _businessKeys[(scope, key)] = index;
            _businesses.Add(index);
            Records.BusinessInstance.Add(item.Instance.Value);
            Records.BusinessScope.Add(scope);
            Records.BusinessKey.Add(StoredText.Of(key));
        }
        _keys[(scope, start.RequestKey)] = index;
        return null;
    }

    private ItemAnswer? TakeMessages(Item item, int index)
    {
        for (var i = 0; i < item.Messages.Count; i++)
        {
            if (_messages.Add((item.Instance.Value, item.Messages[i]))) continue;
            while (i-- > 0) _messages.Remove((item.Instance.Value, item.Messages[i]));
            return new ItemAnswer.Duplicate(ItemAnswer.Duplicate.Message);
        }
        foreach (var id in item.Messages)
        {
            _messageItems.Add(index);
            Records.MessageInstance.Add(item.Instance.Value);
            Records.MessageId.Add(StoredText.Of(id));
        }
        return null;
    }

    private void Start(Item item, NewInstance start, int map, int state, int record, long at)
    {
        _starts.Add(_records[record]);
        Records.StartInstance.Add(item.Instance.Value);
        Records.StartScope.Add(_scopes.Find(start.Namespace, item.Workflow)!.Value);
        Records.StartMap.Add(map);
        Records.StartState.Add(state);
        Records.StartStatus.Add((short)(item.Transitions.Count > 0 ? Status.Running : item.StatusAfter));
        Records.StartRecord.Add(record);
        Records.StartAt.Add(at);
        Records.StartPriority.Add(start.Priority);
        Records.StartKey.Add(StoredText.Of(start.RequestKey));
        Records.StartBusiness.Add(StoredText.OrNull(start.BusinessKey));
        Records.StartHash.Add(start.PayloadHash);
        Records.StartSalt.Add(start.Salt);
        Records.StartParent.Add(start.Parent?.Id.Value);
        Records.StartParentOrdinal.Add(start.Parent?.Ordinal);
        Records.StartTrace.Add(StoredText.OrNull(start.TraceParent));
        Records.StartAttributes.Add(start.Attributes.Count == 0 ? null : JsonSerializer.Serialize(start.Attributes));
    }

    private void Move(Item item, int which, MapNumbers map, int record, long at)
    {
        var move = item.Transitions[which];
        map.TryEdge(move.From, move.To, out var edge);
        ref var round = ref CollectionsMarshal.GetValueRefOrAddDefault(_rounds, item.Instance.Value, out _);
        Rounds = Math.Max(Rounds, ++round);
        Records.MoveRound.Add(round);
        Records.MoveInstance.Add(item.Instance.Value);
        Records.MoveVisit.Add(move.Visit);
        Records.MoveEdge.Add(edge);
        Records.MoveRecord.Add(record);
        Records.MoveAt.Add(at);
        Records.MoveStatus.Add((short)(which + 1 < item.Transitions.Count ? Status.Running : item.StatusAfter));
        // A status that an earlier item of the group gave is passed by.
        if (_statuses.Count > 0) _statuses.Remove(item.Instance.Value);
    }

    private void Count(int lane, int state, Status status, int change) => CollectionsMarshal.GetValueRefOrAddDefault(_tallies, (lane, state, status), out _) += change;

    private void Finish()
    {
        foreach (var (instance, (at, status)) in _statuses)
        {
            Records.StatusInstance.Add(instance);
            Records.StatusAt.Add(at);
            Records.StatusValue.Add((short)status);
        }
        foreach (var ((lane, state, status), change) in _tallies)
        {
            if (change == 0) continue;
            Records.TallyLane.Add((short)lane);
            Records.TallyState.Add(state);
            Records.TallyStatus.Add((short)status);
            Records.TallyCount.Add(change);
        }
        _stacks.Write(Records, Beside);
        _beside.Write();
    }

    private static ItemAnswer.Refused NoState(Item item, string state) => new($"'{item.Workflow}' version {item.WorkflowVersion} has no state '{state}'.");
}
