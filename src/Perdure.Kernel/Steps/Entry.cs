namespace Perdure.Kernel;

/// <summary>What a journal entry is about.</summary>
public enum EntryKind
{
    /// <summary>An operation.</summary>
    Step,
    /// <summary>A value decided once: time, randomness, an id, who won a race.</summary>
    Note,
    /// <summary>A moment that is awaited.</summary>
    Sleep,
    /// <summary>A message that is awaited, perhaps not for ever.</summary>
    Signal,
    /// <summary>A sub-workflow that is awaited.</summary>
    Child,
}

/// <summary>How far a journal entry has come.</summary>
public enum EntryStatus
{
    /// <summary>An attempt runs, or may be running; or what is awaited has not come.</summary>
    Running,
    /// <summary>A step waits for its next attempt.</summary>
    Retrying,
    /// <summary>A step of unknown outcome that must not be started again without a person.</summary>
    Parked,
    /// <summary>Done; the result is there.</summary>
    Succeeded,
    /// <summary>Failed for good; the failure is there.</summary>
    Failed,
    /// <summary>Given up because the visit is being left.</summary>
    Cancelled,
}

/// <summary>An entry of a visit's journal. Its key is its name within the visit.</summary>
/// <param name="Name">The journal name, unique in the visit: <c>capture-charge</c>, <c>pick-and-pack[SKU-1]</c>, <c>poll#2</c>.</param>
/// <param name="Kind">What it is about.</param>
/// <param name="Ordinal">Its number in the instance's order of intents, from 1; a new generation of the token gets a new one.</param>
/// <param name="Target">The operation's, signal's or child workflow's stable name; empty otherwise.</param>
/// <param name="Input">What was asked for; for a child, its input; for a note, its value.</param>
/// <param name="FirstAt">When it was first asked for, or an operator last had it tried again; the policy's total time counts from here.</param>
public sealed record Entry(string Name, EntryKind Kind, int Ordinal, string Target, Payload? Input, DateTimeOffset FirstAt)
{
    /// <summary>The token's generation, from 1.</summary>
    public int Generation { get; init; } = 1;

    /// <summary>The attempt that runs or ran last, from 1, counted over all generations.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>How many attempts do not count against the policy: those before an operator had it tried again, and those that ended with their node.</summary>
    public int Spent { get; init; }

    /// <summary>How far it has come.</summary>
    public EntryStatus Status { get; init; } = EntryStatus.Running;

    /// <summary>The number of its outcome in the order in which the visit's outcomes were journaled, from 1; 0 while it is not done.</summary>
    public int DoneAs { get; init; }

    /// <summary>Whether <c>Undo</c> exists, so that the entry stands on the stack from its intent.</summary>
    public bool CanUndo { get; init; }

    /// <summary>Whether it is never started again after an unknown outcome.</summary>
    public bool AtMostOnce { get; init; }

    /// <summary>Whether some attempt under the present token ended unknown.</summary>
    public bool EverUnknown { get; init; }

    /// <summary>Whether something may have happened under the present token, now that an attempt under it failed like this.</summary>
    public bool MayHaveHappened(Failure failure) => failure.Unknown || (EverUnknown && !failure.Conclusive);

    /// <summary>The result of success: an operation's output, a signal's payload, a child's end. Null for a sleep or a timed-out signal.</summary>
    public Payload? Result { get; init; }

    /// <summary>The last failure.</summary>
    public Failure? Failure { get; init; }

    /// <summary>When the next attempt starts, while retrying; when a sleep or a signal's patience ends.</summary>
    public DateTimeOffset? Due { get; init; }

    /// <summary>For a signal that came: the message's id.</summary>
    public string? MessageId { get; init; }

    /// <summary>For a child: its key.</summary>
    public string? Key { get; init; }

    /// <summary>For a child: the state that it ended in.</summary>
    public string? EndedIn { get; init; }

    /// <summary>Whether the body gave it up while it ran: it is not tried again, its end is still awaited.</summary>
    public bool Abandoned { get; init; }

    /// <summary>Whether nothing more is to come for this entry.</summary>
    public bool IsDone => Status is EntryStatus.Succeeded or EntryStatus.Failed or EntryStatus.Cancelled;
}
