using Microsoft.Extensions.Logging;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Replay;

namespace Perdure.Runtime;

/// <summary>
/// A lane: the one place where the instances of its slots are decided. Everything in here runs in <see cref="Pump"/>, one call at a time; the outside posts messages.
/// Commands are decided in memory at once and gathered while the batch before is being written; what they owe the outside leaves when their batch is durable.
/// </summary>
internal sealed partial class Lane : ILanePump, IBodyHost
{
    private readonly Node _node;
    private readonly LaneLease _lease;
    private readonly ILogger _log;
    private readonly Dictionary<InstanceId, Hot> _hot = [];
    private readonly LinkedList<Hot> _idle = new();
    private readonly Ids _ids;
    private readonly Lock _gate = new();
    private List<LaneMessage> _inbox = new(256), _taken = new(256);
    private int _posted;
    private ILaneLoop? _loop;
    private readonly LaneBefore _before;
    private readonly DateTimeOffset _takenAt;
    private readonly TimeProvider _clock;

    /// <param name="node">Whose lane it is.</param>
    /// <param name="lease">The lane.</param>
    /// <param name="before">Its owner before: whose last record is older than that one's time was not at work in that life.</param>
    /// <param name="newest">New ids are above this one.</param>
    /// <param name="log">Where it tells what happens.</param>
    public Lane(Node node, LaneLease lease, LaneBefore before, InstanceId newest, ILogger log)
    {
        (_node, _lease, _before, _log) = (node, lease, before, log);
        _clock = node.Store.ClockOf(lease.Lane);
        _takenAt = _clock.GetUtcNow();
        _ids = new(lease, newest);
        _attempts = new(this);
        (_timers, _needsNoRoom) = (new(), NeedsNoRoom);
    }

    public Node Node => _node;
    public LaneLease Lease => _lease;
    public PayloadCodec Codec => _node.Codec;
    public DateTimeOffset Now { get; private set; }
    public bool HasWork => Volatile.Read(ref _posted) > 0;
    public int Queued => Volatile.Read(ref _posted);
    /// <summary>Commands that wait for anything: to be decided, for their instance, or for the store.</summary>
    public int Backlog => Volatile.Read(ref _posted) + Volatile.Read(ref _gathered);
    private int _gathered;
    public int HotCount { get; private set; }
    /// <summary>Whether there is room for one more instance.</summary>
    public bool TakesStarts => InFlight + Queued < _node.Options.InFlightMax && Queued < _node.Options.QueueMax;
    public int InFlight => Volatile.Read(ref _inFlight);
    private int _inFlight;

    public double NextShare() => _node.Shell.Share();

    public Guid NextId()
    {
        Span<byte> bytes = stackalloc byte[16];
        _node.Shell.Fill(bytes);
        bytes[7] = (byte)((bytes[7] & 0x0f) | 0x40);       // RFC 9562, version 4
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new(bytes);
    }

    public void Begin(string name)
    {
        // Its thread may pump it at once. What comes of that has to wake it, and may even end it, so that it waits until the loop is known.
        lock (_gate) _loop = _node.Shell.StartLane(name, this);
    }

    /// <summary>Ends the loop. Who waits for an answer gets one, also where the message comes later.</summary>
    public async Task Stop()
    {
        await _loop!.Stop().ConfigureAwait(false);
        List<LaneMessage> late;
        lock (_gate)
        {
            _over = true;
            (late, _inbox) = (_inbox, []);
        }
        foreach (var message in late)
            if (message.IsAwaited) message.Handle(this);
    }

    private bool _over;

    /// <summary>Hands a message in. Safe from any thread.</summary>
    public void Post(LaneMessage message)
    {
        bool over;
        lock (_gate)
        {
            over = _over;
            if (!over) _inbox.Add(message);
            _posted = _inbox.Count;
        }
        if (!over) _loop?.Wake();
        else if (message.IsAwaited) message.Handle(this);
    }

    /// <summary>How often it was pumped: in between nothing in memory changes.</summary>
    internal long Pumped { get; private set; }

