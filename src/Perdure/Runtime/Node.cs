using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Replay;

namespace Perdure.Runtime;

/// <summary>A node: the code it carries, the store it has opened, and its lanes.</summary>
internal sealed partial class Node : IAsyncDisposable
{
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<string, byte> _reports = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<InstanceId, byte> _unread = new();
    private const int Named = 20;
    private readonly Feed _feed = new();
    private readonly OwnedLanes _owned = new();
    private volatile Unwritten? _notWritable;
    private volatile StoreException? _away;
    private volatile bool _opened;
    private volatile StoreException? _lost;
    private volatile string? _stuck;
    private ITimer? _watch;
    private Sweeper? _sweeper;
    private volatile bool _stopped;
    private volatile IReadOnlyList<string> _undoable = [];

    public Node(Registry registry, IStore store, INodeShell shell, IOperations operations, PerdureOptions options, PayloadCodec codec, ILogger log)
    {
        (Registry, Store, Shell, Operations, Options, Codec, _log) = (registry, store, shell, operations, options, codec, log);
    }

    public Registry Registry { get; }
    public IStore Store { get; }
    public INodeShell Shell { get; }
    public IOperations Operations { get; }
    public PerdureOptions Options { get; }
    public PayloadCodec Codec { get; }
    public bool Draining { get; private set; }
    public bool IsOpen => _opened && !_stopped;
    public Feed Feed => _feed;
    public WriterWaits Waits { get; } = new();
    public IReadOnlyList<Lane> Lanes => _owned.All;

    /// <summary>Why commands are not taken now; null when they are.</summary>
    public (string Code, string Message)? Closed =>
        Draining ? ("node.stopping", "The node is stopping.")
        : _lost is { } lost ? (lost.Code, lost.Message)
        : _stuck is { } stuck ? ("lane.stuck", stuck)
        : !IsOpen ? ("node.starting", "The node has not opened its store yet.")
        : (_away ?? _notWritable?.Reason) is { } reason ? (reason.Code, reason.Message)
        : null;

    public event Action<RefusalNotice>? Refused;
    public event Action? PagesMoved;
    /// <summary>The node has lost what it cannot get back by itself. Raised once, off the lanes.</summary>
    public event Action? Gone;

    /// <summary>Opens the store, registers the maps, and begins.</summary>
    public async Task Open(NodeIdentity identity, CancellationToken cancellation)
    {
        if (Options.Retention.Problem is { } wrong) throw new InvalidOperationException(wrong);
        if (Store.Transactions is null && Registry.Steps.FirstOrDefault(s => s.Handle.IsTransacted) is { } transacted)
            throw new StoreException("store.no-transactions", $"\"{transacted.Handle.Name}\" runs inside of a transaction of the store's database, and this store has none that an operation could share. Use another store, or make it an Operation.");
        identity = identity with { Carries = [.. Registry.All.Select(c => new CarriedVersion(c.Map.Workflow, c.Map.Version)), CarriesLetters] };
        var ownership = await Store.Open(identity, cancellation).ConfigureAwait(false);
        foreach (var carried in Registry.All) await UntilAnswered(() => Store.Register(carried.Map, cancellation), cancellation).ConfigureAwait(false);
        IReadOnlyList<(string Workflow, int Version, string Operation)> operations = [];
        await UntilAnswered(async () => operations = await Store.LiveOperations(cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        _undoable = [.. operations
            .Where(live => Registry.Step(live.Operation) is null)
            .Select(live => $"{live.Workflow} version {live.Version} may have to undo \"{live.Operation}\", and no code for it is here.").Distinct(StringComparer.Ordinal)];
        Log.Opened(_log, identity.Host, identity.ProcessId, ownership.Lanes.Count, ownership.Lanes.Select(l => l.Epoch).DefaultIfEmpty().Max(),
            ownership.Before is null ? "nobody owned it before" : ownership.Unclean ? "the owner before did not close it" : "the owner before closed it");
        foreach (var lease in ownership.Lanes) Begin(lease, lease.Before ?? new(ownership.Unclean, ownership.Before), ownership.Newest);
        _opened = true;
        Store.Attach(this);
        _watch = Shell.Time.CreateTimer(_ => Watch(), null, WatchEvery, WatchEvery);
        if (Options.Retention.Removes && Store.Retention is { } retention) _sweeper = new(this, retention, Options.Retention, _log);
    }

    // The store was opened a moment ago: where it does not answer now, it may in another.
    private async Task UntilAnswered(Func<Task> question, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await question().ConfigureAwait(false);
                return;
            }
            catch (StoreException away) when (tries < OpeningTries && away.Code is "store.unavailable" or "store.busy" or "store.timeout")
            {
                await Task.Delay(BetweenTries, Shell.Time, cancellation).ConfigureAwait(false);
            }
        }
    }

    private const int OpeningTries = 5;
    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan WatchEvery = TimeSpan.FromSeconds(1);
    private const int GivenUpAfter = 6;

