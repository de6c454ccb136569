using System.Collections.Concurrent;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// How instances come into memory and leave it. At the start a lane takes up, in portions, those that had work under way; all others are loaded when something comes for them.
/// </summary>
internal sealed partial class Lane
{
    private const int RecoveryPage = 500, LoadedTogether = 100, OutboxPage = 500, TellUnreadFrom = 3;
    private static readonly TimeSpan SuspectPatience = TimeSpan.FromSeconds(30);

    private readonly PriorityQueue<Hot, (int Recoveries, InstanceId Id)> _suspects = new();
    private Hot? _onTrial;
    private DateTimeOffset _trialEnds;
    private InstanceId _recoveredUpTo;
    private bool _recovering = true, _readingActive, _readingOutbox;
    private bool _outboxRead;
    private long _outboxUpTo;
    /// <summary>Instances whose read is under way.</summary>
    private int _loading;
    /// <summary>Commands that wait for their instances to be loaded.</summary>
    private int _parked;

    /// <summary>Whether everything that had work under way has been taken up.</summary>
    public bool Recovered => !_recovering && _suspects.Count == 0 && _onTrial is null;

    private void ContinueRecovery()
    {
        if (Leaving) return;
        if (_recovering && !_readingActive && _loading + InFlight < Math.Max(RecoveryPage, _node.Options.InFlightMax - RecoveryPage))
        {
            _readingActive = true;
            Read(_node.Store.Active(_lease.Lane, _recoveredUpTo, RecoveryPage, CancellationToken.None), page =>
            {
                _readingActive = false;
                foreach (var some in page.Where(id => Find(id) is null).Chunk(LoadedTogether)) Take(some);
                if (page.Count > 0) _recoveredUpTo = page[^1];
                if (page.Count < RecoveryPage) _recovering = false;
            }, () => Later(() => _readingActive = false));
        }
        if (!_outboxRead && !_readingOutbox)
        {
            _readingOutbox = true;
            Read(_node.Store.Outbox(_lease.Lane, _outboxUpTo, OutboxPage, CancellationToken.None), page =>
            {
                _readingOutbox = false;
                foreach (var message in page) SendOut(message);
                if (page.Count > 0) _outboxUpTo = page[^1].Position;
                if (page.Count < OutboxPage) OutboxRead();
            }, () => Later(() => _readingOutbox = false));
        }
        if (_onTrial is not null) Exonerate(_onTrial);
        while (_onTrial is null && !_recovering && _loading == 0 && _suspects.TryDequeue(out var suspect, out _))
            if (!suspect.Dropped) Try(suspect);
    }

    /// <summary>Those that recovery has found: read together where the store has a way to. Whatever is wrong with one of them, each is then read by itself.</summary>
    private void Take(InstanceId[] ids)
    {
        var hots = Array.ConvertAll(ids, id => new Hot(id) { Loading = true, Owed = true });
        foreach (var hot in hots) _hot.Add(hot.Id, hot);
        if (ids.Length == 1 || _node.Store.LoadTogether(ids, CancellationToken.None) is not { } read)
        {
            foreach (var hot in hots) Load(hot);
            return;
        }
        _loading += ids.Length;
        Read(read, stored => stored.Select(Rebuilt.Of).ToList(), stored =>
        {
            var found = stored.ToDictionary(s => s.Stored.Row.Id);
            foreach (var hot in hots) Loaded(hot, found.GetValueOrDefault(hot.Id));
        }, () => Array.ForEach(hots, TryLoad));
    }

    private void Load(Hot hot)
    {
        _loading++;
        TryLoad(hot);
    }

    private void Loaded(Hot hot, Rebuilt? stored)
    {
        _loading--;
        ReadAgain(hot);
        if (hot.Dropped) return;
        if (stored is null)
        {
            Forget(hot, reply => reply.NotFound());
            return;
        }
        if (stored.Unreadable is { } why)
        {
            // Its row says so, whatever its records say; those of one that was erased say nothing.
            if (stored.Stored.Row is { Status: Status.Ended } ended) Forget(hot, reply => reply.Refused(new(RefusalCode.InstanceEnded, $"The instance ended in '{ended.State}'.")));
            else
            {
                TellUnreadable(hot, why);
                Forget(hot, reply => reply.Unavailable("instance.unreadable", Unreadable));
            }
            return;
        }
        _unreadable.TryRemove(hot.Id, out _);
        try
        {
            Restore(hot, stored);
        }
        catch (Exception e)
        {
            hot.Loading = false;
            Halt(hot, e);
            Forget(hot, reply => reply.Unavailable("instance.unreadable", e.Message), keep: true);
        }
    }

