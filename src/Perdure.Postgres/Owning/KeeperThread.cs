using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Owning;

/// <summary>The keeper's thread: looks, acts, sleeps until the next tick or until somebody wakes it, and connects again whatever has happened to its connection.</summary>
internal sealed class KeeperThread
{
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(3), Housekeeping = TimeSpan.FromMinutes(1), AnswersKept = TimeSpan.FromMinutes(10);

    private readonly PostgresStoreOptions _options;
    private readonly NodeIdentity _node;
    private readonly TimeSpan _openWithin;
    private readonly PostgresClock _clock;
    private readonly Wakes _wakes;
    private readonly Func<InstanceId> _newest;
    private readonly KeeperTimes _times;
    private readonly Proof _proof;
    private readonly Watch _watch = new();
    private readonly Teller _teller;
    private readonly NpgsqlDataSource _source;
    private readonly Thread _thread;
    private readonly AutoResetEvent _wake = new(false);
    private readonly ConcurrentQueue<Action> _heard = [];
    private readonly TaskCompletionSource<IReadOnlyList<Perdure.Ports.Ownership>> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously), _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _stop, _closing, _look;
    private volatile LaneMoves? _moves;
    private KeeperConnection? _connection;
    private Listener? _listener;
    private TimeSpan _nextLook, _nextSend, _nextHousekeeping;
    private int _failures;
    private IReadOnlyList<(int, long)> _peers = [];

    public KeeperThread(PostgresStoreOptions options, NodeIdentity node, TimeSpan openWithin, PostgresClock clock, Wakes wakes, Func<InstanceId> newest, Action<Exception>? faulted)
    {
        (_options, _node, _openWithin, _clock, _wakes, _newest) = (options, node, openWithin, clock, wakes, newest);
        _times = new(options.Lease, options.Tick);
        _proof = new(options.Time, _times);
        _teller = new(faulted);
        _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            Pooling = false, ApplicationName = "perdure node", SearchPath = $"\"{options.Schema}\"", Timeout = _times.StatementSeconds, CommandTimeout = _times.StatementSeconds,
            CancellationTimeout = -1, TcpKeepAlive = true, Enlist = false, Multiplexing = false, MaxAutoPrepare = 32, AutoPrepareMinUsages = 2,
        });
        _thread = new(Run) { IsBackground = true, Name = "perdure keeper" };
    }

    public int Number { get; private set; }

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

    public Task Close()
    {
        if (Ended.IsCompleted) return Ended;
        _closing = true;
        Wake(look: true);
        return _closed.Task;
    }

    public void Attach(ILaneOwner owner)
    {
        _teller.Name(owner);
        Wake(look: true);
    }

    public bool Holds(int lane) => _moves is { } moves && moves.Tenures[lane] is { IsHeld: true, IsUnpassed: true } && _proof.Holds && !_stop;

    public long EpochOf(int lane) => _moves is { } moves && moves.Tenures[lane] is { IsHeld: true } tenure ? tenure.Epoch : 0;

    public void Fenced(int lane, long epoch)
    {
        if (_moves is not { } moves) return;
        moves.Tenures[lane].Pass(epoch);
        Hear(() =>
        {
            var tenure = moves.Tenures[lane];
            if (!tenure.IsUnpassed) moves.Lose(lane, LaneMoves.Passed(lane, tenure.Epoch, epoch));
            _look = true;
        });
    }

    private void Wake(bool look = false)
    {
        if (look) _look = true;
        _wake.Set();
    }

    private void Hear(Action what)
    {
        _heard.Enqueue(what);
        _wake.Set();
    }

    private void Run()
    {
        Subscribe();
        while (!_stop)
        {
            var pause = Turn();
            if (!_stop && pause > TimeSpan.Zero) _wake.WaitOne(pause);
        }
        End();
    }

    /// <summary>Whatever goes wrong here is survived: the connection is given up and made again.</summary>
    private TimeSpan Turn()
    {
        try
        {
            _teller.CatchUp();
            while (_heard.TryDequeue(out var heard)) heard();
            if (_connection is null) Connect();
            _moves?.Release(_connection!);
            if (_look || _proof.Now >= _nextLook) Look(_connection!);
            if (_opened.Task.IsCompleted) _moves?.Tell();
            Send(_connection!);
            _failures = 0;
            return Pause();
        }
        catch (Exception fault)
        {
            return Failed(fault);
        }
    }

    private TimeSpan Pause()
    {
        var left = _nextLook - _proof.Now;
        return _look || !_wakes.IsEmpty || left < LeastPause ? LeastPause : left;
    }

    private void Look(KeeperConnection connection)
    {
        _look = false;
        var sent = _proof.Now;
        var (wall, stamp) = (_options.Time.GetUtcNow(), _options.Time.GetTimestamp());
        var seen = connection.Look(Number, _closing);
        _clock.Learn(seen.Clock, stamp, _options.Time.GetTimestamp());
        _watch.See(seen.Nodes, _proof.Now);
        if (!seen.IsMember)
        {
            _proof.Broken();
            _moves?.LoseAll("lease.lost", "others took this node for dead, since it was not heard of.");
            connection.JoinAgain(_node, Carried.Write(_node.Carries), Number);
            _look = true;
            return;
        }
        _proof.Renewed(sent, wall);
        _teller.Back();
        _moves ??= new(Number, Mark, seen.Lanes.Count, _times, _proof, _watch, _teller, _newest, () => Wake(look: true));
        Peers(connection, seen);
        foreach (var lane in seen.Arrived) _teller.Arrived(lane);
        var soon = _moves.Act(connection, seen, _closing);
        _nextLook = sent + (soon < _times.Tick ? soon : _times.Tick);
        if (!_opened.Task.IsCompleted) Open(seen, soon);
        else if (_closing && !_moves.HasAny) Leave(connection);
        else Clear(connection);
    }

    private void Open(Seen seen, TimeSpan soon)
    {
        // Lanes of a node whose lock is free are waited for: it is dead, or it comes back.
        var doubtful = seen.Nodes.Where(n => !n.Locked && n.Id != Number).Select(n => n.Id).ToHashSet();
        var waits = soon < _times.Tick || seen.Lanes.Any(l => l.Owner is { } owner && doubtful.Contains(owner));
        if (waits && _proof.Now < _openWithin) return;
        _opened.TrySetResult(_moves!.Opened());
    }

    private void Leave(KeeperConnection connection)
    {
        connection.Leave(Number, Mark + " " + Wakes.Look);
        _closed.TrySetResult();
        _stop = true;
    }

    private void Peers(KeeperConnection connection, Seen seen)
    {
        (int, long)[] peers = [.. seen.Nodes.Select(n => (n.Id, n.JoinedAt))];
        if (peers.SequenceEqual(_peers)) return;
        _teller.Peers([.. connection.Identities().Select(i => Carried.Read(i.Host, i.ProcessId, i.Build, i.Carries))]);
        _peers = peers;
    }

    /// <summary>Answers are kept for those who ask again.</summary>
    private void Clear(KeeperConnection connection)
    {
        if (_proof.Now < _nextHousekeeping) return;
        const int atOnce = 500;
        var more = connection.ClearInbox(AnswersKept, atOnce) == atOnce;
        _nextHousekeeping = _proof.Now + (more ? _times.Tick : Housekeeping);
    }

    private void Send(KeeperConnection connection)
    {
        if (_wakes.IsEmpty || _proof.Now < _nextSend) return;
        var payloads = _wakes.Drain(Mark);
        _nextSend = _proof.Now + LeastPause;
        // Nobody else is there to be woken; one that is just joining looks by itself.
        if (_peers.Count < 2) return;
        try { connection.Notify(payloads); }
        catch
        {
            _wakes.PutBack(payloads);
            throw;
        }
    }

    private void Connect()
    {
        var isFirst = Number == 0;
        _connection = KeeperConnection.Open(_source, _options.Schema, _times);
        if (isFirst) Number = _connection.Join(_node, Carried.Write(_node.Carries));
        else _connection.Name(Number);
        var until = _proof.Now + TimeSpan.FromSeconds(1);
        while (!_connection.Lock(Number))
        {
            if (_proof.Now > until) throw new StoreException("store.held", $"A former connection of node {Number} holds its lock still.");
            _wake.WaitOne(LeastPause);
        }
        ApplicationName = KeeperConnection.NameOf(Number, _connection.Schema);
        _watch.Restart(isFirst ? _proof.Now : _proof.Now + _times.Settling);
        _look = true;
        if (_listener is not null) return;
        _listener = new(_source, _wakes, ApplicationName, _connection.Channel, Mark);
        _listener.Start();
    }

    private TimeSpan Failed(Exception fault)
    {
        _failures++;
        if (DatabaseFault.IsPassing(fault) && _connection is { IsOpen: true })
        {
            _look = true;
            if (_proof.SinceRenewed > _times.Patience) _teller.Away(DatabaseFault.Explain(fault));
            if (_proof.IsPast) GiveUp(fault);
            return KeeperTimes.Again;
        }
        _proof.Broken();
        Disconnect();
        var told = DatabaseFault.Explain(fault);
        if (_opened.TrySetException(told) || (_closing && _proof.IsPast && _closed.TrySetException(told)))
        {
            _stop = true;
            return TimeSpan.Zero;
        }
        // The first try again is made at once: mostly it is the connection alone that is gone, and nobody needs to be told.
        if (_failures > 1 || _proof.SinceRenewed > _times.Patience) _teller.Away(told);
        if (_proof.IsPast) GiveUp(fault);
        return _failures == 1 ? TimeSpan.Zero
            : TimeSpan.FromMilliseconds(Math.Min(_times.Tick.TotalMilliseconds, 10 << Math.Min(_failures, 10)));
    }

    private void GiveUp(Exception cause) =>
        _moves?.LoseAll("lease.lost", "this node could not renew its lease, so that others may have taken it.", DatabaseFault.Explain(cause));

    private void Disconnect()
    {
        _connection?.Dispose();
        _connection = null;
    }

    private string Mark => Number.ToString(CultureInfo.InvariantCulture);

    private void Subscribe()
    {
        _wakes.Woken = () => Wake();
        _wakes.Changed += () => Wake(look: true);
        _wakes.Arrived += lane => Hear(() => { if (_moves is { } moves && lane < moves.Tenures.Count && moves.Tenures[lane].IsHeld) _teller.Arrived(lane); });
        _wakes.Moved += position => Hear(() => _teller.Moved(position));
    }

    private void End()
    {
        _proof.Broken();
        _listener?.Stop();
        try { _connection?.Notify([Mark + " " + Wakes.End]); }
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
