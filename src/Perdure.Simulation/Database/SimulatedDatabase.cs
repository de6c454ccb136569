using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Simulation.Chance;
using Perdure.Simulation.Time;

namespace Perdure.Simulation.Database;

/// <summary>
/// The database server of a world. What is written is seen, and answered, once it is synced to the disk; a crash keeps what was synced, and of what was not a prefix that ends between two
/// transactions. Reads wait for what they see to be durable.
/// </summary>
internal sealed class SimulatedDatabase : IActor
{
    private readonly DateTimeOffset _begins;
    private readonly Schedule? _schedule;
    private readonly Pcg32 _chance;
    private readonly List<Change> _journal = [];
    private readonly Queue<Waiting> _waiting = new();
    private int _synced, _life, _forgotten;
    private bool _syncing;
    private long _servesSince = -TimeSpan.TicksPerDay;

    private sealed record Change(Action<Tables> Redo, Batch? Batch, IReadOnlyList<ItemAnswer>? Answers, Action? Effect);

    private sealed record Waiting(int For, int Life, Action Durable, Action Lost);

    /// <param name="schedule">The world's queue; null for a database that syncs at once, for tests of the tables alone.</param>
    /// <param name="chance">Draws how long a sync takes and what a crash loses.</param>
    /// <param name="begins">The moment at which the world begins, by this server's clock.</param>
    public SimulatedDatabase(Schedule? schedule, Pcg32 chance, DateTimeOffset begins) => (_schedule, _chance, _begins) = (schedule, chance, begins);

    /// <summary>The server's clock, which is the world's.</summary>
    public DateTimeOffset Now => _begins.AddTicks(_schedule?.Now ?? 0);

    /// <summary>The server itself never leaves the world: it crashes and is there again.</summary>
    public bool Gone => false;

    /// <inheritdoc />
    public long PausedUntil { get; private set; }

    /// <summary>What is in it, un-synced changes included.</summary>
    public Tables Tables { get; private set; } = new();

    /// <summary>The sessions by which nodes that share the lanes are known to be there.</summary>
    public Owning.Sessions Sessions { get; } = new();

    /// <summary>Whether all that is in it is durable.</summary>
    public bool AllSynced => _synced == Written;

    // How many changes there were, those that are forgotten included.
    private int Written => _forgotten + _journal.Count;

    /// <summary>Told of every batch that has become durable, in order, with the answers of its items.</summary>
    public Action<Batch, IReadOnlyList<ItemAnswer>>? BecameDurable { get; set; }

    /// <summary>Told of every lane that was taken, with its epoch, as it becomes durable.</summary>
    public Action<int, long>? Opened { get; set; }

    /// <summary>Told of every lane that a node has let go of in order, as it becomes durable: the node's number, the lane, its epoch.</summary>
    public Action<int, int, long>? Released { get; set; }

    /// <summary>Told of every batch that an owner gives to its store.</summary>
    public Action<int, long>? Given { get; set; }

    /// <summary>Told where an owner that was refused for another's fence sends a batch.</summary>
    public Action<int, long>? WentOn { get; set; }

    /// <summary>Told of every batch that is about to be written; true where the connection breaks just before.</summary>
    public Func<Batch, bool>? Breaks { get; set; }

    /// <summary>Told of every batch that is about to be written; true where the server crashes in the middle of it.</summary>
    public Func<Batch, bool>? Tears { get; init; }

    /// <summary>Which life it is in: each crash begins another, and no connection outlives one.</summary>
    public int Life => _life;

    /// <summary>For how long it has been there since it crashed last, or failed over.</summary>
    public TimeSpan Served => new(Math.Max(0, (_schedule?.Now ?? 0) - _servesSince));

    /// <summary>No room for a write until then.</summary>
    public long FullUntil { get; set; }

    /// <summary>A sync takes so many times as long as usual.</summary>
    public int Slowness { get; set; } = 1;

    /// <summary>Answers before the sync: what a disk or a setting that lies does. A bug to be caught.</summary>
    public bool Lies { get; set; }

    /// <summary>Forgets what is durable about instances that have ended, and how it came about, so that a run of many instances needs no more memory than its live ones. Such a server does not crash.</summary>
    public bool Forgets { get; init; }

    public bool IsFull => _schedule is { } schedule && schedule.Now < FullUntil;

