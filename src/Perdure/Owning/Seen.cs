namespace Perdure.Owning;

/// <summary>A node, as its row and its lock were seen.</summary>
internal readonly record struct NodeRow(int Id, long JoinedAt, long LeaseUntil, TimeSpan Lease, TimeSpan Grace, bool Leaving, bool Locked);

/// <summary>A lane, as its row was seen.</summary>
internal readonly record struct LaneRow(int Id, long Epoch, int? Owner, int? WantedBy)
{
    /// <summary>Whether its owner before let go of it in order.</summary>
    public bool Clean { get; init; }
}

/// <summary>What one look at the database showed.</summary>
/// <param name="IsMember">Whether this node's row is there still, and is renewed.</param>
/// <param name="Clock">The database's clock.</param>
/// <param name="Nodes">All nodes, ordered by id.</param>
/// <param name="Lanes">All lanes, ordered by number.</param>
/// <param name="Arrived">Lanes of this node with commands in their inbox.</param>
internal sealed record Seen(bool IsMember, DateTimeOffset Clock, IReadOnlyList<NodeRow> Nodes, IReadOnlyList<LaneRow> Lanes, IReadOnlyList<int> Arrived);

/// <summary>A lane that was taken, and what was known of its owner before.</summary>
internal readonly record struct TakenLane(int Lane, long Epoch, bool Clean, DateTimeOffset? Before, int? Owner);

/// <summary>A lane that is let go of: under which epoch it was held, whom it is for, and whether in order.</summary>
internal readonly record struct ReleasedLane(int Lane, long Epoch, int? Heir, bool Clean);
