using Perdure.Kernel;

namespace Perdure.Ports;

/// <summary>What a lane writes in one transaction.</summary>
/// <param name="Lane">The lane.</param>
/// <param name="Epoch">The fence that must still hold.</param>
/// <param name="Number">The batch's number in its epoch, from 1: the marker by which an unknown commit is resolved.</param>
/// <param name="Items">In the order in which they were decided.</param>
public sealed record Batch(int Lane, long Epoch, long Number, IReadOnlyList<Item> Items);

/// <summary>One turn of one instance, as rows. Built once by the runtime, read by the store.</summary>
public sealed class Item
{
    /// <summary>Whose.</summary>
    public required InstanceId Instance { get; init; }
    /// <summary>The workflow, by which the store finds the map's numbers.</summary>
    public required string Workflow { get; init; }
    /// <summary>Its version.</summary>
    public required int WorkflowVersion { get; init; }
    /// <summary>The new instance's row; null where it exists already.</summary>
    public NewInstance? Start { get; init; }

    /// <summary>The record's version: one more than the last.</summary>
    public required long Version { get; init; }
    /// <summary>The record's moment, whole milliseconds.</summary>
    public required DateTimeOffset At { get; init; }
    /// <summary>The events, as the codec wrote them (UTF-8 JSON).</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }
    /// <summary>The record's link in the hash chain, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> Hash { get; init; }

    /// <summary>The state before the turn; null for a start.</summary>
    public string? StateBefore { get; init; }
    /// <summary>The state after the turn.</summary>
    public required string StateAfter { get; init; }
    /// <summary>The status before the turn; null for a start.</summary>
    public Status? StatusBefore { get; init; }
    /// <summary>The status after the turn.</summary>
    public required Status StatusAfter { get; init; }

    /// <summary>Transitions taken in this turn, in order: usually none or one.</summary>
    public IReadOnlyList<TransitionRow> Transitions { get; init; } = [];
    /// <summary>Tokens of the turn's intents: unique for ever.</summary>
    public IReadOnlyList<Effect.KeepToken> Tokens { get; init; } = [];
    /// <summary>Ordinals that leave the stack.</summary>
    public IReadOnlyList<int> LeftStack { get; init; } = [];
    /// <summary>Whether everything that stood on the stack before this turn leaves it.</summary>
    public bool SettlesStack { get; init; }
    /// <summary>Whether anything may have stood on the stack before the turn. Where nothing did, a store need not look for what leaves it when the instance ends.</summary>
    public bool HadStack { get; init; } = true;
    /// <summary>Timers to keep; one that is there already moves. Kept after <see cref="TimersCleared"/> were forgotten.</summary>
    public IReadOnlyList<Effect.SetTimer> TimersSet { get; init; } = [];
    /// <summary>Timers to forget.</summary>
    public IReadOnlyList<TimerId> TimersCleared { get; init; } = [];
    /// <summary>Message ids taken in: unique for ever in the instance. One that is there already makes the item a duplicate.</summary>
    public IReadOnlyList<string> Messages { get; init; } = [];
    /// <summary>Messages to other instances.</summary>
    public IReadOnlyList<OutboxMessage> Outbox { get; init; } = [];
    /// <summary>The message id of an outbox message that has arrived with this turn and leaves the outbox, also where the item is a duplicate because the message was taken in before.</summary>
    public string? OutboxDone { get; init; }
    /// <summary>To whom the message of <see cref="OutboxDone"/> is: this instance unless said otherwise. A child's start is kept as a message of its parent's.</summary>
    public InstanceId OutboxDoneOf { get => _outboxDoneOf ?? Instance; init => _outboxDoneOf = value; }
    private readonly InstanceId? _outboxDoneOf;
    /// <summary>Page records: one for its key, for ever.</summary>
    public IReadOnlyList<Page> Pages { get; init; } = [];
}

