using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>A stored instance and what it says, or why that cannot be told. Made where it was read, so that lanes do not decode.</summary>
internal sealed record Rebuilt(StoredInstance Stored, Instance? Instance, Exception? Unreadable)
{
    public static Rebuilt Of(StoredInstance stored)
    {
        try
        {
            return new(stored, StoredHistory.Rebuild(stored), null);
        }
        catch (Exception e)
        {
            return new(stored, null, e);
        }
    }
}

/// <summary>Stored records as what they say.</summary>
internal static class StoredHistory
{
    /// <summary>A record; without events where it was erased.</summary>
    public static Record Decode(StoredRecord stored) => new(stored.Instance, stored.Version, stored.At, stored.IsErased ? [] : EventCodec.Read(stored.Body));

    /// <summary>The instance as its first record, its checkpoint and its tail give it.</summary>
    /// <exception cref="InstanceErasedException">What it said was erased.</exception>
    /// <exception cref="HistoryFormatException">A record of it cannot be read.</exception>
    public static Instance Rebuild(StoredInstance stored)
    {
        if (stored.First.IsErased) throw new InstanceErasedException(stored.Row);
        var first = Decode(stored.First);
        var started = first.Events.OfType<Started>().First();
        var instance = Decider.FromCheckpoint(started, first.At, stored.Checkpoint.Version == first.Version ? first : Decode(stored.Checkpoint), stored.Stack, stored.Messages);
        foreach (var record in stored.Tail) instance = Decider.Replay(instance, Decode(record));
        return instance;
    }
}