    /// <summary>
    /// A body that does not come back holds its lane, and nobody can end it from outside. It is reported, nothing new is taken; and where it does not end at all the node does, so that
    /// the next one counts it as a death of that instance, and puts it aside after some.
    /// </summary>
    private void Watch()
    {
        string? stuck = null;
        foreach (var lane in _owned.All)
        {
            if (lane.Stands() is not var (time, instance, state) || time < Options.BodyStallsAfter) continue;
            stuck = $"The body of {state} of instance {instance} has held its lane for {time.TotalSeconds:0} s; it neither ends nor waits on its visit.";
            if (_stuck is null) Log.LaneStuck(_log, lane.Lease.Lane, time.TotalSeconds, state, instance);
            if (time >= Options.BodyStallsAfter * GivenUpAfter && !System.Diagnostics.Debugger.IsAttached) Lost("lane.stuck", stuck);
        }
        _stuck = stuck;
    }

    /// <summary>Starts nothing new, lets what runs end within the time, cancels the rest, writes what is decided, and closes the store.</summary>
    /// <exception cref="StoreException">The node had lost its lane: the process must not end as if all were well.</exception>
    public async Task Close(TimeSpan within)
    {
        if (!IsOpen || Draining) return;
        Draining = true;
        var lanes = _owned.All;
        if (_sweeper is not null) await Within(_sweeper.DisposeAsync().AsTask(), Brief).ConfigureAwait(false);
        Log.Draining(_log, lanes.Sum(l => l.RunningAttempts), lanes.Sum(l => l.InFlight));
        // Others go on at once with what runs here; where there are none, it is let end.
        if (Store.IsShared && _peers.Count > 1)
        {
            Store.Leave();
            await Within(Task.WhenAll(lanes.Select(HandOver)), within).ConfigureAwait(false);
        }
        else
        {
            var answering = await Until(lanes, lane => lane.RunningAttempts == 0 && lane.IsSettled, within).ConfigureAwait(false);
            foreach (var lane in answering) lane.Post(new CancelAllMessage());
            answering = await Until(answering, lane => lane.RunningAttempts == 0 && lane.IsSettled, Brief).ConfigureAwait(false);
            await Until(answering, lane => lane.IsSettled, Brief).ConfigureAwait(false);
        }
        if (Store.IsShared) await Within(Task.WhenAll(_owned.All.Select(HandOver)), Brief).ConfigureAwait(false);
        _stopped = true;
        if (_watch is not null) await _watch.DisposeAsync().ConfigureAwait(false);
        try
        {
            await Task.WhenAll(_owned.All.Select(lane => lane.Stop())).WaitAsync(Brief, Shell.Time).ConfigureAwait(false);
            await Store.Close(CancellationToken.None).ConfigureAwait(false);
            Log.Stopped(_log);
        }
        catch (TimeoutException)
        {
            Log.LaneLeft(_log, Brief);
        }
        catch (StoreException e)
        {
            Log.CloseFailed(_log, e);
        }
        if (_lost is { } lost) throw lost;
    }

