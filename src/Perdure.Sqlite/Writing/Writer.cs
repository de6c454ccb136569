using Microsoft.Extensions.Logging;
using Perdure.Ports;
using Perdure.Runtime;
using Perdure.Sqlite.Native;
using Perdure.Sqlite.Transacting;

namespace Perdure.Sqlite.Writing;

/// <summary>The one thread that writes. What it is given is done in order; batches between other errands.</summary>
internal sealed class Writer : IDisposable
{
    // As long as a short operation takes whose end is the next batch.
    private static readonly TimeSpan Awake = TimeSpan.FromMicroseconds(50);

    private readonly Queue<object> _queue = new();
    private readonly Doorbell _given;
    private volatile int _waiting;
    private readonly Thread _thread;
    private readonly Database _database;
    private readonly BatchWriter _batches;
    private readonly Checkpointer _checkpointer;
    private readonly ILogger _log;
    private volatile bool _ends;

    private sealed record Commit(Batch Batch, Action<CommitAnswer> Answered);

    public Writer(Database database, Maps maps, Checkpointer checkpointer, string path, ILogger log)
    {
        _database = database;
        _batches = new(database, maps, path);
        _checkpointer = checkpointer;
        _log = log;
        _given = new(() => _waiting > 0 || _ends, Awake);
        _thread = new(Loop) { IsBackground = true, Name = "perdure-writer" };
        _thread.Start();
    }

    /// <summary>Writes a batch after everything given before. Answers on the writer's thread, exactly once.</summary>
    public void Write(Batch batch, Action<CommitAnswer> answered)
    {
        if (!TryEnqueue(new Commit(batch, answered))) Answer(new(batch, answered), new CommitAnswer.Failed(Closed()));
    }

    /// <summary>Does an errand on the writer's connection, after everything given before and in no transaction.</summary>
    public Task<T> Do<T>(Func<Database, T> errand)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Run()
        {
            try
            {
                T value;
                _database.Arena.Reset();
                lock (_checkpointer.Writing) value = errand(_database);
                done.SetResult(value);
            }
            catch (SqliteFault fault)
            {
                _database.Rollback();
                done.SetException(fault.Explain(_database.ToString()));
            }
            catch (Exception e)
            {
                _database.Rollback();
                done.SetException(e);
            }
        }
        if (!TryEnqueue((Action)Run)) done.SetException(Closed());
        return done.Task;
    }

    /// <summary>Lends the writer's turn, after everything given before: until it is returned, or for as long as it may last, nothing is written here.</summary>
    public LentTurn Lend(TimeSpan within)
    {
        var turn = new LentTurn(within);
        void Run()
        {
            lock (_checkpointer.Writing) turn.Lend(_batches.Position);
            _batches.Position = turn.Position;
        }
        if (!TryEnqueue((Action)Run)) throw Closed();
        return turn;
    }

    private bool TryEnqueue(object work)
    {
        lock (_queue)
        {
            if (_ends) return false;
            _queue.Enqueue(work);
            _waiting = _queue.Count;
        }
        _given.Ring();
        return true;
    }

    private StoreException Vanished() => new("store.vanished",
        $"{_database} was moved or removed while it was open. Nothing that was written since is acknowledged. Put it back with its -wal, or restore a backup, and start again.");

    private static StoreException Closed() => new("store.closed", "The store is closed.");

    private void Loop()
    {
        while (true)
        {
            object? work;
            lock (_queue)
            {
                if (!_queue.TryDequeue(out work) && _ends) return;
                _waiting = _queue.Count;
            }
            if (work is null) _given.Wait(Timeout.InfiniteTimeSpan);
            else if (work is Commit commit)
            {
                Answer(commit, WriteSafely(commit.Batch));
                Settle();
            }
            else
            {
                ((Action)work)();
                Settle();
            }
        }
    }

    private CommitAnswer WriteSafely(Batch batch)
    {
        try
        {
            lock (_checkpointer.Writing)
            {
                var answer = _batches.Write(batch);
                return answer is CommitAnswer.Committed && _database.HasMoved ? new CommitAnswer.Unknown(Vanished()) : answer;
            }
        }
        catch (Exception e)
        {
            // Before COMMIT nothing else than a broken invariant comes here, and the transaction was rolled back.
            _log.LogCritical(e, "A batch of {Items} items could not be written", batch.Items.Count);
            _database.Rollback();
            return new CommitAnswer.Failed(new("store.broken", $"A batch could not be written: {e.Message}", e));
        }
    }

    private void Settle()
    {
        try
        {
            _checkpointer.Wrote(_database);
        }
        catch (Exception e)
        {
            _log.LogWarning(e, "Looking at the write-ahead log failed");
        }
    }

    private void Answer(Commit commit, CommitAnswer answer)
    {
        try
        {
            commit.Answered(answer);
        }
        catch (Exception e)
        {
            _log.LogCritical(e, "The receiver of a commit's answer failed");
        }
    }

    /// <summary>Does what was given, then ends.</summary>
    public void Dispose()
    {
        lock (_queue)
        {
            _ends = true;
        }
        _given.Ring();
        _thread.Join();
        _given.Dispose();
    }
}
