namespace Perdure.Owning;

/// <summary>A node that takes its share of the lanes.</summary>
/// <param name="Id">Its number.</param>
/// <param name="IsWell">Whether it can be given lanes now. One that is not keeps its share, and what it owns, until it is known to be dead.</param>
internal readonly record struct Member(int Id, bool IsWell);

/// <summary>
/// Who is to have which lane. Everybody works it out from the same rows by the same rule, and each does its own part of it: hands over what is another's, takes what is free and its own.
/// Each member has the floor or the ceil of lanes / members, the ceil those that have the most already; a lane moves only from one that has more than its share to one that has less, so
/// that every move brings the spread nearer to even and none is ever moved back.
/// </summary>
internal static class Spread
{
    /// <summary>For each lane, in their order, the node that is to have it; null where nobody can.</summary>
    /// <param name="members">Ordered by id.</param>
    /// <param name="lanes">Ordered by number.</param>
    /// <param name="isThere">Whether a node's row is there: one that is leaving owns its lanes until it has handed them over.</param>
    public static int?[] Plan(IReadOnlyList<Member> members, IReadOnlyList<LaneRow> lanes, Func<int, bool> isThere)
    {
        var planned = new int?[lanes.Count];
        var have = members.ToDictionary(m => m.Id, m => lanes.Count(l => HolderOf(l, isThere) == m.Id));
        var share = Shares(members, lanes.Count, have);
        var kept = members.ToDictionary(m => m.Id, _ => 0);

        // Owned lanes stay before promised ones do.
        var loose = new List<int>();
        foreach (var i in Enumerable.Range(0, lanes.Count).OrderBy(i => lanes[i].Owner is null ? 1 : 0))
        {
            if (HolderOf(lanes[i], isThere) is { } holder && kept.TryGetValue(holder, out var count) && count < share[holder])
            {
                planned[i] = holder;
                kept[holder] = count + 1;
            }
            else loose.Add(i);
        }

        // What nobody works at goes first, then what a leaving node owns, then what is too much for another.
        foreach (var i in loose.OrderBy(i => Urgency(lanes[i], kept, isThere)).ThenBy(i => i))
        {
            var stays = HolderOf(lanes[i], isThere) is { } holder && kept.ContainsKey(holder) && lanes[i].Owner is not null ? holder : (int?)null;
            var heir = members.Where(m => m.IsWell && kept[m.Id] < share[m.Id]).Select(m => (int?)m.Id).FirstOrDefault()
                ?? stays
                ?? members.Where(m => m.IsWell).OrderBy(m => kept[m.Id]).ThenBy(m => m.Id).Select(m => (int?)m.Id).FirstOrDefault();
            planned[i] = heir;
            if (heir is { } to) kept[to]++;
        }
        return planned;
    }

    private static int? HolderOf(LaneRow lane, Func<int, bool> isThere) =>
        lane.Owner is { } owner ? (isThere(owner) ? owner : null)
        : lane.WantedBy is { } heir && isThere(heir) ? heir
        : null;

    private static int Urgency(LaneRow lane, Dictionary<int, int> members, Func<int, bool> isThere) =>
        HolderOf(lane, isThere) is not { } holder ? 0 : members.ContainsKey(holder) ? 2 : 1;

    private static Dictionary<int, int> Shares(IReadOnlyList<Member> members, int lanes, Dictionary<int, int> have)
    {
        if (members.Count == 0) return [];
        var (floor, more) = Math.DivRem(lanes, members.Count);
        var ceil = members.OrderByDescending(m => have[m.Id]).ThenBy(m => m.Id).Take(more).Select(m => m.Id).ToHashSet();
        return members.ToDictionary(m => m.Id, m => ceil.Contains(m.Id) ? floor + 1 : floor);
    }
}