    public TimeSpan Pump()
    {
        Pumped++;
        lock (_gate)
        {
            (_inbox, _taken) = (_taken, _inbox);
            _posted = 0;
        }
        var now = Moment(_clock.GetUtcNow());
        if (now < Now) ClockWentBack(Now - now);
        Now = now;
        for (var i = 0; i < _taken.Count; i++)
        {
            if (i % FlushEvery == 0 && !_halted) Flush();      // neither a long inbox nor a long answer must leave the writer idle
            try
            {
                _taken[i].Handle(this);
            }
            catch (Exception e)      // a broken invariant halts one instance (see Handle); one that is about none must not take the lane with it
            {
                Log.MessageFailed(_log, e, _taken[i].GetType().Name);
                _node.Report($"A message of the lane failed: {e.Message}");
            }
        }
        _taken.Clear();
        if (!_halted)
        {
            FireTimers();
            _attempts.FireTimeouts(Now);
            WatchStalls();
            TryAgain();
            ReleaseWithheld();
            ContinueRecovery();
            ReadInbox();
            ForgetArrived();
            Flush();
            Evict();
        }
        EndHandOver();
        HotCount = _hot.Count;
        Volatile.Write(ref _gathered, _turns.Count + _parked);
        return NextMoment() - Moment(_clock.GetUtcNow());
    }

    /// <summary>What waits for a span of time goes on waiting for that span; timers keep their moments.</summary>
    private void ClockWentBack(TimeSpan by)
    {
        _retryFlushAt -= by;
        _trialEnds -= _onTrial is null ? TimeSpan.Zero : by;
        if (_nextScan > DateTimeOffset.MinValue) _nextScan -= by;
        for (var i = 0; i < _again.Count; i++) _again[i] = (_again[i].At - by, _again[i].Again);
        for (var i = 0; i < _stalls.Count; i++) _stalls[i] = _stalls[i] with { Since = _stalls[i].Since - by };
        _attempts.ClockWentBack(by);
    }

    private static DateTimeOffset Moment(DateTimeOffset now) => new(now.Ticks - now.Ticks % TimeSpan.TicksPerMillisecond, TimeSpan.Zero);

    private DateTimeOffset NextMoment()
    {
        var next = Now + Idle;
        if (_halted) return next;
        if (NextTimer is { } timer && timer < next) next = timer;
        if (_attempts.NextTimeout is { } timeout && timeout < next) next = timeout;
        foreach (var (at, _) in _again)
            if (at < next) next = at;
        if (_retryFlushAt is { } flush && flush < next) next = flush;
        if (_withheld.Count > 0 && Now + WithheldEvery < next) next = Now + WithheldEvery;
        return next;
    }

    private const int FlushEvery = 128;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    /// <summary>The instance in memory; it is loaded where it is not, and where the work is owed, until that succeeds.</summary>
    internal Hot Take(InstanceId id, bool owed = true)
    {
        if (!IsMine(id)) throw new InvalidOperationException($"Instance {id} is of lane {_lease.Rule.Of(id)}, not of lane {_lease.Lane}.");
        if (_hot.TryGetValue(id, out var hot))
        {
            hot.Owed |= owed;
            return hot;
        }
        hot = new Hot(id) { Loading = true, Owed = owed };
        _hot.Add(id, hot);
        Load(hot);
        return hot;
    }

    /// <summary>The instance if it is in memory.</summary>
    internal Hot? Find(InstanceId id) => _hot.GetValueOrDefault(id);

    /// <summary>Decides a command that is made once the instance is in memory. Authors' code takes part in that, so it may fail: then nothing has changed.</summary>
    private void Handle(Hot hot, Func<Hot, Command> make, Reply? reply = null, string? outboxDone = null)
    {
        if (hot.IsBound)
        {
            Park(hot, new(make, reply, outboxDone));
            return;
        }
        Command command;
        try
        {
            command = make(hot);
        }
        catch (Exception e)
        {
            Log.CommandFailed(_log, e, hot.Id);
            reply?.Unavailable("command.failed", e.Message);
            return;
        }
        Handle(hot, command, reply, outboxDone);
    }

    /// <summary>Decides a command and all that the body answers to it, as one turn.</summary>
    internal void Handle(Hot hot, Command command, Reply? reply = null, string? outboxDone = null)
    {
        if (hot.Halted)
        {
            reply?.Unavailable("instance.halted", "The instance stands still on this node after an internal error; see its log.");
            return;
        }
        if (hot.IsBound)
        {
            Park(hot, new(_ => command, reply, outboxDone));
            return;
        }
        Decide(hot, command, reply, outboxDone);
    }

