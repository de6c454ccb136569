using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>Lanes that come to a node and go from it while it runs, and what goes to the nodes that have the others.</summary>
internal sealed partial class Node : ILaneOwner
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);

    private volatile IReadOnlyList<NodeIdentity> _peers = [];
    private readonly Lock _leavingGate = new();
    private readonly Dictionary<int, (Lane Lane, Task Done)> _leaving = [];
    private int _forwarding;

    /// <summary>Commands that wait for another node's answer.</summary>
    public int Forwarding => Volatile.Read(ref _forwarding);

    /// <summary>
    /// The code of a version, where it is asked for, else of the highest one that every live node carries that has the workflow at all: an instance may come to any of them.
    /// </summary>
    public Carried? CodeFor(string workflow, int? version)
    {
        if (version is not null) return Registry.Find(workflow, version);
        var peers = _peers;
        for (var i = Registry.All.Length - 1; i >= 0; i--)
        {
            var map = Registry.All[i].Map;
            if (map.Workflow == workflow && peers.All(p => p.Carries.All(c => c.Workflow != workflow) || p.Carries.Contains(new(workflow, map.Version)))) return Registry.All[i];
        }
        return Registry.Find(workflow, null);
    }

    /// <summary>Gives a command to the node that owns the instance's lane, by the inbox.</summary>
    public void Forward(InstanceId instance, InstanceCommand command, CommandReply reply)
    {
        Span<byte> unique = stackalloc byte[16];
        Shell.Fill(unique);
        Forward(instance, command.Key ?? $"once:{Convert.ToHexStringLower(unique)}", command.Write(), answer => reply.Answered(InboxAnswer.Read(answer, AskAgain)), reply,
            "The command is kept; the node that owns the instance has not answered yet. Asking again with the same key waits for the same answer.");
    }

    /// <summary>
    /// Gives a start to a node that owns a lane, by the inbox of one that may take it. Which one is drawn: where that one has no owner at the moment, the same start again most likely comes to another,
    /// and its request key makes it the same instance.
    /// </summary>
    public void Forward(Carried code, PreparedStart start, StartReply reply)
    {
        Span<byte> unique = stackalloc byte[16];
        Shell.Fill(unique);
        var slot = BitConverter.ToUInt16(unique) % InstanceId.Slots;
        while (start.Lanes?.Has(SentStart.To(slot)) == false) slot = (slot + 1) % InstanceId.Slots;
        Forward(SentStart.To(slot), SentStart.KeyOf(unique), SentStart.Write(code, start), answer => reply.Answered(SentStart.ReadAnswer(answer, code, start, AskAgain)), reply,
            "The start is kept; no node that owns a lane has answered yet. Ask again under the same key.");
    }

    private void Forward(InstanceId to, string key, byte[] body, Action<ReadOnlyMemory<byte>> answered, Reply reply, string waiting)
    {
        Interlocked.Increment(ref _forwarding);
        Store.Send(to, key, body, CancellationToken.None).ContinueWith(sent =>
        {
            Interlocked.Decrement(ref _forwarding);
            if (sent.IsCompletedSuccessfully && sent.Result is { } answer) answered(answer);
            else if (sent.IsCompletedSuccessfully) reply.Unavailable("inbox.waiting", waiting);
            else
            {
                var fault = sent.Exception?.GetBaseException();
                if (fault is not StoreException) Log.ForwardFailed(_log, fault ?? new OperationCanceledException(), to);
                reply.Unavailable((fault as StoreException)?.Code ?? "inbox.failed", fault?.Message ?? "What was asked was not kept; try again.");
            }
        }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>What nodes say of themselves that start children in other databases. While a node is alive that does not, none is started there: at that one it would be started beside its parent as well.</summary>
    private static readonly CarriedVersion CarriesLetters = new("perdure:letters", 1);

    /// <summary>Whether all nodes that are alive know of children in other databases.</summary>
    public bool AllCarryLetters => _peers is { Count: > 0 } peers && peers.All(p => p.Carries.Contains(CarriesLetters));

    /// <summary>Gives a command to the lane that has the instance, here or at another node.</summary>
    public Task<CommandAnswer> Give(InstanceId instance, InstanceCommand command)
    {
        var reply = new CommandReply(Shell);
        if (AwayOf(instance) is { } away) reply.Unavailable(away.Code, away.Message);
        else if (LaneOf(instance) is { } lane) lane.Post(new Lane.CommandMessage(instance, command, reply));
        else Forward(instance, command, reply);
        return reply.Task;
    }

    /// <summary>Has a child started in one of those lanes, here or at another node.</summary>
    public Task<CommandAnswer> StartChild(LaneRange lanes, ChildLetter letter)
    {
        var reply = new CommandReply(Shell);
        if (AwayOf(lanes) is { } away) reply.Unavailable(away.Code, away.Message);
        else if (NextLane(lanes) is { } lane) lane.Post(new Lane.LetterMessage(letter, reply));
        else Forward(letter.Anywhere(lanes), new InstanceCommand.StartChild(letter), reply);
        return reply.Task;
    }

    private void Begin(LaneLease lease, LaneBefore before, InstanceId newest)
    {
        var lane = new Lane(this, lease, before, newest, _log);
        lane.Begin($"perdure-lane-{lease.Lane}");
        if (_owned.Add(lane) is { } replaced) replaced.Post(new Lane.LostMessage(new("lane.fenced", "This node has taken the lane anew.")));
    }

    /// <summary>A lane has come to its end here. Where it was the store's only one for ever, the node ends with it.</summary>
    public void LaneGone(Lane lane, string code, string message)
    {
        if (!Store.IsShared)
        {
            Lost(code, message);
            return;
        }
        _owned.Remove(lane);
        Store.GivenUp(lane.Lease);
        _ = lane.Stop();
    }

    void ILaneOwner.Gained(Ownership taken)
    {
        foreach (var lease in taken.Lanes)
        {
            if (Draining || _stopped) return;
            var before = lease.Before ?? new(taken.Unclean, taken.Before);
            Log.LaneGained(_log, lease.Lane, lease.Epoch, before.Since is null ? "nobody owned it before" : before.Unclean ? "its owner before did not hand it over" : "its owner before handed it over");
            Begin(lease, before, taken.Newest);
        }
    }

    Task ILaneOwner.HandOver(int lane)
    {
        using var only = _leavingGate.EnterScope();
        return _owned.Numbered(lane) is { } owned ? HandOver(owned) : _leaving.GetValueOrDefault(lane).Done ?? Task.CompletedTask;
    }

    /// <summary>Where the node closes and the store asks meanwhile, or the other way about, both wait for the same.</summary>
    private Task HandOver(Lane lane)
    {
        using var only = _leavingGate.EnterScope();
        if (_leaving.TryGetValue(lane.Lease.Lane, out var begun) && begun.Lane == lane) return begun.Done;
        var done = Leave(lane);
        if (!done.IsCompleted)
        {
            _leaving[lane.Lease.Lane] = (lane, done);
            done.ContinueWith(_ => Left(lane), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
        return done;
    }

    private void Left(Lane lane)
    {
        using var only = _leavingGate.EnterScope();
        if (_leaving.TryGetValue(lane.Lease.Lane, out var begun) && begun.Lane == lane) _leaving.Remove(lane.Lease.Lane);
    }

    private async Task Leave(Lane lane)
    {
        var done = new TaskCompletionSource();
        // Commands that come from now on find the next owner by the inbox. One that has left or was lost before, while the node began to close, has only to come to its end.
        var isOwned = _owned.Remove(lane);
        lane.Post(new Lane.HandOverMessage(done));
        await done.Task.ConfigureAwait(false);
        await lane.Stop().ConfigureAwait(false);
        if (isOwned) Log.LaneHandedOver(_log, lane.Lease.Lane);
    }

    void ILaneOwner.Lost(int lane, StoreException why)
    {
        var lost = _owned.Numbered(lane);
        if (lost is not null) _owned.Remove(lost);
        else if (LeavingOf(lane) is { } leaving)
        {
            // It was on its way out in order, and another has it before it was done: nothing more of it goes on here, and whoever waits for its end hears of it.
            lost = leaving;
            Log.LaneTakenAway(_log, lane, why.Code, why.Message, leaving.Unsettled);
        }
        lost?.Post(new Lane.LostMessage(why));
    }

    private Lane? LeavingOf(int lane)
    {
        using var only = _leavingGate.EnterScope();
        return _leaving.GetValueOrDefault(lane).Lane;
    }

    void ILaneOwner.Arrived(int lane) => _owned.Numbered(lane)?.Post(new Lane.ArrivedMessage());

    void ILaneOwner.Away(StoreException why)
    {
        Log.DatabaseAway(_log, why, why.Code);
        _away = why;
        foreach (var lane in _owned.All) lane.Post(new Lane.AwayMessage(why));
    }

    void ILaneOwner.Back()
    {
        _away = null;
        Log.DatabaseBack(_log);
    }

    void ILaneOwner.Away(StoreException why, LaneRange lanes)
    {
        Log.DatabaseAway(_log, why, why.Code);
        _partlyAway[lanes] = why;
        foreach (var lane in _owned.All)
            if (lanes.Has(lane.Lease.Lane)) lane.Post(new Lane.AwayMessage(why));
    }

    void ILaneOwner.Back(LaneRange lanes)
    {
        if (_partlyAway.TryRemove(lanes, out _)) Log.DatabaseBack(_log);
    }

    void ILaneOwner.Untold(LaneRange lanes, StoreException? why)
    {
        if (why is not null)
        {
            Log.LanesWait(_log, why, why.Code);
            _untold[lanes] = why;
        }
        else if (_untold.TryRemove(lanes, out _)) Log.LanesWaitNoMore(_log);
    }

    private readonly System.Collections.Concurrent.ConcurrentDictionary<LaneRange, StoreException> _untold = new();

    /// <summary>Why commands for the instance are not taken: its database is away, while others are there. Null where they are taken.</summary>
    public StoreException? AwayOf(InstanceId instance)
    {
        if (_partlyAway.IsEmpty) return null;
        foreach (var (lanes, why) in _partlyAway)
            if (lanes.Has(instance)) return why;
        return null;
    }

    /// <summary>The same of lanes.</summary>
    public StoreException? AwayOf(LaneRange lanes) => _partlyAway.GetValueOrDefault(lanes);

    private readonly System.Collections.Concurrent.ConcurrentDictionary<LaneRange, StoreException> _partlyAway = new();

    void ILaneOwner.Moved(long position) => _feed.Moved(position, Shell);

    void ILaneOwner.Moved(int log, long position)
    {
        _feeds.GetOrAdd(log, _ => new()).Moved(position, Shell);
        _feed.Moved(position, Shell);
    }

    private readonly System.Collections.Concurrent.ConcurrentDictionary<int, Feed> _feeds = new();

    /// <summary>Of a log of several; the one feed where the store has one.</summary>
    public Feed FeedOf(int log) => Store.Views.Logs.Count == 1 ? _feed : _feeds.GetOrAdd(log, _ => new());

    void ILaneOwner.Peers(IReadOnlyList<NodeIdentity> live) => _peers = live;
}
