namespace Perdure.Owning;

/// <summary>
/// What this node has seen of the others, by its own monotonic clock: a node is dead when its lease was seen unchanged for as long as that lease is, or when its lock was seen free, and the
/// lease not renewed, for its grace. Everything that was seen on one connection is forgotten with it.
/// </summary>
internal sealed class Watch
{
    private readonly Dictionary<int, Sight> _sights = [];
    private TimeSpan _from;

    /// <summary>A connection is new: nobody's lock counts as free before that moment.</summary>
    public void Restart(TimeSpan from)
    {
        _sights.Clear();
        _from = from;
    }

    /// <summary>Takes up what was seen in an answer that came at that moment.</summary>
    public void See(IReadOnlyList<NodeRow> nodes, TimeSpan now)
    {
        foreach (var gone in _sights.Keys.Except(nodes.Select(n => n.Id)).ToList()) _sights.Remove(gone);
        foreach (var node in nodes)
        {
            if (!_sights.TryGetValue(node.Id, out var sight) || sight.LeaseUntil != node.LeaseUntil || sight.JoinedAt != node.JoinedAt)
                sight = new(node.JoinedAt, node.LeaseUntil, now, null);
            _sights[node.Id] = sight with { UnlockedAt = node.Locked || now < _from ? null : sight.UnlockedAt ?? now };
        }
    }

    /// <summary>Whether the node is dead, and if so, whether by its lock alone: then its lock must be free still.</summary>
    public Death? DeathOf(NodeRow node, TimeSpan now) =>
        _sights.GetValueOrDefault(node.Id) is not { } sight ? null
        : now - sight.RenewedAt >= node.Lease ? Death.Lease
        : now - sight.UnlockedAt >= node.Grace ? Death.Lock
        : null;

    /// <summary>Whether the node has its lock and renews its lease: only such a one is given lanes.</summary>
    public bool IsWell(NodeRow node, TimeSpan now) => node.Locked && _sights.GetValueOrDefault(node.Id) is { } sight && now - sight.RenewedAt < 2 * node.Grace;

    /// <summary>When the first of those that are silent or have no lock will be dead if they stay so; null where all are well.</summary>
    public TimeSpan? NextDeath(IReadOnlyList<NodeRow> nodes) =>
        nodes.Select(n => _sights.GetValueOrDefault(n.Id) is { UnlockedAt: { } free } ? free + n.Grace : (TimeSpan?)null).Where(at => at is not null).Min();

    private sealed record Sight(long JoinedAt, long LeaseUntil, TimeSpan RenewedAt, TimeSpan? UnlockedAt);
}

/// <summary>How a death was noticed.</summary>
internal enum Death
{
    /// <summary>Its lease has run out.</summary>
    Lease,

    /// <summary>Its lock is free: its connection has ended.</summary>
    Lock,
}
