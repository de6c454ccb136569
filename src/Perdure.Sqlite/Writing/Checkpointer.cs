using Microsoft.Extensions.Logging;
using Perdure.Sqlite.Native;
using SQLitePCL;

namespace Perdure.Sqlite.Writing;

/// <summary>
/// Moves the write-ahead log into the database on a thread and connection of its own. Mostly beside the writer; once the log reaches its bound the writer is held
/// for the short rest, so that the log begins anew.
/// </summary>
internal sealed class Checkpointer : IDisposable
{
    private readonly object _gate = new();
    private readonly Thread _thread;
    private readonly Database _database;
    private readonly SqliteStoreOptions _options;
    private readonly ILogger _log;
    private bool _asked, _ends;
    private int _since, _patience;

    // Answers how long the log is and how much of it was moved, and does nothing.
    private const int Look = -1;
    private const long FrameBytes = Files.StoreFile.PageSize + 24;

    public Checkpointer(Database database, SqliteStoreOptions options, ILogger log)
    {
        _database = database;
        _options = options;
        _log = log;
        _thread = new(Loop) { IsBackground = true, Name = "perdure-ckpt" };
        _thread.Start();
    }

    /// <summary>Held by the writer during a transaction, and by the checkpointer while the log begins anew.</summary>
    public Lock Writing { get; } = new();

    /// <summary>The writer committed.</summary>
    public void Wrote()
    {
        if (++_since < 4) return;
        _since = 0;
        Ask();
    }

    private void Ask()
    {
        lock (_gate)
        {
            _asked = true;
            Monitor.Pulse(_gate);
        }
    }

    private void Loop()
    {
        while (true)
        {
            lock (_gate)
            {
                while (!_asked && !_ends) Monitor.Wait(_gate);
                if (_ends) return;
                _asked = false;
            }
            try
            {
                Work();
            }
            catch (SqliteFault fault)
            {
                _log.LogWarning("Moving the write-ahead log of {Path} failed: {Problem}", _options.Path, fault.Message);
            }
        }
    }

    private void Work()
    {
        var (_, frames, moved) = _database.Checkpoint(Look);
        if ((frames - moved) * FrameBytes >= _options.CheckpointBytes) (_, frames, moved) = _database.Checkpoint(raw.SQLITE_CHECKPOINT_PASSIVE);
        if (frames * FrameBytes < _options.WalBytesMax / 2) _patience = 0;
        else if (frames >= _patience)
        {
            // Not truncated: writing over blocks that are there already is faster to make durable than growing a file.
            bool busy;
            lock (Writing) (busy, _, _) = _database.Checkpoint(raw.SQLITE_CHECKPOINT_RESTART);
            _patience = busy ? frames + (int)(_options.CheckpointBytes / FrameBytes) : 0;
        }
    }

    /// <summary>Ends the thread and closes its connection.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _ends = true;
            Monitor.Pulse(_gate);
        }
        _thread.Join();
        _database.Dispose();
    }
}
