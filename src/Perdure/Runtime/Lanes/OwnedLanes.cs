using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>The lanes that a node has at this moment. Read from any thread without a lock; lanes come and go one at a time.</summary>
internal sealed class OwnedLanes
{
    private readonly Lock _gate = new();
    private volatile Lane[] _all = [];
    private volatile Lane?[] _byNumber = [];
    // Of all lanes the same: written before the first of them is there to be read.
    private LaneRule _rule;
    private int _next;

    public IReadOnlyList<Lane> All => _all;

    /// <summary>The lane of an instance; null where another node has it.</summary>
    public Lane? Of(InstanceId id) => _byNumber is { Length: > 0 } lanes ? lanes[_rule.Of(id)] : null;

    /// <summary>The lane of that number; null where another node has it.</summary>
    public Lane? Numbered(int lane) => (uint)lane < (uint)_byNumber.Length ? _byNumber[lane] : null;

    /// <summary>The lane whose turn it is to take a start, of those that may; null where the node has none.</summary>
    public Lane? Next(LaneRange? among)
    {
        var lanes = _all;
        for (var tries = lanes.Length; tries > 0; tries--)
            if (lanes[(uint)Interlocked.Increment(ref _next) % (uint)lanes.Length] is var lane && among?.Has(lane.Lease.Lane) != false) return lane;
        return null;
    }

    /// <summary>Gives back the one whose place it takes.</summary>
    public Lane? Add(Lane lane)
    {
        using var only = _gate.EnterScope();
        if (_byNumber.Length == 0) _rule = lane.Lease.Rule;
        var lanes = _byNumber.Length == 0 ? new Lane?[lane.Lease.Lanes] : [.. _byNumber];
        var before = lanes[lane.Lease.Lane];
        lanes[lane.Lease.Lane] = lane;
        Set(lanes);
        return before;
    }

    /// <summary>False where it was removed before, or another has taken its place.</summary>
    public bool Remove(Lane lane)
    {
        using var only = _gate.EnterScope();
        if (Numbered(lane.Lease.Lane) != lane) return false;
        Lane?[] lanes = [.. _byNumber];
        lanes[lane.Lease.Lane] = null;
        Set(lanes);
        return true;
    }

    private void Set(Lane?[] lanes) => (_byNumber, _all) = (lanes, [.. lanes.OfType<Lane>()]);
}
