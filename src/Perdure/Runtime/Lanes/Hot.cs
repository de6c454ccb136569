using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Replay;

namespace Perdure.Runtime;

/// <summary>An instance in memory, at its lane. It runs ahead of what is durable by the turns that are being written; when one of them is not written it is thrown away.</summary>
internal sealed class Hot(InstanceId id)
{
    public InstanceId Id => id;

    /// <summary>As decided; null before the start is decided or the load has come.</summary>
    public Instance? Instance;
    public Carried? Code;
    public BodyRun? Body;
    /// <summary>The hash of the newest record decided.</summary>
    public byte[] Head = [];
    public ReadOnlyMemory<byte> Salt;
    /// <summary>Turns decided and not yet durable.</summary>
    public int Uncommitted;
    /// <summary>Those of them that are at the store, and the number of the batch that took the last one.</summary>
    public int AtStore;
    public long LastBatch;
    /// <summary>The newest of them.</summary>
    public Turn? LastTurn;
    public bool Loading;
    /// <summary>It is loaded for work that nobody asks for again.</summary>
    public bool Owed;
    /// <summary>How often it could not be read since it is wanted.</summary>
    public int Unread;
    /// <summary>The code of an operation that it has to run is not here.</summary>
    public bool CodeAbsent;
    /// <summary>Thrown away: what still comes for it is void.</summary>
    public bool Dropped;
    /// <summary>A broken invariant: nothing more is done with it as it is in memory.</summary>
    public bool Halted;
    /// <summary>What broke, until the incident of it is raised on the instance as it is durable.</summary>
    public Exception? Broken;
    /// <summary>It broke before in this process: where it breaks again, it stands still.</summary>
    public bool BrokeBefore;
    /// <summary>It was taken up after an unclean death and has not progressed since: it runs with no other suspect beside it.</summary>
    public bool Suspect;
    /// <summary>Counted as in flight.</summary>
    public bool Busy;
    /// <summary>It was at work in the life of the owner before, and that owner died.</summary>
    public bool DiedWith;
    public Queue<Waiting>? Waiting;
    public Dictionary<int, RunningAttempt>? Attempts;
    /// <summary>Ends of operations that ran inside of a transaction, to be written one after the other; and whether the first of them has been decided.</summary>
    public Queue<RunningAttempt>? Ends;
    public bool IsEnding;
    /// <summary>It takes no commands now: they wait.</summary>
    public bool IsBound => Loading || Ends is { Count: > 0 };
    public Dictionary<int, UndoData>? Undos;
    public LinkedListNode<Hot>? Idle;
    /// <summary>How often the store refused a turn of it in this process.</summary>
    public int StoreRefusals;
}

/// <summary>A command that waits for its instance: to be loaded, or for the end of an operation's transaction.</summary>
internal readonly record struct Waiting(Func<Hot, Command> Command, Reply? Reply, string? OutboxDone);

/// <summary>What an undo is called with.</summary>
internal sealed record UndoData(Payload Input, Payload? Output);

/// <summary>One turn under way: what an outside command and the body's answers to it gave.</summary>
internal sealed class Turn(Hot hot, DateTimeOffset at)
{
    public Hot Hot => hot;
    public DateTimeOffset At => at;
    public Instance? Before { get; } = hot.Instance;
    /// <summary>The version of its record, however many commands it decides.</summary>
    public long Version { get; } = (hot.Instance?.Version ?? 0) + 1;
    public List<Event> Events { get; } = new(4);
    public List<Effect> Effects { get; } = new(4);
    public bool BodyDue;
    /// <summary>The build that the visit ran under before this turn.</summary>
    public string? BuildBefore { get; } = hot.Instance?.Build;
    public Instance? After;
    public Reply? Reply;
    /// <summary>What waits for this turn to be durable without writing anything itself.</summary>
    public List<Turn>? Followers;
    public Action<Turn>? Released;
    public string? OutboxDone;
    /// <summary>Whose message that is, where it is not this instance's.</summary>
    public InstanceId? OutboxDoneOf;
    /// <summary>What it owes to others, durable with it.</summary>
    public List<OutboxMessage>? Messages;
    public NewStart? Start;
}

/// <summary>What a start's row needs beside the command.</summary>
internal sealed record NewStart(ReadOnlyMemory<byte> PayloadHash, byte[] Salt, int? Map);
