using Microsoft.Extensions.Logging;
using Perdure.Kernel;

namespace Perdure.Runtime;

/// <summary>What the engine logs, under stable ids.</summary>
internal static partial class Log
{
    [LoggerMessage(1001, LogLevel.Information, "Node {Host}/{ProcessId} owns {Lanes} lane(s) with epoch {Epoch}; {Before}.")]
    public static partial void Opened(ILogger log, string host, int processId, int lanes, long epoch, string before);

    [LoggerMessage(1002, LogLevel.Information, "Draining: {Running} attempt(s) run, {InFlight} instance(s) are in flight.")]
    public static partial void Draining(ILogger log, int running, int inFlight);

    [LoggerMessage(1003, LogLevel.Information, "Stopped; the store is closed in order.")]
    public static partial void Stopped(ILogger log);

    [LoggerMessage(1010, LogLevel.Critical, "Instance {Instance} of {Workflow} in {State} stands still after an internal error.")]
    public static partial void InstanceHalted(ILogger log, Exception e, InstanceId instance, string? workflow, string? state);

    [LoggerMessage(1044, LogLevel.Critical, "Instance {Instance} has work under way and cannot be read; it is tried again.")]
    public static partial void InstanceUnread(ILogger log, InstanceId instance);

    [LoggerMessage(1011, LogLevel.Critical, "Lane {Lane} stands still: {Code}: {Reason}")]
    public static partial void LaneHalted(ILogger log, int lane, string code, string reason);

    [LoggerMessage(1019, LogLevel.Warning, "Lane {Lane} has passed from this node ({Code}: {Reason}); the others go on.")]
    public static partial void LanePassed(ILogger log, int lane, string code, string reason);

    [LoggerMessage(1024, LogLevel.Information, "Lane {Lane} is this node's with epoch {Epoch}; {Before}.")]
    public static partial void LaneGained(ILogger log, int lane, long epoch, string before);

    [LoggerMessage(1025, LogLevel.Information, "Lane {Lane} is handed over.")]
    public static partial void LaneHandedOver(ILogger log, int lane);

    [LoggerMessage(1050, LogLevel.Warning, "Lane {Lane} was to be handed over and is lost before it was let go of ({Code}): {Reason} It waited for {Unsettled}.")]
    public static partial void LaneTakenAway(ILogger log, int lane, string code, string reason, string unsettled);

    [LoggerMessage(1026, LogLevel.Error, "The database is away ({Code}); nothing new is taken or started until it is back.")]
    public static partial void DatabaseAway(ILogger log, Exception e, string code);

    [LoggerMessage(1027, LogLevel.Information, "The database is back.")]
    public static partial void DatabaseBack(ILogger log);

    [LoggerMessage(1045, LogLevel.Error, "Lanes that came to this node wait: the newest instance cannot be asked for ({Code}). It is tried again.")]
    public static partial void LanesWait(ILogger log, Exception e, string code);

    [LoggerMessage(1046, LogLevel.Information, "Lanes that came to this node wait no more.")]
    public static partial void LanesWaitNoMore(ILogger log);

    [LoggerMessage(1028, LogLevel.Error, "A command for instance {Instance} could not be given to the node that owns its lane.")]
    public static partial void ForwardFailed(ILogger log, Exception e, InstanceId instance);

    [LoggerMessage(1012, LogLevel.Critical, "A message of the lane failed: {Message}.")]
    public static partial void MessageFailed(ILogger log, Exception e, string message);

    [LoggerMessage(1013, LogLevel.Critical, "The node cannot go on ({Code}: {Reason}); it stops, so that the next one takes over.")]
    public static partial void NodeLost(ILogger log, string code, string reason);

    [LoggerMessage(1014, LogLevel.Critical, "Lane {Lane} has stood for {Seconds} s in the body of {State} of instance {Instance}, which neither ends nor waits.")]
    public static partial void LaneStuck(ILogger log, int lane, double seconds, string state, InstanceId instance);

    [LoggerMessage(1015, LogLevel.Critical, "A lane did not end within {Within}; it is left behind, and the store is not closed in order.")]
    public static partial void LaneLeft(ILogger log, TimeSpan within);

    [LoggerMessage(1016, LogLevel.Warning, "The store could not be closed in order; the next owner takes it for an unclean end.")]
    public static partial void CloseFailed(ILogger log, Exception e);

    [LoggerMessage(1018, LogLevel.Error, "A command to instance {Instance} could not be made.")]
    public static partial void CommandFailed(ILogger log, Exception e, InstanceId instance);

    [LoggerMessage(1017, LogLevel.Warning, "The operation {Operation} of instance {Instance} threw when it was asked to end.")]
    public static partial void CancelFailed(ILogger log, Exception e, string operation, InstanceId instance);

    [LoggerMessage(1042, LogLevel.Warning, "The transaction of the operation {Operation} of instance {Instance} could not be undone in order; its connection is given up.")]
    public static partial void DiscardFailed(ILogger log, Exception e, string operation, InstanceId instance);

    [LoggerMessage(1043, LogLevel.Warning, "Nobody knows whether the end of an operation of instance {Instance} was committed with its transaction; the instance is read again. {Reason}")]
    public static partial void EndUnknown(ILogger log, InstanceId instance, string reason);

    [LoggerMessage(1020, LogLevel.Error, "The store does not write ({Code}); {Turns} turn(s) are kept and tried again.")]
    public static partial void CommitFailed(ILogger log, Exception e, string code, int turns);

    [LoggerMessage(1021, LogLevel.Error, "The database refused a turn of instance {Instance}: {Reason}")]
    public static partial void TurnRefused(ILogger log, InstanceId instance, string reason);

    [LoggerMessage(1022, LogLevel.Information, "A turn of instance {Instance} was written before: {What}")]
    public static partial void TurnDuplicate(ILogger log, InstanceId instance, string what);

    [LoggerMessage(1023, LogLevel.Error, "The store could not be read.")]
    public static partial void ReadFailed(ILogger log, Exception e);

    [LoggerMessage(1047, LogLevel.Warning, "{Message} to or from instance {Instance} has not arrived ({Tries} tries) and is carried again: {Reason}")]
    public static partial void LetterWaits(ILogger log, string message, InstanceId instance, int tries, string reason);

    [LoggerMessage(1048, LogLevel.Critical, "{Letter} is refused and is carried again every minute: {Reason}")]
    public static partial void LetterRefused(ILogger log, string letter, string reason);

    [LoggerMessage(1040, LogLevel.Information, "Removed {Instances} finished instance(s), and the keys of {Keys}, in {Seconds} s.")]
    public static partial void Swept(ILogger log, long instances, long keys, double seconds);

    [LoggerMessage(1041, LogLevel.Warning, "Removing what has finished failed; the next pass is within {Every}.")]
    public static partial void SweepFailed(ILogger log, Exception e, TimeSpan every);

    [LoggerMessage(1049, LogLevel.Error, "Instance {Instance} cannot be read by this build; it waits for a node that can.")]
    public static partial void InstanceUnreadable(ILogger log, Exception e, InstanceId instance);

    [LoggerMessage(1030, LogLevel.Warning, "No code is here for {Workflow} version {Version}; its instances wait.")]
    public static partial void WorkflowAbsent(ILogger log, string workflow, int version);

    [LoggerMessage(1031, LogLevel.Warning, "No code is here for the operation {Operation}; instance {Instance} waits.")]
    public static partial void OperationAbsent(ILogger log, string operation, InstanceId instance);
}
