using Microsoft.Extensions.Logging;
using Perdure.Sqlite.Native;
using SQLitePCL;

namespace Perdure.Sqlite.Writing;

/// <summary>
/// Moves the write-ahead log into the database on a thread and connection of its own. Mostly beside the writer; once the log reaches its bound the writer is held
/// for the short rest, so that the log begins anew. Where the disk did not take what was moved, the log stays as it is, since nothing else has it.
/// </summary>
internal sealed class Checkpointer : IDisposable
{
    private readonly object _gate = new();
    private readonly Thread _thread;
    private readonly Database _database;
    private readonly SqliteStoreOptions _options;
    private readonly ILogger _log;
    private bool _asked, _works, _ends;
    private int _rounds, _patience;

    // Answers how long the log is and how much of it was moved, and does nothing.
    private const int Look = -1;

    // What is moved so fast that holding the writer meanwhile costs less than another pass beside it.
    private const long ShortBytes = 2L * 1024 * 1024;
    private const long FrameBytes = Files.StoreFile.PageSize + 24;

    public Checkpointer(Database database, SqliteStoreOptions options, ILogger log)
    {
        _database = database;
        _options = options;
        _log = log;
        _thread = new(Loop) { IsBackground = true, Name = "perdure-ckpt" };
        _thread.Start();
    }

    /// <summary>Why the log is not moved any more; null while it is.</summary>
    public string? Problem { get; private set; }

    /// <summary>The connection, for tests that make it fail.</summary>
    public Database Database => _database;

    /// <summary>Held by the writer during a transaction, and by the checkpointer while the log begins anew.</summary>
    public Lock Writing { get; } = new();

    /// <summary>
    /// The writer has committed and answered. Where the log has grown enough, it is moved from now on; where it has reached its bound, the writer waits here until
    /// that was tried.
    /// </summary>
    public void Wrote(Database writer)
    {
        var (_, frames, moved) = writer.Checkpoint(Look);
        var full = frames * FrameBytes >= _options.WalBytesMax;
        if (!full && (frames - moved) * FrameBytes < _options.CheckpointBytes && frames * FrameBytes < _options.WalBytesMax / 2) return;
        lock (_gate)
        {
            _asked = true;
            Monitor.PulseAll(_gate);
            // The second round from here on began after this commit.
            for (var round = _rounds + (_works ? 2 : 1); full && _rounds < round && !_ends;) Monitor.Wait(_gate);
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
                (_asked, _works) = (false, true);
            }
            try
            {
                Work();
            }
            catch (SqliteFault fault) when (fault.IsUnsynced)
            {
                Keep(fault);
                return;
            }
            catch (Exception e)
            {
                _log.LogWarning(e, "Moving the write-ahead log of {Path} failed", _options.Path);
            }
            lock (_gate)
            {
                (_rounds, _works) = (_rounds + 1, false);
                Monitor.PulseAll(_gate);
            }
        }
    }

    // A system may forget what it could not write, and take the next sync for a success. What counts as moved is known to open connections only: whoever opens the file anew moves all of the log.
    private void Keep(SqliteFault fault)
    {
        Problem = $"The disk did not take what was moved from the write-ahead log into {_options.Path}. The log is kept, and grows, so that nothing is lost. Check the volume and restart this node: the whole log is then moved anew.";
        _log.LogCritical(fault, "{Problem}", Problem);
        lock (_gate)
        {
            _ends = true;       // nobody waits for a round that will not come
            Monitor.PulseAll(_gate);
        }
    }

    private void Work()
    {
        var frames = Move(_options.CheckpointBytes);
        if (frames * FrameBytes < _options.WalBytesMax / 2) _patience = 0;
        else if (frames >= _patience)
        {
            // Most of it is made durable beside the writer, so that it is held for the little that comes meanwhile.
            _database.Sync();
            Move(ShortBytes);
            // Not truncated: writing over blocks that are there already is faster to make durable than growing a file.
            bool busy;
            lock (Writing) (busy, _, _) = _database.Checkpoint(raw.SQLITE_CHECKPOINT_RESTART);
            _patience = busy ? frames + (int)(_options.CheckpointBytes / FrameBytes) : 0;
        }
    }

    // Moves what is in the log if it is worth it. The writer goes on beside each pass and leaves more to be moved; less each time, until holding it for the rest costs little. Gives the length of the log.
    private int Move(long worthIt)
    {
        var (_, frames, moved) = _database.Checkpoint(Look);
        for (; (frames - moved) * FrameBytes >= worthIt; worthIt = ShortBytes)
        {
            var left = frames - moved;
            (_, frames, moved) = _database.Checkpoint(raw.SQLITE_CHECKPOINT_PASSIVE);
            if (frames - moved >= left) break;
        }
        return frames;
    }

    /// <summary>Ends the thread and closes its connection.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _ends = true;
            Monitor.PulseAll(_gate);
        }
        _thread.Join();
        _database.Dispose();
    }
}
