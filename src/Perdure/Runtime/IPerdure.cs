using System.Collections.Immutable;
using System.Text.Json;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure;

/// <summary>The engine, as a program that hosts it sees it: start instances, send them messages, decide, operate, look.</summary>
/// <remarks>Every answer comes after what it says is durable. Every command may be repeated with the effect of once. Safe from any thread.</remarks>
public interface IPerdure
{
    /// <summary>The registered workflows, by name and version.</summary>
    IReadOnlyList<RegisteredWorkflow> Workflows { get; }

    /// <summary>Starts an instance, or finds the one that the key belongs to.</summary>
    Task<StartAnswer> Start(StartRequest request, CancellationToken cancellation = default);

    /// <summary>Sends a message.</summary>
    /// <param name="instance">To whom.</param>
    /// <param name="signal">The signal's stable name.</param>
    /// <param name="messageId">The sender's id: the same one counts once.</param>
    /// <param name="body">JSON that fits the signal's type.</param>
    /// <param name="cancellation">Stops waiting for the answer; the message may arrive all the same.</param>
    Task<CommandAnswer> Signal(InstanceId instance, string signal, string messageId, ReadOnlyMemory<byte> body, CancellationToken cancellation = default);

    /// <summary>Decides at a gate: the visit <paramref name="visit"/> of the instance.</summary>
    Task<CommandAnswer> Decide(InstanceId instance, int visit, bool approved, Caller by, string why, CancellationToken cancellation = default);

    /// <summary>Undoes everything and ends the instance. Cancels its children first.</summary>
    Task<CommandAnswer> Cancel(InstanceId instance, Caller by, string reason, CancellationToken cancellation = default);

    /// <summary>Starts nothing new on the instance until it is resumed.</summary>
    Task<CommandAnswer> Pause(InstanceId instance, Caller by, CancellationToken cancellation = default);

    /// <summary>Goes on after a pause.</summary>
    Task<CommandAnswer> Resume(InstanceId instance, Caller by, CancellationToken cancellation = default);

    /// <summary>Continues after an incident.</summary>
    /// <param name="instance">Whose.</param>
    /// <param name="by">Who asks.</param>
    /// <param name="incident">The incident's number, so that a repeat acts once; null for the present one.</param>
    /// <param name="mode">How.</param>
    /// <param name="cancellation">Stops waiting for the answer.</param>
    Task<CommandAnswer> Retry(InstanceId instance, Caller by, int? incident = null, RetryMode mode = RetryMode.Again, CancellationToken cancellation = default);

    /// <summary>One instance as it is durable, with the live progress of what runs on this node; null where there is none.</summary>
    /// <exception cref="InstanceErasedException">It has ended, and what it said was erased.</exception>
    /// <exception cref="HistoryFormatException">This build cannot read its records: a newer one wrote them, or they are damaged.</exception>
    Task<InstanceView?> Get(InstanceId instance, CancellationToken cancellation = default);

    /// <summary>The events of one instance from a version on, decoded; a record that was erased has none.</summary>
    /// <exception cref="HistoryFormatException">This build cannot read one of the records: a newer one wrote it, or it is damaged.</exception>
    Task<IReadOnlyList<Record>> History(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation = default);

    /// <summary>Reads of instances, lists, gates and histories, for one answer.</summary>
    /// <param name="stale">
    /// Whether the caller takes what may be old: it is read from a replica then, where the store has one that can be used, and <see cref="IStoreReads.Staleness"/> says how old it may be. An instance
    /// that was started a moment ago may be missing in it. Without it, or without a replica, what is read is of now.
    /// </param>
    IReads Reads(bool stale = false);

    /// <summary>The store's views: lists, gates, pages, counts, the feed, verification.</summary>
    IViews Views { get; }

    /// <summary>Completes when the feed has, or may have, records behind <paramref name="after"/>.</summary>
    Task FeedMoved(long after, CancellationToken cancellation);

    /// <summary>The same of one of the store's logs, by its place in <see cref="IViews.Logs"/>.</summary>
    Task FeedMoved(int log, long after, CancellationToken cancellation) => FeedMoved(after, cancellation);

    /// <summary>Refusals as they happen: for events and metrics; not stored.</summary>
    event Action<RefusalNotice>? Refused;

    /// <summary>
    /// Whether this node acts for the instance now: where many nodes share a store, each has some of the instances. Around a change of hands both or neither may say so for a moment.
    /// </summary>
    bool Owns(InstanceId instance) => true;

    /// <summary>How the node is.</summary>
    NodeHealth Health { get; }
}

/// <summary>Who asks for something, as authenticated.</summary>
/// <param name="Name">Who.</param>
/// <param name="Roles">The roles held.</param>
public sealed record Caller(string Name, ImmutableArray<string> Roles);

/// <summary>A registered version of a workflow.</summary>
/// <param name="Name">The workflow.</param>
/// <param name="Version">The version.</param>
/// <param name="Map">Its map as data.</param>
/// <param name="Workflow">The workflow itself.</param>
public sealed record RegisteredWorkflow(string Name, int Version, MapDefinition Map, IWorkflow Workflow);

