using System.Collections.Concurrent;
using System.Globalization;
using Perdure.Ports;

namespace Perdure.Owning;

/// <summary>
/// The protocol by which a node keeps its lanes, without a thread, a connection or a wait: joins, renews the lease, looks at the other nodes, takes and hands over. It is moved on by whoever
/// carries out what it asks: <see cref="Next"/> says what is to be asked of the session now, and null where the turn is over; then <see cref="Pause"/> says when the next begins.
/// <see cref="Failed"/> ends a turn whose question has no answer. One caller at a time; what is said to be for any thread is.
/// </summary>
/// <param name="node">Who joins.</param>
/// <param name="times">The spans that ownership rests on.</param>
/// <param name="openWithin">How long the opening waits for the lanes of nodes that seem to be dead.</param>
/// <param name="time">The node's own clocks.</param>
/// <param name="wakes">What the nodes tell one another.</param>
/// <param name="faulted">Told of what went wrong in the node when it was told something.</param>
internal sealed class Membership(NodeIdentity node, KeeperTimes times, TimeSpan openWithin, TimeProvider time, Wakes wakes, Action<Exception>? faulted)
{
    /// <summary>The question by which the node gets its lock.</summary>
    public const string Locks = "lock";

    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(3), Housekeeping = TimeSpan.FromMinutes(1), AnswersKept = TimeSpan.FromMinutes(10);

    private readonly Proof _proof = new(time, times);
    private readonly Watch _watch = new();
    private readonly Teller _teller = new(faulted);
    private readonly ConcurrentQueue<Action> _heard = [];
    private volatile bool _closing, _look;
    private volatile LaneMoves? _moves;
    private IEnumerator<Ask>? _turn;
    private bool _isJoined;
    private TimeSpan _nextLook, _nextSend, _nextHousekeeping;
    private int _failures;
    private IReadOnlyList<(int, long)> _peers = [];
    private IReadOnlyList<string> _sending = [];

    /// <summary>The node's number, once it has joined. It stays, also where others have taken the node for dead meanwhile.</summary>
    public int Number { get; private set; }

    /// <summary>Whether the session has the node's lock.</summary>
    public bool IsJoined => _isJoined;

    /// <summary>What the opening found; null before it is over.</summary>
    public IReadOnlyList<Perdure.Ports.Ownership>? Opened { get; private set; }

    /// <summary>Why it could not be opened, or closed in order; then nothing follows.</summary>
    public StoreException? Refused { get; private set; }

    /// <summary>Whether the node has left in order; then nothing follows.</summary>
    public bool HasLeft { get; private set; }

    /// <summary>Something is to be done at once. Called from any thread.</summary>
    public Action Woken { get; set; } = () => { };

    /// <summary>How its notifications begin.</summary>
    public string Mark => Number.ToString(CultureInfo.InvariantCulture);

    /// <summary>How long until the next turn, unless it is woken before; after a turn is over.</summary>
    public TimeSpan Pause
    {
        get
        {
            var left = _nextLook - _proof.Now;
            return _look || !_heard.IsEmpty || !wakes.IsEmpty || left < LeastPause ? LeastPause : left;
        }
    }

    /// <summary>Whether it is certain at this moment that no other node owns the lane. From any thread.</summary>
    public bool Holds(int lane) => _moves is { } moves && moves.Tenures[lane] is { IsHeld: true, IsUnpassed: true } && _proof.Holds;

    /// <summary>The epoch under which this node has the lane; 0 where it has not. From any thread.</summary>
    public long EpochOf(int lane) => _moves is { } moves && moves.Tenures[lane] is { IsHeld: true } tenure ? tenure.Epoch : 0;

    /// <summary>Begins to hear what the others tell.</summary>
    public void Subscribe()
    {
        wakes.Woken = () => Woken();
        wakes.Changed += Look;
        wakes.Arrived += lane => Post(() => { if (_moves is { } moves && lane < moves.Tenures.Count && moves.Tenures[lane].IsHeld) _teller.Arrived(lane); });
        wakes.Moved += position => Post(() => _teller.Moved(position));
    }

    /// <summary>Names whom to tell, and begins to hand lanes over. From any thread.</summary>
    public void Attach(ILaneOwner owner)
    {
        _teller.Name(owner);
        Look();
    }

