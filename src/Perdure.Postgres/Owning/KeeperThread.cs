using System.Diagnostics;
using Npgsql;
using Perdure.Kernel;
using Perdure.Owning;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Owning;

/// <summary>The keeper's thread: carries out what the protocol asks over a connection of its own, sleeps until the next turn or until somebody wakes it, and connects again whatever has happened.</summary>
internal sealed class KeeperThread
{
    private readonly PostgresStoreOptions _options;
    private readonly PostgresClock _clock;
    private readonly Wakes _wakes;
    private readonly KeeperTimes _times;
    private readonly Membership _membership;
    private readonly NpgsqlDataSource _source;
    private readonly Thread _thread;
    private readonly AutoResetEvent _wake = new(false);
    private readonly TaskCompletionSource<IReadOnlyList<Perdure.Ports.Ownership>> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously), _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _stop, _closing;
    private readonly long _began;
    private KeeperConnection? _connection;
    private Listener? _listener;

    public KeeperThread(PostgresStoreOptions options, NodeIdentity node, TimeSpan openWithin, PostgresClock clock, Wakes wakes, Action<Exception>? faulted)
    {
        (_options, _clock, _wakes) = (options, clock, wakes);
        _times = new(options.Lease, options.Tick);
        _began = options.Time.GetTimestamp();
        _membership = new(node, _times, openWithin, options.Time, wakes, faulted) { Woken = () => _wake.Set() };
        _source = KeeperSource.Create(options, _times);
        _thread = new(Run) { IsBackground = true, Name = "perdure keeper" };
    }

    public int Number => _membership.Number;

    public string ApplicationName { get; private set; } = "";

    /// <summary>What the opening found.</summary>
    public Task<IReadOnlyList<Perdure.Ports.Ownership>> Opened => _opened.Task;

    /// <summary>Completes when the thread and everything of it has ended.</summary>
    public Task Ended => _ended.Task;

    public void Start() => _thread.Start();

    public void Stop()
    {
        _stop = true;
        _wake.Set();
    }

    public void Leave()
    {
        _closing = true;
        _membership.Close();
    }

    public Task Close()
    {
        if (Ended.IsCompleted) return Ended;
        Leave();
        return _closed.Task;
    }

    public void Attach(ILaneOwner owner) => _membership.Attach(owner);

    public bool Holds(int lane) => _membership.Holds(lane) && !_stop;

    public long EpochOf(int lane) => _membership.EpochOf(lane);

    public void Fenced(int lane, long epoch) => _membership.Fenced(lane, epoch);

    public void GivenUp(int lane, long epoch) => _membership.GivenUp(lane, epoch);

    private void Run()
    {
        _membership.Subscribe();
        while (!_stop)
        {
            var pause = Turn();
            if (!_stop && pause > TimeSpan.Zero) _wake.WaitOne(pause);
        }
        End();
    }

    private TimeSpan Turn()
    {
        try
        {
            while (_membership.Next() is { } ask) Carry(ask);
            return _membership.Pause;
        }
        catch (Exception fault)
        {
            // What is asked for a lane that came has refused itself alone: it must not cost the lock, and with it all the lanes.
            var refused = LaneMoves.IsForLanesThatCame(_membership.Asked) && fault is PostgresException && !PostgresFault.LeavesConnection(fault);
            var passing = (refused || PostgresFault.LeavesConnection(fault)) && _membership.IsJoined && _connection is { IsOpen: true };
            if (!passing) Disconnect();
            var pause = _membership.Failed(PostgresFault.Explain(fault, Connections.WhereOf(_options)), passing, waits: PostgresFault.ComesBack(fault) && _options.Time.GetElapsedTime(_began) < _options.OpenWithin);
            return passing && refused ? _options.Tick : pause;
        }
        finally
        {
            Publish();
        }
    }

    private void Carry(Ask ask)
    {
        if (ask.After > TimeSpan.Zero) _wake.WaitOne(ask.After);
        if (ask.Connects)
        {
            Disconnect();
            _connection = KeeperConnection.Open(_source, _options.Schema, _times);
        }
        var sent = _options.Time.GetTimestamp();
        ask.Of(_connection!);
        if (ask is Ask<Seen> { Answer: { } seen }) _clock.Learn(seen.Clock, sent, _options.Time.GetTimestamp());
        else if (_listener is null && ask is Ask<bool> { What: Membership.Locks, Answer: true }) Listen();
    }

    // Once it has its lock, so that its number is known.
    private void Listen()
    {
        ApplicationName = KeeperConnection.NameOf(Number, _connection!.Schema);
        _listener = new(_source, _wakes, ApplicationName, _connection.Channel, _membership.Mark);
        _listener.Start();
    }

    private void Publish()
    {
        if (_membership.Opened is { } opened) _opened.TrySetResult(opened);
        if (_membership.Refused is { } refused)
        {
            _opened.TrySetException(refused);
            if (_closing) _closed.TrySetException(refused);
            _stop = true;
        }
        if (!_membership.HasLeft) return;
        _closed.TrySetResult();
        _stop = true;
    }

    private void Disconnect()
    {
        _connection?.Dispose();
        _connection = null;
    }

    private void End()
    {
        _membership.Broken();
        _listener?.Stop();
        try { _connection?.Notify([_membership.Mark + " " + Wakes.End]); }
        catch (Exception fault) when (fault is NpgsqlException or IOException or InvalidOperationException) { Debug.WriteLine(fault); }
        Disconnect();
        _listener?.Join(_times.Lease);
        _source.Dispose();
        var disposed = new StoreException("store.closed", "The store was closed.");
        _opened.TrySetException(disposed);
        if (_closing) _closed.TrySetException(disposed);
        else _closed.TrySetResult();
        _ended.TrySetResult();
    }
}
