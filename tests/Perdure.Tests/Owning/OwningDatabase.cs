using Perdure.Kernel;
using Perdure.Owning;
using Perdure.Ports;

namespace Perdure.Tests.Owning;

/// <summary>The tables of ownership in memory, and one session at them. A question can be lost before it is carried out, or its answer after.</summary>
internal sealed class OwningDatabase(KeeperTimes times) : IKeeperSession
{
    private int _numbers;

    public SortedDictionary<int, (long Renewed, bool Locked)> Nodes { get; } = [];

    public Dictionary<int, (LaneRow Row, bool Clean)> Lanes { get; } = [];

    /// <summary>What is lost on its way there.</summary>
    public Func<string, bool> LostThere { get; set; } = _ => false;

    /// <summary>Whose answer is lost.</summary>
    public Func<string, bool> LostBack { get; set; } = _ => false;

    public TimeSpan Served { get; set; } = TimeSpan.FromHours(1);

    public void Carry(Perdure.Owning.Ask ask)
    {
        if (LostThere(ask.What)) throw new StoreException("store.unavailable", $"{ask.What} is lost.");
        ask.Of(this);
        if (LostBack(ask.What)) throw new StoreException("store.unavailable", $"The answer to {ask.What} is lost.");
    }

    /// <summary>A lane as another has it, or has left it.</summary>
    public void Put(int lane, long epoch, int? owner, bool clean, int? wantedBy = null) => Lanes[lane] = (new(lane, epoch, owner, wantedBy) { Clean = clean }, clean);

    public int Join(NodeIdentity node)
    {
        Nodes.Add(++_numbers, (0, true));
        return _numbers;
    }

    public void JoinAgain(NodeIdentity node, int number) => Nodes.TryAdd(number, (0, true));

    public void Name(int number)
    {
    }

    public bool Lock(int number) => true;

    public Seen Look(int number, bool leaving)
    {
        if (Nodes.TryGetValue(number, out var me)) Nodes[number] = (me.Renewed + 1, true);
        return new(Nodes.ContainsKey(number), DateTimeOffset.UnixEpoch,
            [.. Nodes.Select(n => new NodeRow(n.Key, 0, n.Value.Renewed, times.Lease, times.Grace, false, n.Value.Locked))],
            [.. Lanes.OrderBy(l => l.Key).Select(l => l.Value.Row with { Clean = l.Value.Clean })], []);
    }

    public IReadOnlyList<NodeIdentity> Identities() => [.. Nodes.Keys.Select(n => new NodeIdentity("here", n, "build"))];

    public bool DeclareDead(NodeRow node, Death how) => Nodes.Remove(node.Id);

    public void EndSessions(int node)
    {
    }

    public IReadOnlyList<TakenLane> Take(int number, IReadOnlyList<LaneRow> lanes)
    {
        List<TakenLane> taken = [];
        foreach (var (lane, epoch, _, _) in lanes)
        {
            var (row, clean) = Lanes[lane];
            if (row.Epoch != epoch || (row.Owner is { } owner && owner != number && Nodes.ContainsKey(owner))) continue;
            taken.Add(new(lane, epoch + 1, clean, null, row.Owner));
            Put(lane, epoch + 1, number, clean: false);
        }
        return taken;
    }

    public IReadOnlyList<int> Release(int number, IReadOnlyList<ReleasedLane> lanes, string payload)
    {
        foreach (var lane in lanes) Put(lane.Lane, lane.Epoch, null, lane.Clean, lane.Heir);
        return [.. lanes.Select(l => l.Lane)];
    }

    public void Leave(int number, string payload) => Nodes.Remove(number);

    public void Notify(IReadOnlyList<string> payloads)
    {
    }

    public int ClearInbox(TimeSpan age, int limit) => 0;

    public InstanceId Newest() => new(7);
}