    /// <summary>Reads, and answers once what was seen is durable.</summary>
    public void Read<T>(Func<Tables, T> read, Action<T> answer, Action lost)
    {
        var seen = read(Tables);      // of now: what is written until the answer is given may be lost yet
        Wait(() => answer(seen), lost);
    }

    /// <summary>Runs a transaction. Its answer is given once it is durable; <paramref name="lost"/> where the server crashes before that, whether or not it survives.</summary>
    /// <param name="transaction">Changes the tables and nothing else; run again when the server recovers.</param>
    /// <param name="durable">Takes the answer.</param>
    /// <param name="lost">The connection breaks.</param>
    /// <param name="batch">The batch that it writes, to be told to observers.</param>
    /// <param name="effect">What else takes effect with it, where all of the batch is written.</param>
    public void Write<T>(Func<Tables, T> transaction, Action<T> durable, Action lost, Batch? batch = null, Action? effect = null)
    {
        if (batch is not null && Breaks?.Invoke(batch) == true)
        {
            lost();
            return;
        }
        if (batch is not null && Tears?.Invoke(batch) == true)
        {
            // What is torn is not there after the recovery; all that was written before it is.
            Recover(TimeSpan.TicksPerSecond / 20 + _chance.Below((int)TimeSpan.TicksPerSecond), survive: Written);
            lost();
            return;
        }
        var answer = transaction(Tables);
        _journal.Add(new(tables => transaction(tables), batch, (answer as CommitAnswer.Committed)?.Items, effect));
        if (Lies) durable(answer);
        Wait(() =>
        {
            if (!Lies) durable(answer);
        }, lost);
        Sync();
    }

    /// <summary>The server crashes and recovers: what was not synced is lost from some point on, and every connection breaks.</summary>
    /// <param name="backIn">How long it is away, in ticks.</param>
    /// <param name="lostAnyway">How many synced changes are lost with it: 0, unless a replica that lags is taken for a whole one.</param>
    public void Crash(long backIn, int lostAnyway = 0) => Recover(backIn, Math.Max(0, _synced + _chance.Below(_journal.Count - _synced + 1) - lostAnyway));

    private void Recover(long backIn, int survive)
    {
        _life++;
        _syncing = false;
        PausedUntil = _servesSince = _schedule!.Now + backIn;
        if (survive < _journal.Count)
        {
            _journal.RemoveRange(survive, _journal.Count - survive);
            Tables = new();
            foreach (var change in _journal) change.Redo(Tables);
        }
        for (; _synced < survive; _synced++) Tell(_journal[_synced]);
        _synced = survive;
        Waiting[] broken = [.. _waiting];
        _waiting.Clear();
        foreach (var one in broken) one.Lost();
    }

    private void Wait(Action durable, Action lost)
    {
        if (_waiting.Count == 0 && AllSynced) durable();
        else _waiting.Enqueue(new(Written, _life, durable, lost));
    }

    private void Sync()
    {
        if (_schedule is null)
        {
            Synced(Written);
            return;
        }
        if (_syncing || AllSynced) return;
        _syncing = true;
        var (upTo, life) = (Written, _life);
        _schedule.After(Slowness * (SyncTakes + _chance.Below(SyncTakes)), this, "sync", () =>
        {
            if (life != _life) return;
            _syncing = false;
            Synced(upTo);
            Sync();
        });
    }

    private void Synced(int upTo)
    {
        for (; _synced < upTo; _synced++) Tell(_journal[_synced - _forgotten]);
        while (_waiting.TryPeek(out var next) && next.For <= _synced)
        {
            _waiting.Dequeue();
            next.Durable();
        }
        if (!Forgets) return;
        _journal.RemoveRange(0, _synced - _forgotten);
        _forgotten = _synced;
    }

    private void Tell(Change change)
    {
        if (change is not { Batch: { } batch, Answers: { } answers }) return;
        if (change.Effect is { } effect && answers.All(a => a is ItemAnswer.Committed)) effect();
        BecameDurable?.Invoke(batch, answers);
        if (!Forgets) return;
        foreach (var item in batch.Items)
            if (item.StatusAfter == Status.Ended) Tables.Forget(item.Instance);
    }

    // 300 µs, and up to twice that.
    private const int SyncTakes = 3_000;
}
