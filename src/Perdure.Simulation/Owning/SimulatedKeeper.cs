using Perdure.Owning;
using Perdure.Ports;
using Perdure.Simulation.Database;
using Perdure.Simulation.Nodes;
using Perdure.Simulation.Time;

namespace Perdure.Simulation.Owning;

/// <summary>Carries out what a node's ownership protocol asks, on the world's time: each question travels to the database and back, and is lost, late or refused as any other.</summary>
internal sealed class SimulatedKeeper
{
    private static readonly TimeSpan OpenWithin = TimeSpan.FromSeconds(2);

    private readonly Schedule _schedule;
    private readonly SimulatedNode _node;
    private readonly Link _link;
    private readonly SimulatedDatabase _database;
    private readonly int _lanes;
    private readonly KeeperTimes _times = new(TimeSpan.FromSeconds(8), TimeSpan.FromMilliseconds(250));
    private readonly TaskCompletionSource<IReadOnlyList<Ownership>> _opened = new();
    private readonly TaskCompletionSource _closed = new();
    private Membership? _membership;
    private SimulatedSession? _session;
    private bool _busy, _over;
    private int _turns;

    public SimulatedKeeper(Schedule schedule, SimulatedNode node, Link link, SimulatedDatabase database, int lanes)
    {
        (_schedule, _node, _link, _database, _lanes) = (schedule, node, link, database, lanes);
        database.Sessions.Notified += Heard;
    }

    public int Lanes => _lanes;

    /// <summary>The node's number; 0 before it has joined.</summary>
    public int Number => _membership?.Number ?? 0;

    public Wakes Wakes { get; } = new();

    public bool Holds(int lane) => !_over && _membership is { } membership && membership.Holds(lane);

    public long EpochOf(int lane) => _membership?.EpochOf(lane) ?? 0;

    public Task<IReadOnlyList<Ownership>> Open(NodeIdentity node)
    {
        _membership = new(node, _times, OpenWithin, _node.Clock, Wakes, Faulted) { Woken = Wake };
        _membership.Subscribe();
        Turn();
        return _opened.Task;
    }

    public void Attach(ILaneOwner owner) => _membership!.Attach(owner);

    public void Fenced(int lane, long epoch) => _membership!.Fenced(lane, epoch);

    public void GivenUp(int lane, long epoch) => _membership!.GivenUp(lane, epoch);

    public void Leave() => _membership!.Close();

    public Task Close()
    {
        Leave();
        return _closed.Task;
    }

    /// <summary>Told where the node throws as it is told something.</summary>
    public Action<Exception> Faulted { get; set; } = _ => { };

    private void Wake()
    {
        if (!_busy) Later(0);
    }

    // A turn under way is not disturbed; whatever woke it meanwhile is seen by its pause.
    private void Later(long ticks)
    {
        if (_over) return;
        var turn = ++_turns;
        _schedule.After(ticks, _node, "keeper", () =>
        {
            if (turn == _turns && !_busy) Turn();
        });
    }

    private void Turn()
    {
        _busy = true;
        Ask? ask;
        try { ask = _membership!.Next(); }
        catch (StoreException fault)
        {
            Failed(fault, passing: false);
            return;
        }
        Publish();
        if (_over) return;
        if (ask is not null)
        {
            if (ask.After > TimeSpan.Zero) _schedule.At(_node.Clock.After(ask.After), _node, "keeper waits", () => Send(ask));
            else Send(ask);
            return;
        }
        _busy = false;
        Later(_node.Clock.After(_membership.Pause) - _schedule.Now);
    }

    private void Send(Ask ask)
    {
        if (ask.Connects) Connect();
        var session = _session!;
        var request = new SharedRequest(ask, _database, session, _times, _lanes);
        _link.Send<bool>($"keeper {ask.What}", writes: true, (durable, lost) =>
        {
            if (!session.IsAlive) lost();
            else _database.Write(request.Run, carriedOut =>
            {
                request.Durable();
                durable(carriedOut);
            }, lost);
        }, _ => Turn(), (failure, why) => Failed(why, passing: failure == LinkFailure.NotDone), TimeSpan.FromSeconds(_times.StatementSeconds));
    }

    private void Connect()
    {
        Disconnect();
        var session = _session = new(_database, _node);
        _database.Sessions.Add(session);
    }

    // The server hears that a connection is closed where it can hear.
    private void Disconnect()
    {
        if (_session is { } former) _link.Tell("keeper disconnects", former.End, former.Forsake);
        _session = null;
    }

    private void Failed(StoreException why, bool passing)
    {
        passing &= _membership!.IsJoined;
        if (!passing) Disconnect();
        var pause = _membership.Failed(why, passing);
        Publish();
        _busy = false;
        Later(_node.Clock.After(pause) - _schedule.Now);
    }

    private void Publish()
    {
        if (_membership!.Opened is { } opened) _opened.TrySetResult(opened);
        if (_membership.Refused is { } refused)
        {
            _over = true;
            _membership.Broken();
            _opened.TrySetException(refused);
            _closed.TrySetException(refused);
        }
        else if (_membership.HasLeft)
        {
            _over = true;
            _closed.TrySetResult();
        }
        if (_over) Disconnect();
    }

    private void Heard(string payload)
    {
        if (_node.Gone || _membership is not { Number: > 0 } membership) return;
        _link.Hear(", heard", () => Wakes.Hear(payload, membership.Mark), "notification");
    }
}