/// <summary>A request to start an instance.</summary>
/// <param name="Workflow">Which workflow.</param>
/// <param name="Key">The idempotency key, 1 to 200 printable characters: the same key gives the same instance.</param>
/// <param name="Input">The input as JSON. Fields that the input's type does not have, duplicate fields and missing ones are refused.</param>
public sealed record StartRequest(string Workflow, string Key, ReadOnlyMemory<byte> Input)
{
    /// <summary>The version; null for the highest.</summary>
    public int? Version { get; init; }
    /// <summary>The namespace of the key.</summary>
    public string Namespace { get; init; } = "default";
    /// <summary>W3C trace context.</summary>
    public string? TraceParent { get; init; }
    /// <summary>Higher goes first.</summary>
    public int Priority { get; init; }
    /// <summary>Search attributes.</summary>
    public ImmutableSortedDictionary<string, string> Attributes { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>The answer to a start. The set is closed.</summary>
public abstract record StartAnswer
{
    private StartAnswer() { }

    /// <summary>The instance exists: made by this request, or found by its key. The facts never change.</summary>
    public sealed record Accepted(InstanceId Instance, string Workflow, int Version, string Key, DateTimeOffset CreatedAt, bool Created) : StartAnswer;
    /// <summary>The key belongs to an instance that was started with another payload.</summary>
    public sealed record KeyReused(InstanceId Instance) : StartAnswer;
    /// <summary>The workflow's own key belongs to an instance of another request.</summary>
    public sealed record BusinessKeyTaken(InstanceId Instance, string BusinessKey) : StartAnswer;
    /// <summary>The request does not fit; every fault is named.</summary>
    public sealed record Invalid(IReadOnlyList<InputFault> Faults) : StartAnswer;
    /// <summary>There is no such workflow, or no such version of it.</summary>
    public sealed record NoWorkflow(string Message) : StartAnswer;
    /// <summary>Too much is under way; nothing was kept. Try again later.</summary>
    public sealed record Overloaded(TimeSpan RetryAfter) : StartAnswer;
    /// <summary>The store cannot be written now, or the node is stopping; nothing was acknowledged. Try again later, under the same key.</summary>
    public sealed record Unavailable(string Code, string Message, TimeSpan RetryAfter) : StartAnswer;
}

/// <summary>Something that does not fit.</summary>
/// <param name="Path">Where, as a JSON path such as <c>$.lines[0].quantity</c>.</param>
/// <param name="Message">What.</param>
public sealed record InputFault(string Path, string Message);

/// <summary>The answer to a command. The set is closed.</summary>
public abstract record CommandAnswer
{
    private CommandAnswer() { }

    /// <summary>Done and durable, or done before.</summary>
    public sealed record Done(bool Changed) : CommandAnswer;
    /// <summary>There is no such instance.</summary>
    public sealed record NotFound : CommandAnswer;
    /// <summary>The instance has ended and was removed with its history, as the retention says. Known as long as its keys are kept, and <see cref="NotFound"/> after that.</summary>
    public sealed record Removed(InstanceId Instance) : CommandAnswer;
    /// <summary>Refused; nothing changed.</summary>
    public sealed record Refused(string Code, string Message) : CommandAnswer;
    /// <summary>The request does not fit; every fault is named.</summary>
    public sealed record Invalid(IReadOnlyList<InputFault> Faults) : CommandAnswer;
    /// <summary>Too much is under way. Try again later.</summary>
    public sealed record Overloaded(TimeSpan RetryAfter) : CommandAnswer;
    /// <summary>The store cannot be written now, or the node is stopping, or carries no code for the instance. Try again later.</summary>
    public sealed record Unavailable(string Code, string Message, TimeSpan RetryAfter) : CommandAnswer;
}

/// <summary>A refusal, as it is told to observers.</summary>
public sealed record RefusalNotice(DateTimeOffset At, string Code, string Message, string? Workflow, InstanceId? Instance);

/// <summary>An instance as people see it.</summary>
/// <param name="Row">Its row.</param>
/// <param name="Instance">What the replay of its log gives.</param>
/// <param name="Running">What runs on this node right now, by ordinal.</param>
/// <param name="CodeAbsent">Set where this node carries no code for its workflow's version: it waits for a node that does.</param>
public sealed record InstanceView(InstanceRow Row, Instance Instance, IReadOnlyDictionary<int, Progress> Running, string? CodeAbsent);

/// <summary>How a node is.</summary>
/// <param name="Ready">Whether it takes commands: it is open, not stopping, and the store answers. Where many nodes share the store, one that has no lane yet is ready, and what it takes others carry out.</param>
/// <param name="Problems">What is wrong, in words; operations on live stacks that nobody here could undo among them.</param>
/// <param name="Hot">Instances in memory.</param>
/// <param name="InFlight">Instances with work under way.</param>
/// <param name="Queued">Commands that wait for their lane.</param>
public sealed record NodeHealth(bool Ready, IReadOnlyList<string> Problems, int Hot, int InFlight, int Queued);
