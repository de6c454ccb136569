using Perdure.Ports;

namespace Perdure.Postgres.Sharding;

/// <summary>What one database tells of its lanes, told on with the numbers that they have in the whole.</summary>
internal sealed class ShardOwner(ILaneOwner owner, int number, LaneRange lanes, Action<IReadOnlyList<NodeIdentity>> peers) : ILaneOwner
{
    // New ids are above those of before the map, whatever database they are of and whatever its clock says.
    public static Ports.Ownership Whole(Ports.Ownership owned, LaneRange lanes) => owned with
    {
        Lanes = [.. owned.Lanes.Select(l => l with { Lane = lanes.First + l.Lane, Lanes = lanes.Rule.Lanes, Rule = lanes.Rule, Before = l.Before ?? new(owned.Unclean, owned.Before) })],
        Newest = new(Math.Max(owned.Newest.Value, lanes.Rule.Since.Value)),
    };

    public void Gained(Ports.Ownership taken) => owner.Gained(Whole(taken, lanes));

    public Task HandOver(int lane) => owner.HandOver(lanes.First + lane);

    public void Lost(int lane, StoreException why) => owner.Lost(lanes.First + lane, why);

    public void Arrived(int lane) => owner.Arrived(lanes.First + lane);

    public void Away(StoreException why) => owner.Away(why, lanes);

    public void Back() => owner.Back(lanes);

    public void Untold(LaneRange those, StoreException? why) => owner.Untold(lanes, why);

    public void Moved(long position) => owner.Moved(number, position);

    public void Peers(IReadOnlyList<NodeIdentity> live) => peers(live);
}