    /// <param name="hot">An instance that is in memory.</param>
    /// <param name="command">What is to be decided.</param>
    /// <param name="reply">Who waits for it.</param>
    /// <param name="outboxDone">The message that it brings.</param>
    /// <param name="bodyDue">Whether the body was dropped in its visit, so that it is run anew.</param>
    private void Decide(Hot hot, Command command, Reply? reply = null, string? outboxDone = null, bool bodyDue = false)
    {
        if (hot.Code is null)
        {
            reply?.Unavailable("workflow.absent", "No node with the code of this instance's version is here; it waits for one.");
            return;
        }
        var turn = new Turn(hot, Now) { Reply = reply, OutboxDone = outboxDone };
        try
        {
            if (Apply(turn, command.At == Now ? command : command with { At = Now }) is { } refusal)
            {
                _node.Refuse(refusal.Wire, refusal.Message, hot.Instance?.Workflow, hot.Id);
                After(hot, turn, t => t.Reply?.Refused(refusal));
                return;
            }
            turn.BodyDue |= bodyDue && !turn.Events.Exists(DropsBody);
            Advance(turn);
            Seal(turn);
        }
        catch (Exception e)
        {
            Halt(hot, e);
            reply?.Unavailable("instance.halted", e.Message);
        }
    }

    /// <summary>Does it when all that the instance has decided so far is durable.</summary>
    private static void After(Hot hot, Turn turn, Action<Turn> release)
    {
        if (hot.LastTurn is not { } last)
        {
            release(turn);
            return;
        }
        turn.Released = release;
        (last.Followers ??= []).Add(turn);
    }

    /// <summary>Decides one command of a turn. Returns why it is refused, or null.</summary>
    private Refusal? Apply(Turn turn, Command command)
    {
        var hot = turn.Hot;
        var before = hot.Instance;
        switch (Decider.Decide(hot.Code!.Map, _node.Options.Limits, before, command, turn.Version))
        {
            case Verdict.Refused(var refusal):
                return refusal;
            case Verdict.Accepted(var after, var events, var effects):
                hot.Instance = after;
                foreach (var effect in effects)
                {
                    if (effect is Effect.RunBody) turn.BodyDue = true;
                    else turn.Effects.Add(effect);
                }
                foreach (var @event in events)
                {
                    turn.Events.Add(@event);
                    Tell(turn, before, @event);
                }
                return null;
            default:
                throw new InvalidOperationException("The verdicts are a closed set.");
        }
    }

    private static bool DropsBody(Event @event) => @event is Transitioned or ExitBegan or IncidentRaised or Paused or CancelRequested;

    /// <summary>Tells the running body what an event means to it.</summary>
    private static void Tell(Turn turn, Instance? before, Event @event)
    {
        var hot = turn.Hot;
        switch (@event)
        {
            case var _ when DropsBody(@event):
                hot.Body = null;       // dropped, never unwound
                break;
            case StepSucceeded done: Done(done.Ordinal); break;
            case StepFailed done: Done(done.Ordinal); break;
            case StepCancelled done: Done(done.Ordinal); break;
            case SleepEnded done: Done(done.Ordinal); break;
            case SignalConsumed done: Done(done.Ordinal); break;
            case SignalTimedOut done: Done(done.Ordinal); break;
            case ChildEnded done: Done(done.Ordinal); break;
        }

        void Done(int ordinal)
        {
            if (hot.Body is not { } body) return;
            if (before is not null && before.Outstanding.TryGetValue(ordinal, out var name))
            {
                if (hot.Instance!.Journal.TryGetValue(name, out var entry)) body.Done(entry);
            }
            else
            {
                // Asked for and done in one command: a signal that had come early.
                foreach (var asked in turn.Events)
                    if (asked is SignalAwaited awaited && awaited.Ordinal == ordinal) body.Done(hot.Instance!.Journal[awaited.Name]);
            }
        }
    }

    internal void Halt(Hot hot, Exception e)
    {
        hot.Halted = true;
        hot.Body = null;
        SetBusy(hot);
        Log.InstanceHalted(_log, e, hot.Id, hot.Instance?.Workflow, hot.Instance?.State);
        _node.Report($"Instance {hot.Id} stands still after an internal error: {e.Message}");
        if (hot.BrokeBefore) return;
        hot.Broken = e;
        RaiseBroken(hot);
    }

    /// <summary>Throws what is in memory of a broken instance away, and has a person told by an incident on it as it is durable, once nothing of it is at the store any more.</summary>
    private void RaiseBroken(Hot hot)
    {
        if (hot.Broken is not { } e || hot.AtStore > 0 || _hot.GetValueOrDefault(hot.Id) != hot) return;
        Drop(hot);
        Take(hot.Id).Broken = e;
    }
}

/// <summary>Something handed to a lane from outside.</summary>
internal abstract class LaneMessage
{
    /// <summary>Somebody waits for what comes of it, so that it must be handled also where the lane has come to its end: a lane that stands answers without touching anything.</summary>
    public virtual bool IsAwaited => false;

    public abstract void Handle(Lane lane);
}
