namespace Perdure.Simulation;

/// <summary>What can go wrong in a simulated world. Each kind has a rate of its own, which can be set, switched off, or left to the seed.</summary>
public enum FaultKind
{
    /// <summary>A connection to the database is dropped before the request arrives; the node does not know.</summary>
    ConnectionDroppedBefore,
    /// <summary>A connection is dropped after the request was carried out and before its answer arrives.</summary>
    ConnectionDroppedAfter,
    /// <summary>An answer is lost; the node waits for its patience to end.</summary>
    AnswerLost,
    /// <summary>An answer comes so late that others overtake it.</summary>
    AnswerLate,
    /// <summary>An answer comes twice.</summary>
    AnswerTwice,
    /// <summary>A transaction is refused because it could not be serialised; nothing was written.</summary>
    SerializationFailure,
    /// <summary>No connection is free; nothing was sent.</summary>
    PoolExhausted,
    /// <summary>A statement is reported as cancelled for its time, and commits all the same.</summary>
    TimeoutThatCommits,
    /// <summary>The database crashes: what was not synced is lost from some point on.</summary>
    DatabaseCrash,
    /// <summary>The database fails over to a synchronous replica: as a crash, and away for longer.</summary>
    Failover,
    /// <summary>The disk of the database is full for a while.</summary>
    DiskFull,
    /// <summary>The disk of the database is slow for a while.</summary>
    DiskSlow,
    /// <summary>A node crashes and starts again.</summary>
    NodeCrash,
    /// <summary>A node is stopped in order and starts again.</summary>
    NodeRestart,
    /// <summary>A node stands still, is replaced, and wakes up: a zombie owner.</summary>
    NodePause,
    /// <summary>A node and the database do not hear each other.</summary>
    Partition,
    /// <summary>A node is not heard by the database, or does not hear it.</summary>
    PartitionOneWay,
    /// <summary>Everything between a node and the database takes a hundred times as long.</summary>
    Clog,
    /// <summary>A node's clock jumps by up to 30 seconds, forth or back.</summary>
    ClockJump,
    /// <summary>A node's clock runs up to 500 parts per million too fast or too slow.</summary>
    ClockDrift,
    /// <summary>An operation fails before its effect, and says so.</summary>
    OperationFailsBefore,
    /// <summary>An operation fails for good, before its effect.</summary>
    OperationFailsForGood,
    /// <summary>An operation's effect happens, and the caller does not hear of it.</summary>
    OperationUnknownAfter,
    /// <summary>An operation's caller hears nothing, and the effect does not happen.</summary>
    OperationUnknownBefore,
    /// <summary>An operation's effect happens long after its caller has given up, and perhaps after its undo.</summary>
    OperationLate,
    /// <summary>An undo fails before its effect, and says so.</summary>
    UndoFails,
    /// <summary>A client sends a request again although it was answered.</summary>
    ClientRepeats,
    /// <summary>The database fails over to a replica that lags: acknowledged commits are lost. No engine can keep its promises then, so it is off unless a rate is set or it is scripted.</summary>
    FailoverAsynchronous,
    /// <summary>A node is stopped in order and starts again with the other code of an upgrade: newer, or older. Only where a simulation says what nodes are upgraded to.</summary>
    MixedVersions,
    /// <summary>An operation, or an undo, takes a hundred times as long as usual. One in fifty does, in every run, unless a rate is set.</summary>
    OperationSlow,
    /// <summary>The database crashes while it writes a batch, which is half on the disk then: recovery finds it torn and leaves it out, and everything that was written before it is there.</summary>
    TornWrite,
    /// <summary>A page is refused by where it is delivered to.</summary>
    PageRefused,
    /// <summary>A page has reached those who are called, and its node does not hear of that.</summary>
    PageAnswerLost,
    /// <summary>A page reaches those who are called after its node has given that try up.</summary>
    PageLate,
    /// <summary>A node crashes when a page has been delivered, before that is recorded.</summary>
    NodeCrashAfterPage,
    /// <summary>An operation fails before its effect, and that stays the downstream's answer to the token: whatever was sent under it before does not happen any more. Trying again, under another token, may help.</summary>
    OperationRefused,
    /// <summary>An undo takes effect, and fails all the same, and says so: it is tried again although it has happened.</summary>
    UndoFailsAfter,
    /// <summary>An undo's effect happens, and the caller does not hear of it.</summary>
    UndoUnknownAfter,
    /// <summary>An undo's caller hears nothing, and the effect does not happen.</summary>
    UndoUnknownBefore,
    /// <summary>An undo's effect happens long after its caller has given up, and has mostly undone the same by another attempt.</summary>
    UndoLate,
}
