using Perdure.Kernel;

namespace Perdure.Ports;

/// <summary>
/// How a store lets go of what has ended: in small pieces, each a transaction of its own that holds up no writer for longer than itself. Safe to be called by several nodes at once,
/// any number of times: what is removed already is passed over.
/// </summary>
public interface IRetention
{
    /// <summary>
    /// Looks at up to <paramref name="limit"/> instances that have ended, with ids above <paramref name="after"/> in the order of ids, and removes those that ended before
    /// <paramref name="endedBefore"/>: the row, the log, and all that belongs to them. Their keys stay. One that somebody may still ask for is kept: a child whose parent has not
    /// ended, one with a page that nobody has acknowledged, one for which a message or a command is under way.
    /// </summary>
    /// <param name="endedBefore">Those that ended at this moment or later are kept.</param>
    /// <param name="after">Where the piece before has come to; default for the first.</param>
    /// <param name="limit">At least 1.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="StoreException">Nothing of the piece was removed, or it is not known; the same piece again does no harm.</exception>
    Task<Removal> Remove(DateTimeOffset endedBefore, InstanceId after, int limit, CancellationToken cancellation);

    /// <summary>
    /// Removes the request keys and business keys of up to <paramref name="limit"/> removed instances whose ids were made before <paramref name="madeBefore"/>, and the memory that they were
    /// here. The key of an instance that is here is kept. Gives how many it removed; less than the limit where there are none left.
    /// </summary>
    /// <exception cref="StoreException">Nothing was removed, or it is not known; the same again does no harm.</exception>
    Task<int> RemoveKeys(DateTimeOffset madeBefore, int limit, CancellationToken cancellation);
}

/// <summary>What a piece of removal came to.</summary>
/// <param name="Removed">How many instances were removed.</param>
/// <param name="Reached">The last instance that was looked at, from which the next piece goes on; null where there are no more.</param>
/// <param name="OldestEnd">When the first of the removed to end had ended; null where none was removed.</param>
public sealed record Removal(int Removed, InstanceId? Reached, DateTimeOffset? OldestEnd);
