using Perdure.Kernel;

namespace Perdure.Ports;

/// <summary>
/// A node, as a store sees it that is shared by many and moves lanes between them. Called from threads of the store's; every call returns at once. What is told of one lane is told in
/// the order in which it came about.
/// </summary>
public interface ILaneOwner
{
    /// <summary>The node owns one lane more and takes up what was under way in it.</summary>
    /// <param name="taken">That lane alone, and what is known of its owner before.</param>
    void Gained(Ownership taken);

    /// <summary>
    /// Another node is to have the lane: nothing new is started in it, attempts that run are cancelled, what is decided is written. Completes when nothing of the lane is at the store or will
    /// be given to it any more; only then does the store pass it on.
    /// </summary>
    Task HandOver(int lane);

    /// <summary>The lane has passed on, or nobody can prove that it has not: nothing of it is started or written any more.</summary>
    void Lost(int lane, StoreException why);

    /// <summary>Something for the lane may have come into its inbox.</summary>
    void Arrived(int lane);

    /// <summary>The database is away: commands are not taken until it is back. Commits that were given keep their place and are answered then.</summary>
    void Away(StoreException why);

    /// <summary>The database is there again.</summary>
    void Back();

    /// <summary>
    /// Lanes have come to the node, and nobody works at them: what has to be known before the node is told of them (<see cref="Ownership.Newest"/>) cannot be asked for. It is tried again, and told once for each
    /// reason; null where the node has been told of all, or has them no more.
    /// </summary>
    /// <param name="lanes">Among which lanes they are.</param>
    /// <param name="why">Why it cannot be asked for.</param>
    void Untold(LaneRange lanes, StoreException? why) { }

    /// <summary>Of several databases the one that has these lanes is away.</summary>
    void Away(StoreException why, LaneRange lanes) => Away(why);

    /// <summary>The database that has these lanes is there again.</summary>
    void Back(LaneRange lanes) => Back();

    /// <summary>The log has grown, here or by another node.</summary>
    void Moved(long position);

    /// <summary>Of several logs that one has grown.</summary>
    void Moved(int log, long position) => Moved(position);

    /// <summary>Which nodes are alive, this one included; told when it changes.</summary>
    void Peers(IReadOnlyList<NodeIdentity> live);
}

/// <summary>A command for an instance whose lane another node owns, kept until that node has answered it.</summary>
/// <param name="Position">Its place in the inbox; 0 before it is written.</param>
/// <param name="To">The instance.</param>
/// <param name="Key">Unique with the instance: the same key again is the same command.</param>
/// <param name="Body">The command, as the runtime wrote it.</param>
public sealed record InboxMessage(long Position, InstanceId To, string Key, ReadOnlyMemory<byte> Body);
