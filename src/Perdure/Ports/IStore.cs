using Perdure.Kernel;

namespace Perdure.Ports;

/// <summary>
/// What the runtime needs of a store: one durable write, <see cref="Commit"/>, and the reads of recovery. Implementations complete their tasks and
/// callbacks from threads of their own or inline; the caller brings them back to its lane. Nothing here depends on hosting.
/// </summary>
public interface IStore : IAsyncDisposable
{
    /// <summary>
    /// Opens the store, moves its schema forward and takes ownership. Each opening has a higher epoch than any before it.
    /// </summary>
    /// <exception cref="StoreException">With the codes <c>store.held</c>, <c>store.newer</c>, <c>store.foreign</c>, <c>store.corrupt</c>, <c>store.read-only</c>, <c>store.full</c>, <c>store.unavailable</c>.</exception>
    Task<Ownership> Open(NodeIdentity node, CancellationToken cancellation);

    /// <summary>Stores the map, or finds that the stored one of that number is the same. Declared edges and states get small stable numbers.</summary>
    /// <exception cref="MapChangedException">Another map is stored under that workflow and version; the message prints the difference.</exception>
    Task Register(MapDefinition map, CancellationToken cancellation);

    /// <summary>
    /// Writes a batch in one durable transaction under the fence of its epoch, and answers each item. The answer comes exactly once, after the items that it calls
    /// committed are durable. Batches of a lane are written in the order of the calls. A refused or duplicate item leaves nothing behind and does not touch the others;
    /// later items of the same instance in the batch are then skipped.
    /// </summary>
    void Commit(Batch batch, Action<CommitAnswer> answered);

    /// <summary>What recovery needs of one instance: its first record, its checkpoint, and the tail. Null where there is none.</summary>
    Task<StoredInstance?> Load(InstanceId instance, CancellationToken cancellation);

    /// <summary>
    /// The same of several at once, where that costs the store less than one after the other; those that are not there are missing in the answer. Null where it has no way to:
    /// then each is asked for by itself. As of one moment; it fails as a whole.
    /// </summary>
    Task<IReadOnlyList<StoredInstance>>? LoadTogether(IReadOnlyList<InstanceId> instances, CancellationToken cancellation) => null;

    /// <summary>Instances whose stored status is running or compensating, with ids above <paramref name="after"/>, in the order of ids.</summary>
    Task<IReadOnlyList<InstanceId>> Active(int lane, InstanceId after, int limit, CancellationToken cancellation);

    /// <summary>Timers due up to and including <paramref name="until"/>, soonest first, starting behind <paramref name="after"/>.</summary>
    Task<IReadOnlyList<StoredTimer>> Timers(int lane, DateTimeOffset until, StoredTimer? after, int limit, CancellationToken cancellation);

    /// <summary>The moment of the soonest timer after <paramref name="after"/>; null where there is none.</summary>
    Task<DateTimeOffset?> NextTimer(int lane, DateTimeOffset after, CancellationToken cancellation);

    /// <summary>Messages of a lane that have not arrived yet, in the order in which they were written.</summary>
    Task<IReadOnlyList<OutboxMessage>> Outbox(int lane, long after, int limit, CancellationToken cancellation);

    /// <summary>
    /// Forgets messages that have arrived, by receiver and id; those that are not there change nothing. Beside the fence: that a message has arrived stays true, whoever says it. One that is not
    /// forgotten is carried again, and has no effect then.
    /// </summary>
    Task Forget(int lane, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellation);

    /// <summary>Records of one instance from a version on, in order.</summary>
    Task<IReadOnlyList<StoredRecord>> Records(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation);

    /// <summary>Which instance a request key belongs to; null where it is free.</summary>
    Task<StoredKey?> FindKey(string @namespace, string workflow, string requestKey, CancellationToken cancellation);

    /// <summary>Stack entries by operation of all instances that have not ended: what somebody may have to undo.</summary>
    Task<IReadOnlyList<(string Workflow, int Version, string Operation)>> LiveOperations(CancellationToken cancellation);

