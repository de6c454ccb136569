using Perdure.Kernel;

namespace Perdure.Ports;

/// <summary>The keys of a start, by which a store of several databases finds its place.</summary>
public sealed record StartKeys(string Namespace, string Workflow, string RequestKey, string? BusinessKey);

/// <summary>Where an instance may be started. The set is closed.</summary>
public abstract record StartPlace
{
    private StartPlace() { }

    /// <summary>In one of these lanes.</summary>
    public sealed record In(LaneRange Lanes) : StartPlace
    {
        /// <summary>The version of the map by which that was said. A start that is written under another one is refused, and has to be placed anew.</summary>
        public int? Map { get; init; }
    }
    /// <summary>Nowhere: the request key belongs to an instance already.</summary>
    public sealed record KeyTaken(StoredKey Key) : StartPlace;
    /// <summary>Nowhere: the business key belongs to an instance already.</summary>
    public sealed record BusinessKeyTaken(InstanceId Instance) : StartPlace;
}

/// <summary>The lanes of one database among those of the store.</summary>
/// <param name="First">The number of the first one.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Rule">How lanes are found by ids in the whole store.</param>
public readonly record struct LaneRange(int First, int Count, LaneRule Rule)
{
    /// <summary>Whether the lane is one of them.</summary>
    public bool Has(int lane) => lane >= First && lane < First + Count;

    /// <summary>Whether the instance's lane is one of them.</summary>
    public bool Has(InstanceId instance) => Has(Rule.Of(instance));
}