    /// <summary>Where it was not closed, such as when its host could not start: nothing of it goes on after the store that it stands on.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopped) return;
        _stopped = true;
        if (_watch is not null) await _watch.DisposeAsync().ConfigureAwait(false);
        if (_sweeper is not null) await Within(_sweeper.DisposeAsync().AsTask(), Brief).ConfigureAwait(false);
        await Within(Task.WhenAll(_owned.All.Select(lane => lane.Stop())), Brief).ConfigureAwait(false);
    }

    private static readonly TimeSpan Brief = TimeSpan.FromSeconds(2);

    private Task Within(Task task, TimeSpan within) => Task.WhenAny(task, Task.Delay(within, Shell.Time));

    /// <summary>Waits until lanes are settled, or the time is over. Gives those that answer: any other stands in a body, and is not waited for any more.</summary>
    private async Task<IReadOnlyList<Lane>> Until(IReadOnlyList<Lane> lanes, Func<Lane, bool> settled, TimeSpan within)
    {
        for (var began = Shell.Time.GetTimestamp(); ;)
        {
            var left = within - Shell.Time.GetElapsedTime(began);
            var asked = lanes.Select(lane => Ask(lane, () => lane.Halted || settled(lane))).ToArray();
            // One that is asked as the time ends has some to answer all the same, or it would be taken for one that stands.
            await Within(Task.WhenAll(asked), left > Brief ? left : Brief).ConfigureAwait(false);
            var answered = asked.Select(answer => answer.IsCompleted).ToArray();
            lanes = [.. lanes.Where((_, at) => answered[at])];
            if (left <= TimeSpan.Zero || asked.Where((_, at) => answered[at]).All(answer => answer.Result)) return lanes;
            await Task.Delay(TimeSpan.FromMilliseconds(20), Shell.Time).ConfigureAwait(false);
        }
    }

    /// <summary>Asks a lane something, on the lane.</summary>
    public Task<T> Ask<T>(Lane lane, Func<T> question)
    {
        var message = new AskMessage<T>(question, Shell);
        if (_stopped) return Task.FromException<T>(new InvalidOperationException("The node has stopped."));
        lane.Post(message);
        return message.Task;
    }

    public Lane? LaneOf(InstanceId id) => _owned.Of(id);

    public Lane? LaneNumbered(int lane) => _owned.Numbered(lane);

    public Lane? NextLane(LaneRange? among = null) => _owned.Next(among);

    public NodeHealth Health()
    {
        List<string> problems = [];
        if (Closed is { } closed) problems.Add(closed.Message);
        problems.AddRange(_partlyAway.Values.Select(why => why.Message));
        problems.AddRange(_untold.Values.Select(why => $"Lanes that came to this node wait: the newest instance cannot be asked for ({why.Code}: {why.Message})."));
        problems.AddRange(Store.Problems);
        if (IsOpen && _owned.All.Count == 0) problems.Add("This node owns no lane now: what it takes, other nodes carry out.");
        problems.AddRange(_undoable);
        problems.AddRange(_reports.Keys.Order(StringComparer.Ordinal));
        var lanes = _owned.All;
        Name(_unread.Keys.Order().Select(id => $"Instance {id} has work under way and cannot be read; it is tried again. The log says why."));
        Name(lanes.SelectMany(lane => lane.Late).Order(StringComparer.Ordinal));
        return new(Closed is null, problems, lanes.Sum(l => l.HotCount), lanes.Sum(l => l.InFlight), lanes.Sum(l => l.Queued));

        void Name(IEnumerable<string> of)
        {
            var all = of.ToList();
            problems.AddRange(all.Take(Named));
            if (all.Count > Named) problems.Add($"So it is for {all.Count - Named} more.");
        }
    }

    /// <summary>Records have become durable here. A shared store says itself up to where all nodes' records can be read in order.</summary>
    public void Moved(long position)
    {
        if (!Store.IsShared) _feed.Moved(position, Shell);
    }

    public void PageRaised() => PagesMoved?.Invoke();

    /// <summary>A lane's batch was written.</summary>
    public void Writable() => _notWritable = null;

    /// <summary>A lane's batch could not be written, and is tried again: until then commands are not taken.</summary>
    public void NotWritable(Lane lane, StoreException reason) => _notWritable = new(lane, reason);

    /// <summary>A lane goes, and tries no more: what it has said of the store is not kept, since nobody would take it back.</summary>
    public void Withdraw(Lane lane)
    {
        if (_notWritable is { } said && said.By == lane) Interlocked.CompareExchange(ref _notWritable, null, said);
    }

    private sealed record Unwritten(Lane By, StoreException Reason);

    /// <summary>Nothing brings the lane back in this process: the host is told to stop, so that a new one takes over.</summary>
    public void Lost(string code, string message)
    {
        if (_lost is not null) return;
        _lost = new(code, message);
        Log.NodeLost(_log, code, message);
        Shell.Dispatch(new Leaving(this));
    }

    private sealed class Leaving(Node node) : IThreadPoolWorkItem
    {
        public void Execute() => node.Gone?.Invoke();
    }

    /// <summary>Remembers something that a person should know; shown in the node's health. Bounded.</summary>
    public void Report(string problem)
    {
        if (_reports.Count < 100) _reports.TryAdd(problem, 0);
    }

    /// <summary>An instance that has work under way cannot be read. It is tried again for as long as the node lives, and a person should know.</summary>
    public void Unread(InstanceId instance)
    {
        _unread.TryAdd(instance, 0);
        Log.InstanceUnread(_log, instance);
    }

    public void ReadAgain(InstanceId instance) => _unread.TryRemove(instance, out _);

    public void Absent(string workflow, int version)
    {
        if (_reports.TryAdd($"No code is here for {workflow} version {version}; its instances wait.", 0)) Log.WorkflowAbsent(_log, workflow, version);
    }

    public void AbsentOperation(string operation, InstanceId instance)
    {
        if (_reports.TryAdd($"No code is here for the operation \"{operation}\"; instances wait for it.", 0)) Log.OperationAbsent(_log, operation, instance);
    }

    public void Refuse(string code, string message, string? workflow, InstanceId? instance)
    {
        Telemetry.Refusals.Add(1, new KeyValuePair<string, object?>("code", code));
        Refused?.Invoke(new(Store.Clock.GetUtcNow(), code, message, workflow, instance));
    }

    private sealed class AskMessage<T>(Func<T> question, INodeShell shell) : LaneMessage, IThreadPoolWorkItem
    {
        private readonly TaskCompletionSource<T> _source = new();
        private T? _answer;

        public Task<T> Task => _source.Task;

        public override bool IsAwaited => true;

        public override void Handle(Lane lane)
        {
            _answer = question();
            shell.Dispatch(this);
        }

        void IThreadPoolWorkItem.Execute() => _source.TrySetResult(_answer!);
    }

    private sealed class CancelAllMessage : LaneMessage
    {
        public override void Handle(Lane lane) => lane.CancelAllAttempts();
    }
}
