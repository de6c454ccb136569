using Perdure.Kernel;
using Perdure.Owning;
using Perdure.Ports;
using Perdure.Simulation.Database;

namespace Perdure.Simulation.Owning;

/// <summary>
/// One question of the protocol, as the database carries it out: a transaction by the rules of <c>ownership.sql</c>. What it changes is kept, so that a server that recovers runs just that again,
/// whatever the locks are by then.
/// </summary>
internal sealed class SharedRequest(Ask ask, SimulatedDatabase database, SimulatedSession session, KeeperTimes times, int lanes) : IKeeperSession
{
    private readonly List<Action<Tables>> _changes = [];
    private readonly List<string> _notices = [];
    private readonly List<(int Lane, long Epoch)> _taken = [];
    private readonly List<(int Node, int Lane, long Epoch)> _released = [];
    private Tables _tables = database.Tables;
    private bool _carriedOut;

    /// <summary>Runs it, or its changes again.</summary>
    public bool Run(Tables tables)
    {
        if (_carriedOut)
        {
            foreach (var change in _changes) change(tables);
            return true;
        }
        (_carriedOut, _tables) = (true, tables);
        ask.Of(this);
        return true;
    }

    /// <summary>It has become durable.</summary>
    public void Durable()
    {
        foreach (var (lane, epoch) in _taken) database.Opened?.Invoke(lane, epoch);
        foreach (var (node, lane, epoch) in _released) database.Released?.Invoke(node, lane, epoch);
        foreach (var notice in _notices) database.Sessions.Notify(notice);
    }

    private long Moment => database.Now.ToUnixTimeMilliseconds();

    private SharedTables Shared => _tables.Shared;

    private void Change(Action<Tables> change)
    {
        change(_tables);
        _changes.Add(change);
    }

    public TimeSpan Served => database.Served;

    public int Join(NodeIdentity node)
    {
        var (at, number) = (Moment, 0);
        Change(tables => number = tables.Shared.Join(node, at, times.Lease));
        return session.Named = number;
    }

    public void JoinAgain(NodeIdentity node, int number)
    {
        var at = Moment;
        Change(tables => tables.Shared.JoinAgain(node, number, at, times.Lease));
    }

    public void Name(int number) => session.Named = number;

    public bool Lock(int number) => database.Sessions.Lock(number, session);

    public Seen Look(int number, bool leaving)
    {
        var at = Moment;
        var isMember = Shared.IsThere(number);
        if (isMember) Change(tables => tables.Shared.Renew(number, at, times.Lease, leaving));
        return new(isMember, database.Now,
            [.. Shared.Nodes.Select(n => new NodeRow(n.Key, n.Value.JoinedAt, n.Value.LeaseUntil, times.Lease, times.Grace, n.Value.Leaving, database.Sessions.IsLocked(n.Key)))],
            [.. Enumerable.Range(0, lanes).Select(RowOf)],
            [.. Enumerable.Range(0, lanes).Where(lane => _tables.FenceOf(lane)?.Node == number && Shared.Open(lane).Any())]);
    }

    private LaneRow RowOf(int lane) => _tables.FenceOf(lane) is { } fence ? new(lane, fence.Epoch, fence.Node, fence.WantedBy) { Clean = fence.Clean } : new(lane, 0, null, null) { Clean = true };

    public IReadOnlyList<NodeIdentity> Identities() => [.. Shared.Nodes.Values.Select(n => n.Identity)];

    public bool DeclareDead(NodeRow node, Death how)
    {
        if (!Shared.Nodes.TryGetValue(node.Id, out var row) || row.LeaseUntil != node.LeaseUntil || (how == Death.Lock && database.Sessions.IsLocked(node.Id))) return false;
        Change(tables => tables.Shared.Remove(node.Id));
        database.Sessions.EndNamed(node.Id);
        return true;
    }

    public void EndSessions(int node)
    {
        if (!Shared.IsThere(node)) database.Sessions.EndNamed(node);
    }

    public IReadOnlyList<TakenLane> Take(int number, IReadOnlyList<LaneRow> wanted)
    {
        if (!Shared.Nodes.TryGetValue(number, out var me) || me.Leaving) return [];
        var (at, taken) = (database.Now, new List<TakenLane>());
        foreach (var lane in wanted)
        {
            var before = _tables.FenceOf(lane.Id);
            if ((before?.Epoch ?? 0) != lane.Epoch || (before?.Node is { } owner && owner != number && Shared.IsThere(owner))) continue;
            Change(tables => tables.Take(lane.Id, me.Identity, at, number));
            taken.Add(new(lane.Id, lane.Epoch + 1, before?.Clean ?? true, before?.Since, before?.Node));
            _taken.Add((lane.Id, lane.Epoch + 1));
        }
        return taken;
    }

    public IReadOnlyList<int> Release(int number, IReadOnlyList<ReleasedLane> given, string payload)
    {
        List<int> released = [];
        foreach (var lane in given)
        {
            if (_tables.FenceOf(lane.Lane) is not { } fence || fence.Epoch != lane.Epoch || fence.Node != number) continue;
            Change(tables => tables.LetGo(lane.Lane, lane.Heir, lane.Clean));
            released.Add(lane.Lane);
            if (lane.Clean) _released.Add((number, lane.Lane, lane.Epoch));
        }
        if (released.Count > 0) _notices.Add(payload);
        return released;
    }

    public void Leave(int number, string payload)
    {
        if (!Shared.IsThere(number)) return;
        Change(tables => tables.Shared.Remove(number));
        _notices.Add(payload);
    }

    public void Notify(IReadOnlyList<string> payloads) => _notices.AddRange(payloads);

    // A world is short: what was answered stays.
    public int ClearInbox(TimeSpan age, int limit) => 0;

    public InstanceId Newest() => _tables.Instances.Keys.Append(_tables.NewestRemoved).Max();
}
