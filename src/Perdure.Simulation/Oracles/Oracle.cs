using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Runtime;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>A record that has become durable, as an independent replay sees it.</summary>
/// <param name="Item">The rows that it was written with.</param>
/// <param name="Epoch">Under which epoch.</param>
/// <param name="Record">The record, decoded from its bytes.</param>
/// <param name="Instants">The instance before each of its events; null before a start.</param>
/// <param name="After">The instance after it.</param>
internal sealed record Recorded(Item Item, long Epoch, Record Record, Instance?[] Instants, Instance After)
{
    /// <summary>The instance before it; null for a start.</summary>
    public Instance? Before => Instants[0];
}

/// <summary>
/// Holds one promise against what is seen from outside: durable records, effects in the world, answers to clients. It knows nothing of the nodes' memory, except where it compares just that.
/// </summary>
internal abstract class Oracle(World world)
{
    protected World World => world;

    /// <summary>Which promise.</summary>
    public abstract string Name { get; }

    /// <summary>The operation of that name, as some node carries it; null where none does.</summary>
    protected CarriedStep? Carried(string operation)
    {
        foreach (var node in World.Nodes)
            if (node.Node.Registry.Step(operation) is { } step) return step;
        return null;
    }

    /// <summary>A record became durable.</summary>
    public virtual void Durable(Recorded recorded) { }

    /// <summary>A lane was taken under an epoch, durably.</summary>
    public virtual void Opened(int lane, long epoch) { }

    /// <summary>A node has let go of a lane in order, durably.</summary>
    public virtual void Released(int node, int lane, long epoch) { }

    /// <summary>A batch is given to the store.</summary>
    public virtual void Given(int lane, long epoch) { }

    /// <summary>An owner that was told that the lane is another's sends a batch.</summary>
    public virtual void WentOn(int lane, long epoch) { }

    /// <summary>An operation that must not happen twice is called: its effect may happen from now on.</summary>
    public virtual void Called(LedgerEntry entry) { }

    /// <summary>Something was done outside, or undone.</summary>
    public virtual void Effect(LedgerEntry entry) { }

    /// <summary>A page has reached those who are called.</summary>
    public virtual void Paged(StoredPage page) { }

    /// <summary>A client was answered.</summary>
    public virtual void Started(StartRequest request, StartAnswer.Accepted answer) { }

    /// <summary>A sender was answered that its message is taken in.</summary>
    public virtual void Sent(InstanceId instance, string message) { }

    /// <summary>A person was answered that what was asked for is done.</summary>
    public virtual void Commanded(string what, InstanceId instance) { }

    /// <summary>Time has passed.</summary>
    public virtual void Look() { }

    /// <summary>Faults are over and the world is quiet, or should be.</summary>
    public virtual void End() { }

    /// <summary>After that every node was stopped in order, and nothing of it can be on its way any more.</summary>
    public virtual void Stopped() { }

    protected void Fail(string seen) => world.Watch.Report(new Violation(Name, seen));
}
