using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>Gives the ids of new instances: they only grow, also when the clock goes back or a node restarts within a millisecond.</summary>
internal sealed class Ids(LaneLease lease, InstanceId newest)
{
    private readonly int _slots = (InstanceId.Slots - lease.Lane + lease.Lanes - 1) / lease.Lanes;
    private DateTimeOffset _last = newest.At.AddMilliseconds(1);
    private int _count;

    public InstanceId Next(DateTimeOffset now)
    {
        if (now > _last) (_last, _count) = (now, 0);
        else if (_count == InstanceId.PerMillisecond * _slots) (_last, _count) = (_last.AddMilliseconds(1), 0);
        var slot = lease.Lane + _count % _slots * lease.Lanes;
        return InstanceId.Create(_last, _count++ / _slots, slot);
    }
}