    private const string Unreadable = "This node's build cannot read the instance: a newer one wrote of it, or it is damaged. It waits for a node that can.";
    private const int UnreadableNamed = 1_000;
    private readonly ConcurrentDictionary<InstanceId, string> _unreadable = new();

    /// <summary>
    /// What is stored of it says nothing to this build. Nothing can be decided on it here, its incident neither: it is left as it is, for the lane's next owner, and people are told. Whoever has something for it
    /// makes the lane read it again; by itself it does not.
    /// </summary>
    private void TellUnreadable(Hot hot, Exception why)
    {
        if (_unreadable.Count < UnreadableNamed && _unreadable.TryAdd(hot.Id, $"Instance {hot.Id} cannot be read by this node's build, and waits for a node that can: {why.Message}")) Log.InstanceUnreadable(_log, why, hot.Id);
    }

    private void TryLoad(Hot hot) =>
        Read(_node.Store.Load(hot.Id, CancellationToken.None), stored => stored is null ? null : Rebuilt.Of(stored), stored => Loaded(hot, stored), () =>
        {
            // Others do not wait for one that may never be read.
            _loading--;
            if (hot is { Dropped: false, Owed: true })
            {
                // Callers are told; what nobody asks for again (a child's end, a timer, work under way) goes on when it can be read.
                TellCallers(hot);
                if (++hot.Unread == TellUnreadFrom) _node.Unread(hot.Id);
                Later(() =>
                {
                    if (hot.Dropped) return;
                    _loading++;
                    TryLoad(hot);
                });
                return;
            }
            if (!hot.Dropped) Forget(hot, Unread);
        });

    private void ReadAgain(Hot hot)
    {
        if (hot.Unread >= TellUnreadFrom) _node.ReadAgain(hot.Id);
        hot.Unread = 0;
    }

    private static void Unread(Reply reply) => reply.Unavailable("store.read", "The instance could not be read; try again.");

    private void TellCallers(Hot hot)
    {
        for (var left = hot.Waiting?.Count ?? 0; left > 0 && Unpark(hot) is { } next; left--)
        {
            if (next.Reply is { Outlives: false } reply) Unread(reply);
            else Park(hot, next);
        }
    }

    private void Park(Hot hot, Waiting command)
    {
        (hot.Waiting ??= new()).Enqueue(command);
        _parked++;
    }

    private Waiting? Unpark(Hot hot)
    {
        if (hot.Waiting is null || !hot.Waiting.TryDequeue(out var command)) return null;
        _parked--;
        return command;
    }

    /// <summary>An operation whose code is not here: the instance waits for a node that has it, and does not count as in flight.</summary>
    internal void WaitForCode(Hot hot, string operation)
    {
        _node.AbsentOperation(operation, hot.Id);
        hot.CodeAbsent = true;
        Settle(hot);
    }

    private void Restore(Hot hot, Rebuilt rebuilt)
    {
        var stored = rebuilt.Stored;
        hot.Code = _node.Registry.Find(stored.Row.Workflow, stored.Row.WorkflowVersion);
        hot.Salt = stored.Row.Salt;
        hot.Instance = rebuilt.Instance!;
        var last = stored.Tail.Count > 0 ? stored.Tail[^1] : stored.Checkpoint;
        hot.Head = last.Hash.ToArray();
        hot.Loading = false;
        hot.DiedWith = _before.Unclean && last.At < _takenAt && last.At >= (_before.Since ?? DateTimeOffset.MinValue);
        if (hot.Code is null) _node.Absent(stored.Row.Workflow, stored.Row.WorkflowVersion);
        else if (hot.DiedWith && hot.Instance.Recoveries >= 2 && hot.Instance.Status is Status.Running or Status.Compensating)
        {
            // It has been under way at more than one death: it goes on alone, once all others have, so that it cannot take them along again. Those that were under way at
            // fewer deaths go first: where the deaths have another cause, no single one collects them all.
            hot.Suspect = true;
            hot.Loading = true;
            _suspects.Enqueue(hot, (hot.Instance.Recoveries, hot.Id));
            return;
        }
        TakeUp(hot);
    }

    private void TakeUp(Hot hot)
    {
        hot.Loading = false;
        if (hot.Broken is { } broken)
        {
            // Before anything is started that would break it again.
            (hot.Broken, hot.BrokeBefore) = (null, true);
            Handle(hot, new Command.FailBody(Now, hot.Instance!.Visit, Failures.Of(FailureCode.Broken, broken)));
        }
        if (hot.Code is not null && hot.Instance!.EndedAt is null) Handle(hot, new Command.Recover(Now, hot.DiedWith));
        for (var left = hot.Waiting?.Count ?? 0; left > 0 && Unpark(hot) is { } next; left--) Handle(hot, next.Command, next.Reply, next.OutboxDone);
        Settle(hot);
    }