    /// <summary>Begins to leave in order. From any thread.</summary>
    public void Close()
    {
        _closing = true;
        Look();
    }

    /// <summary>A writer found a newer epoch in the lane's row: from now on the lane is not held under an older one. From any thread.</summary>
    public void Fenced(int lane, long epoch)
    {
        if (_moves is not { } moves) return;
        moves.Tenures[lane].Pass(epoch);
        Post(() =>
        {
            var tenure = moves.Tenures[lane];
            if (!tenure.IsUnpassed) moves.Lose(lane, LaneMoves.Passed(lane, tenure.Epoch, epoch));
            _look = true;
        });
    }

    /// <summary>The node works at the lane no more, and has not handed it over: it is taken again, under a new epoch. From any thread.</summary>
    public void GivenUp(int lane, long epoch)
    {
        if (_moves is not { } moves) return;
        Post(() =>
        {
            moves.GivenUp(lane, epoch);
            _look = true;
        });
    }

    /// <summary>The session is gone, and will not be made again: from now on others may count. From any thread.</summary>
    public void Broken() => _proof.Broken();

    /// <summary>What was asked last, where it has no answer yet.</summary>
    public Ask? Asked { get; private set; }

    /// <summary>What is to be asked of the session now, after what was asked before has been answered; null where the turn is over.</summary>
    public Ask? Next()
    {
        Asked = null;
        _turn ??= Turn().GetEnumerator();
        if (_turn.MoveNext()) return Asked = _turn.Current;
        _turn = null;
        return null;
    }

    /// <summary>What was asked has failed, or <see cref="Next"/> has. Whatever goes wrong is survived: the session is given up and made again.</summary>
    /// <param name="why">What is told of it.</param>
    /// <param name="passing">Whether the session can be used on.</param>
    /// <param name="waits">Whether the opening goes on asking.</param>
    /// <returns>How long until the next turn, unless it is woken before.</returns>
    public TimeSpan Failed(StoreException why, bool passing, bool waits = false)
    {
        _turn = null;
        wakes.PutBack(_sending);
        _sending = [];
        _failures++;
        if (passing && _isJoined)
        {
            _look = true;
            if (LaneMoves.IsForLanesThatCame(Asked)) _moves?.CannotTell(why);
            if (_proof.SinceRenewed > times.Patience) _teller.Away(why);
            if (_proof.IsPast) GiveUp(why);
            return KeeperTimes.Again;
        }
        _proof.Broken();
        _isJoined = false;
        if ((Opened is null && !waits) || (_closing && _proof.IsPast))
        {
            Refused = why;
            return TimeSpan.Zero;
        }
        // The first try again is made at once: mostly it is the connection alone that is gone, and nobody needs to be told.
        if (_failures > 1 || _proof.SinceRenewed > times.Patience) _teller.Away(why);
        if (_proof.IsPast) GiveUp(why);
        return _failures == 1 ? TimeSpan.Zero
            : TimeSpan.FromMilliseconds(Math.Min(times.Tick.TotalMilliseconds, 10 << Math.Min(_failures, 10)));
    }

    private void GiveUp(StoreException cause) =>
        _moves?.LoseAll("lease.lost", "this node could not renew its lease, so that others may have taken it.", cause);

    private void Look()
    {
        _look = true;
        Woken();
    }

    private void Post(Action what)
    {
        _heard.Enqueue(what);
        Woken();
    }

    private IEnumerable<Ask> Turn()
    {
        _teller.CatchUp();
        while (_heard.TryDequeue(out var heard)) heard();
        if (!_isJoined)
            foreach (var ask in Join()) yield return ask;
        foreach (var ask in _moves?.Release() ?? []) yield return ask;
        if (_look || _proof.Now >= _nextLook)
            foreach (var ask in LookAround()) yield return ask;
        if (Opened is not null)
            foreach (var ask in _moves?.Tell() ?? []) yield return ask;
        foreach (var ask in Send()) yield return ask;
        _failures = 0;
    }