    /// <summary>Pages that nobody has acknowledged, newest first, from behind the first <paramref name="skip"/> of them on.</summary>
    Task<IReadOnlyList<StoredPage>> PagesOwed(int skip, int limit, CancellationToken cancellation);

    /// <summary>Remembers a try at delivering a page, and where <paramref name="delivered"/>, that it arrived.</summary>
    Task PageTried(string key, bool delivered, string? error, DateTimeOffset at, CancellationToken cancellation);

    /// <summary>
    /// The node begins to stop: it takes no lane from now on, and is asked for each that it owns (<see cref="ILaneOwner.HandOver"/>); one that it has handed over passes on at once, whatever becomes of the
    /// others. <see cref="Close"/> follows. From any thread; may be said again. Nothing where nobody else could own a lane.
    /// </summary>
    void Leave() { }

    /// <summary>Gives ownership back in order, once every commit that was given is answered, so that the next opening knows that nothing was cut off.</summary>
    Task Close(CancellationToken cancellation);

    /// <summary>
    /// The store's clock, as far as this node knows it: never ahead of it. Moments in the log, timers and deadlines are by this one, so that they agree on all nodes. A store that
    /// lives in the node's own process has the process's clock.
    /// </summary>
    TimeProvider Clock { get; }

    /// <summary>The views that people and audits read.</summary>
    IViews Views { get; }

    /// <summary>
    /// What a person should know of the store although it is open, in words: one of several databases that is not there, a map of them that waits. Shown in the node's health; empty where there is nothing. Asks
    /// nobody; from any thread.
    /// </summary>
    IReadOnlyList<string> Problems => [];

    /// <summary>Reads that may be old, from a replica, for one answer; null where there is none. Where the replica cannot be used they are of the store itself.</summary>
    IStoreReads? Stale() => null;

    /// <summary>How it lets go of what has ended; null where it keeps everything.</summary>
    IRetention? Retention => null;

    /// <summary>How operations run inside of its transactions; null where it has none that they could share.</summary>
    ITransactions? Transactions => null;

    /// <summary>Whether many nodes share the store, so that lanes come and go while a node runs.</summary>
    bool IsShared => false;

    /// <summary>Names whom to tell of lanes that come and go. Called once, after the opening and the maps, before the first commit. A store with one owner has nothing to tell.</summary>
    void Attach(ILaneOwner owner)
    {
    }

    /// <summary>
    /// Whether it is certain at this moment that no other node owns the lane: effects are started only then. It turns false before the lease could have passed on. Cheap; from any thread.
    /// </summary>
    bool Holds(int lane) => true;

    /// <summary>
    /// The node has given a lane up of itself, such as where nobody knows whether its last batch was written: nothing of it is written under that epoch any more. A shared store takes it anew or
    /// lets others have it; one that was given up before changes nothing. From any thread. A store with one owner has nothing to do, since its process ends.
    /// </summary>
    /// <param name="lane">The lane, with the epoch under which it was given up.</param>
    void GivenUp(LaneLease lane)
    {
    }

    /// <summary>
    /// Where an instance with those keys may be started, in a store of several databases: the start is given to a lane of that place and to no other. Null where any lane may take it.
    /// </summary>
    /// <exception cref="StoreException">It cannot be said now (<c>store.unavailable</c>), or not by this node any more (<c>shard.map-older</c>).</exception>
    Task<StartPlace>? Place(StartKeys keys, CancellationToken cancellation) => null;

    /// <summary>Whether keys choose among several databases, so that <see cref="Place"/> is asked.</summary>
    bool IsDivided => false;

    /// <summary>The clock of the database that has the lane; the same for a lane on all nodes.</summary>
    TimeProvider ClockOf(int lane) => Clock;

    /// <summary>
    /// Keeps a command for an instance whose lane another node owns, wakes that node, and waits for its answer. A command that is there already under that key is not kept twice.
    /// Null where no answer has come in the store's patience: the command is kept and will be carried out, and the same call again waits for the same answer.
    /// </summary>
    Task<ReadOnlyMemory<byte>?> Send(InstanceId to, string key, ReadOnlyMemory<byte> body, CancellationToken cancellation) =>
        throw new NotSupportedException("A store with one owner has no inbox.");

