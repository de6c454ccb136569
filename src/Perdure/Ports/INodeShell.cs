namespace Perdure.Ports;

/// <summary>What a node needs of the machine: time, threads, randomness. Everything else of the runtime is deterministic, so that a simulator can stand in for this.</summary>
public interface INodeShell
{
    /// <summary>The node's own clock: for time that passes here, such as patience. Moments that are kept are by the store's.</summary>
    TimeProvider Time { get; }

    /// <summary>Runs work somewhere off the lanes: operations, and the continuations of callers.</summary>
    void Dispatch(IThreadPoolWorkItem work);

    /// <summary>Begins to pump a lane, one pump at a time, whenever it is woken or its moment has come.</summary>
    ILaneLoop StartLane(string name, ILanePump pump);

    /// <summary>A number from 0 to below 1: jitter, and randomness asked for by bodies.</summary>
    double Share();

    /// <summary>Fills with bytes that nobody can guess: salts and ids.</summary>
    void Fill(Span<byte> bytes);
}

/// <summary>A lane, as its loop sees it.</summary>
public interface ILanePump
{
    /// <summary>Does all there is to do now.</summary>
    /// <returns>How long until there is something to do again, if nobody wakes the loop before.</returns>
    TimeSpan Pump();

    /// <summary>Whether something waits to be pumped.</summary>
    bool HasWork { get; }
}

/// <summary>The loop that pumps a lane.</summary>
public interface ILaneLoop
{
    /// <summary>Something came in. Safe from any thread; cheap while the lane is awake.</summary>
    void Wake();

    /// <summary>Ends the loop; completes when its last pump is over.</summary>
    Task Stop();
}