    private IEnumerable<Ask> Join()
    {
        var isFirst = Number == 0;
        var connect = new Ask<TimeSpan>("connect", session => session.Served) { Connects = true };
        yield return connect;
        if (isFirst)
        {
            var join = new Ask<int>("join", session => session.Join(node));
            yield return join;
            Number = join.Answer;
        }
        else yield return Ask.To("name", session => session.Name(Number));
        var until = _proof.Now + TimeSpan.FromSeconds(1);
        for (var after = TimeSpan.Zero; ; after = LeastPause)
        {
            var locks = new Ask<bool>(Locks, session => session.Lock(Number)) { After = after };
            yield return locks;
            if (locks.Answer) break;
            if (_proof.Now > until) throw new StoreException("store.held", $"A former connection of node {Number} holds its lock still.");
        }
        // Where the database has just come back all locks were free a moment ago, and one that joins has not seen it.
        _watch.Restart(isFirst && connect.Answer >= times.Lease ? _proof.Now : _proof.Now + times.Settling);
        _isJoined = true;
        _look = true;
    }

    private IEnumerable<Ask> LookAround()
    {
        _look = false;
        var (sent, wall, closing) = (_proof.Now, time.GetUtcNow(), _closing);
        var look = new Ask<Seen>("look", session => session.Look(Number, closing));
        yield return look;
        var seen = look.Answer;
        _watch.See(seen.Nodes, _proof.Now);
        if (!seen.IsMember)
        {
            _proof.Broken();
            _moves?.LoseAll("lease.lost", "others took this node for dead, since it was not heard of.");
            yield return Ask.To("join-again", session => session.JoinAgain(node, Number));
            _look = true;
            yield break;
        }
        _proof.Renewed(sent, wall);
        _teller.Back();
        _moves ??= new(Number, Mark, seen.Lanes.Count, times, _proof, _watch, _teller, Post, Look);
        foreach (var ask in Peers(seen)) yield return ask;
        foreach (var lane in seen.Arrived) _teller.Arrived(lane);
        foreach (var ask in _moves.Act(seen, closing)) yield return ask;
        var soon = _moves.Soon;
        _nextLook = sent + (soon < times.Tick ? soon : times.Tick);
        if (Opened is null) Open(seen, soon);
        else if (closing && !_moves.HasAny)
        {
            yield return Ask.To("leave", session => session.Leave(Number, Mark + " " + Wakes.Look));
            HasLeft = true;
        }
        else
            foreach (var ask in Clear()) yield return ask;
    }

    private void Open(Seen seen, TimeSpan soon)
    {
        // Lanes of a node whose lock is free are waited for: it is dead, or it comes back.
        var doubtful = seen.Nodes.Where(n => !n.Locked && n.Id != Number).Select(n => n.Id).ToHashSet();
        var waits = soon < times.Tick || seen.Lanes.Any(l => l.Owner is { } owner && doubtful.Contains(owner));
        if (waits && _proof.Now < openWithin) return;
        Opened = _moves!.Opened();
    }

    private IEnumerable<Ask> Peers(Seen seen)
    {
        (int, long)[] peers = [.. seen.Nodes.Select(n => (n.Id, n.JoinedAt))];
        if (peers.SequenceEqual(_peers)) yield break;
        var identities = new Ask<IReadOnlyList<NodeIdentity>>("identities", session => session.Identities());
        yield return identities;
        _teller.Peers(identities.Answer);
        _peers = peers;
    }

    /// <summary>Answers are kept for those who ask again.</summary>
    private IEnumerable<Ask> Clear()
    {
        if (_proof.Now < _nextHousekeeping) yield break;
        const int atOnce = 500;
        var clear = new Ask<int>("clear-inbox", session => session.ClearInbox(AnswersKept, atOnce));
        yield return clear;
        _nextHousekeeping = _proof.Now + (clear.Answer == atOnce ? times.Tick : Housekeeping);
    }

    private IEnumerable<Ask> Send()
    {
        if (wakes.IsEmpty || _proof.Now < _nextSend) yield break;
        var payloads = wakes.Drain(Mark);
        _nextSend = _proof.Now + LeastPause;
        // Nobody else is there to be woken; one that is just joining looks by itself.
        if (_peers.Count < 2) yield break;
        _sending = payloads;
        yield return Ask.To("notify", session => session.Notify(payloads));
        _sending = [];
    }
}