    /// <summary>Commands of a lane that are not answered, in the order in which they were kept.</summary>
    Task<IReadOnlyList<InboxMessage>> Inbox(int lane, int limit, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<InboxMessage>>([]);

    /// <summary>Answers a command, and wakes the node that waits for it. One that was answered keeps its answer.</summary>
    /// <param name="position">Its place in the inbox.</param>
    /// <param name="answer">What is to be told.</param>
    /// <param name="final">Whether the same key again gets the same answer for a while; else it is a new command, as after a refusal that may not be one next time.</param>
    /// <param name="cancellation">Stops waiting.</param>
    Task Answer(long position, ReadOnlyMemory<byte> answer, bool final, CancellationToken cancellation) =>
        throw new NotSupportedException("A store with one owner has no inbox.");
}

/// <summary>Who opens a store.</summary>
/// <param name="Host">The machine's name.</param>
/// <param name="ProcessId">The process.</param>
/// <param name="Build">The build of the code it carries.</param>
public sealed record NodeIdentity(string Host, int ProcessId, string Build)
{
    /// <summary>The versions of workflows that it carries.</summary>
    public IReadOnlyList<CarriedVersion> Carries { get; init; } = [];
}

/// <summary>A version of a workflow that a node carries.</summary>
public sealed record CarriedVersion(string Workflow, int Version);

/// <summary>What a node owns.</summary>
/// <param name="Lanes">The lanes, each with its epoch.</param>
/// <param name="Unclean">Whether the owner before did not close.</param>
/// <param name="Newest">The highest id of any instance in the store, default where there is none: new ids are above it, also when the clock went back.</param>
/// <param name="Before">When the owner before opened the store; null where there was none.</param>
public sealed record Ownership(IReadOnlyList<LaneLease> Lanes, bool Unclean, InstanceId Newest = default, DateTimeOffset? Before = null);

/// <summary>Ownership of a lane.</summary>
/// <param name="Lane">Its number, from 0.</param>
/// <param name="Lanes">How many lanes the slots are divided over: of a new id, slot modulo this is the lane.</param>
/// <param name="Epoch">Locked inside of every commit; a higher one makes this one a zombie.</param>
public sealed record LaneLease(int Lane, int Lanes, long Epoch)
{
    /// <summary>How the lane of an id is found; the same for all lanes of a store.</summary>
    public LaneRule Rule { get; init; } = new(Lanes);

    /// <summary>What is known of this lane's owner before, where lanes had several; null where the ownership says it for all.</summary>
    public LaneBefore? Before { get; init; }
}

/// <summary>The owner of a lane before this one.</summary>
/// <param name="Unclean">Whether it did not hand the lane over in order.</param>
/// <param name="Since">When it took the lane; null where there was none.</param>
public sealed record LaneBefore(bool Unclean, DateTimeOffset? Since);

/// <summary>A store that cannot be used, with a stable code.</summary>
/// <param name="code">Such as <c>store.held</c>.</param>
/// <param name="message">For people: what is wrong and what to do.</param>
/// <param name="inner">The cause.</param>
public sealed class StoreException(string code, string message, Exception? inner = null) : PerdureException(code, message, inner)
{
    /// <summary>The message says what to do; a stack trace is told only where there is a cause beneath.</summary>
    public override string ToString() => InnerException is null ? $"{GetType()}: {Message}" : base.ToString();
}

/// <summary>A map that differs from the one stored under its number.</summary>
public sealed class MapChangedException(string workflow, int version, string difference)
    : PerdureException("map.changed", $"{workflow} version {version} is stored with another map. Give the changed map a new version number.\n{difference}")
{
    /// <summary>What differs, line by line.</summary>
    public string Difference => difference;

    /// <summary>The difference alone: where it was found says nothing more.</summary>
    public override string ToString() => $"{GetType()}: {Message}";
}