/// <summary>The row of a new instance, with its keys.</summary>
/// <param name="Namespace">The namespace of its keys.</param>
/// <param name="RequestKey">Unique with namespace and workflow.</param>
/// <param name="PayloadHash">SHA-256 of the normalised request, 32 bytes.</param>
/// <param name="BusinessKey">Unique with namespace and workflow where not null.</param>
/// <param name="Salt">16 random bytes for the hash chain.</param>
/// <param name="Parent">The parent, for a child.</param>
/// <param name="TraceParent">W3C trace context.</param>
/// <param name="Priority">Higher goes first.</param>
/// <param name="Attributes">Search attributes.</param>
public sealed record NewInstance(
    string Namespace, string RequestKey, ReadOnlyMemory<byte> PayloadHash, string? BusinessKey, ReadOnlyMemory<byte> Salt,
    Parent? Parent, string? TraceParent, int Priority, IReadOnlyDictionary<string, string> Attributes)
{
    /// <summary>The version of the map by which it was placed (<see cref="StartPlace.In.Map"/>): under another one it is refused. Null where it was not placed by any.</summary>
    public int? Map { get; init; }
}

/// <summary>A transition to be held against the declared edges and the instance's present state.</summary>
/// <param name="Visit">The number of the visit that it begins.</param>
/// <param name="From">The state it leaves.</param>
/// <param name="To">The state it enters.</param>
public sealed record TransitionRow(int Visit, string From, string To);

/// <summary>
/// A message that a lane owes, kept at the lane of its sender until it has arrived. The end of a child is to its parent. What a parent asks for, a child's start or cancel, has no receiver yet and
/// stands under the parent itself.
/// </summary>
/// <param name="Position">Its place in the outbox; 0 before it is written.</param>
/// <param name="To">The receiver; the parent, where it asks for something.</param>
/// <param name="MessageId">The id by which it counts once, unique with <paramref name="To"/>.</param>
/// <param name="Ordinal">The parent's journal entry.</param>
/// <param name="State">The state that the sender ended in; the child's workflow, where it is asked for.</param>
/// <param name="Result">That state's data; what is asked for.</param>
public sealed record OutboxMessage(long Position, InstanceId To, string MessageId, int Ordinal, string State, Payload Result)
{
    /// <summary>
    /// Whether it is of a kind that builds before it was made do not know: a store that they share keeps it so that their lanes do not find it, and gives it to those of builds that do. Said where it is
    /// written; where it is read the lane knows its kind.
    /// </summary>
    public bool IsLetter { get; init; }
}

/// <summary>How a commit went. The set is closed.</summary>
public abstract record CommitAnswer
{
    private CommitAnswer() { }

    /// <summary>Durable, item by item, in the order of the batch.</summary>
    public sealed record Committed(IReadOnlyList<ItemAnswer> Items) : CommitAnswer;
    /// <summary>A newer epoch owns the lane. Nothing was written; this owner must stop.</summary>
    public sealed record Fenced(long Epoch) : CommitAnswer;
    /// <summary>The store cannot write now (disk full, I/O error, away). Nothing was written, for certain.</summary>
    public sealed record Failed(StoreException Reason) : CommitAnswer;
    /// <summary>Nobody knows whether it was written. To be resolved by a write under the same fence, never by a look.</summary>
    public sealed record Unknown(StoreException Reason) : CommitAnswer;
}

/// <summary>How one item went. The set is closed.</summary>
public abstract record ItemAnswer
{
    private ItemAnswer() { }

    /// <summary>Durable at that place in the store's log.</summary>
    public sealed record Committed(long Position) : ItemAnswer;
    /// <summary>A start whose request key belongs to an instance already.</summary>
    public sealed record KeyTaken(StoredKey Key) : ItemAnswer;
    /// <summary>A start whose business key belongs to an instance already.</summary>
    public sealed record BusinessKeyTaken(InstanceId Instance) : ItemAnswer;
    /// <summary>
    /// A message id, token or record that is there already. Where it is the message (<see cref="Message"/>), what the turn wanted to say was said before; otherwise the instance in memory was not as it
    /// is stored, and the command has to be decided again.
    /// </summary>
    public sealed record Duplicate(string What) : ItemAnswer
    {
        /// <summary>What <see cref="What"/> is where a message was taken in before.</summary>
        public const string Message = "message";
    }
    /// <summary>The database refused the rows: an undeclared transition, a foreign key, a trigger.</summary>
    public sealed record Refused(string Reason) : ItemAnswer;
    /// <summary>An earlier item of the same instance in this batch was not written, so this one was not tried.</summary>
    public sealed record Skipped : ItemAnswer
    {
        /// <summary>The one value.</summary>
        public static Skipped Item { get; } = new();
    }
}
