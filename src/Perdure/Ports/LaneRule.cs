using Perdure.Kernel;

namespace Perdure.Ports;

/// <summary>
/// How the lane of an instance is found by its id: the slot modulo the number of lanes. Where a store became the first of several databases while it had instances, ids of before go by the lanes that it had
/// alone, which are the first of those that there are now.
/// </summary>
/// <param name="Lanes">How many lanes the slots are divided over.</param>
/// <param name="Since">Ids below this one were given before; default where there are none.</param>
/// <param name="Before">How many lanes there were then.</param>
public readonly record struct LaneRule(int Lanes, InstanceId Since = default, int Before = 0)
{
    /// <summary>The lane's number. An id of the first millisecond there is, in which no instance was made, is the address of its slot's lane.</summary>
    public int Of(InstanceId instance) => instance.Slot % (instance.Value < Since.Value && instance.Value >= InstanceId.Slots ? Before : Lanes);
}