    private void Try(Hot suspect)
    {
        (_onTrial, _trialEnds) = (suspect, Now + SuspectPatience);
        TakeUp(suspect);
    }

    /// <summary>
    /// A suspect has progressed, waits or has been patient long enough: the next one may go on. What it starts after it has progressed is not on trial: the count that made it a suspect is back at zero.
    /// </summary>
    private void Exonerate(Hot hot, bool progressed = false)
    {
        if (_onTrial != hot) return;
        if (!progressed && !hot.Dropped && Now < _trialEnds && (hot.Uncommitted > 0 || hot.Attempts is { Count: > 0 } || _withheld.Count > 0)) return;
        hot.Suspect = false;
        _onTrial = null;
    }

    private void Forget(Hot hot, Action<Reply> answer, bool keep = false)
    {
        if (!keep)
        {
            hot.Dropped = true;
            _hot.Remove(hot.Id);
        }
        while (Unpark(hot) is { } next)
            if (next.Reply is { } reply) answer(reply);
    }

    /// <summary>Where the instance stands now decides whether it counts as in flight, waits in memory, or leaves it.</summary>
    private void Settle(Hot hot)
    {
        if (hot.Dropped || hot.Loading || hot.Uncommitted > 0) return;
        SetBusy(hot);
        if (hot.Instance?.EndedAt is not null)
        {
            if (hot.Waiting is { Count: > 0 }) return;      // they came while its end was being written, and are answered first
            hot.Dropped = true;
            _hot.Remove(hot.Id);
            Wake(hot);
        }
        // Paused, it may have attempts that run on: it stays, so that their ends are heard and none is started beside them.
        else if (!hot.Busy && !hot.Halted && hot.Idle is null && hot.Attempts is not { Count: > 0 }) hot.Idle = _idle.AddLast(hot);
        else if (hot.Busy) Wake(hot);
    }

    private void SetBusy(Hot hot) =>
        SetBusy(hot, !hot.Dropped && (hot.Uncommitted > 0 || (hot is { Code: not null, Halted: false } && (!hot.CodeAbsent || hot.Attempts is { Count: > 0 }) && hot.Instance is { Status: Status.Running or Status.Compensating })));

    private void SetBusy(Hot hot, bool busy)
    {
        if (hot.Busy == busy) return;
        hot.Busy = busy;
        _inFlight += busy ? 1 : -1;
        if (!busy) return;
        _timers.Release(hot.Id);
        KeepPassedOver(hot);
        Wake(hot);
    }

    private void Wake(Hot hot)
    {
        if (hot.Idle is not { } node) return;
        _idle.Remove(node);
        hot.Idle = null;
    }

    /// <summary>Instances in memory; for comparison with their logs.</summary>
    internal Dictionary<InstanceId, Hot>.ValueCollection InMemory => _hot.Values;

    /// <summary>What is in memory, for people who look for what should not be.</summary>
    internal IEnumerable<string> Kept() => _hot.Values.Select(hot =>
        $"{hot.Id} {(hot.Loading ? "is being loaded" : hot.Halted ? "is halted" : $"{hot.Instance?.Status} at record {hot.Instance?.Version}")}, {hot.Uncommitted} turns uncommitted, {hot.Waiting?.Count ?? 0} commands waiting");

    /// <summary>Instances that only wait leave memory, the longest idle first, when there are too many. Their bodies are dropped, never unwound.</summary>
    private void Evict()
    {
        while (_idle.Count > _node.Options.HotMax && _idle.First is { Value: var hot })
        {
            Wake(hot);
            hot.Dropped = true;
            hot.Body = null;
            _hot.Remove(hot.Id);
        }
    }

    /// <summary>Reads from the store; the answer comes back as a message.</summary>
    private void Read<T>(Task<T> read, Action<T> answer, Action failed) => Read(read, found => found, answer, failed);

    /// <summary>The same, where something is made of what was read before it comes to the lane: beside it, on whatever thread the read ended.</summary>
    private void Read<T, TMade>(Task<T> read, Func<T, TMade> make, Action<TMade> answer, Action failed) => read.ContinueWith(
        (task, _) => Post(task.IsCompletedSuccessfully ? new ReadMessage<TMade>(make(task.Result), null, answer, failed) : new ReadMessage<TMade>(default!, task.Exception ?? (Exception)new TaskCanceledException(task), answer, failed)),
        null, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private sealed class ReadMessage<T>(T made, Exception? fault, Action<T> answer, Action failed) : LaneMessage
    {
        public override void Handle(Lane lane)
        {
            if (fault is null) answer(made);
            else
            {
                Log.ReadFailed(lane._log, fault);
                failed();
            }
        }
    }
}
