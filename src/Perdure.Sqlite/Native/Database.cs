using System.Diagnostics;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Perdure.Sqlite.Native;

/// <summary>
/// A connection, used by one thread at a time. It goes straight to the native library that Microsoft.Data.Sqlite brings along: statements are prepared once and
/// typed values bound without commands, parameter objects or allocations (docs/adr/0002).
/// </summary>
internal sealed class Database : IDisposable
{
    private readonly sqlite3 _handle;
    private readonly nint _database;
    private readonly string _path;
    private readonly Dictionary<string, Statement> _statements = new(StringComparer.Ordinal);
    private delegate_progress? _watch;
    private long _deadline = long.MaxValue;
    private CancellationToken _cancellation;

    static Database() => Batteries_V2.Init();

    private readonly bool _owned;

    private Database(sqlite3 handle, string path, bool owned) => (_handle, _path, _database, _owned) = (handle, path, handle.DangerousGetHandle(), owned);

    /// <summary>The same on a connection of Microsoft.Data.Sqlite, which stays open when this is disposed of.</summary>
    public static Database Of(SqliteConnection connection) => new(connection.Handle!, connection.DataSource, owned: false);

    /// <summary>The native handle, for tests that make it fail.</summary>
    public sqlite3 Handle => _handle;

    /// <summary>Where values lie until their statements have run.</summary>
    public Arena Arena { get; } = new();

    /// <summary>Opens a file for writing (and makes it) or for reading only.</summary>
    public static Database Open(string path, bool readOnly, TimeSpan busy)
    {
        var flags = raw.SQLITE_OPEN_NOMUTEX | (readOnly ? raw.SQLITE_OPEN_READONLY : raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE);
        var code = raw.sqlite3_open_v2(path, out var handle, flags, null);
        if (code != raw.SQLITE_OK)
        {
            var fault = new SqliteFault(handle is null or { IsInvalid: true } ? code : raw.sqlite3_extended_errcode(handle), handle is null or { IsInvalid: true } ? "cannot open" : raw.sqlite3_errmsg(handle).utf8_to_string());
            handle?.Dispose();
            throw fault;
        }
        raw.sqlite3_extended_result_codes(handle, 1);
        raw.sqlite3_busy_timeout(handle, (int)busy.TotalMilliseconds);
        return new(handle, path, owned: true);
    }

    /// <summary>A statement of the library, prepared once for this connection.</summary>
    public Statement this[string name]
    {
        get
        {
            if (_statements.TryGetValue(name, out var statement)) return statement;
            return _statements[name] = Prepare(SqlText.Statement(name));
        }
    }

    /// <summary>Prepares a statement that the caller disposes of, or keeps as long as the connection.</summary>
    public Statement Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v3(_handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement));
        return new(this, statement);
    }

    /// <summary>Runs a script.</summary>
    public void Execute(string sql) => Check(raw.sqlite3_exec(_handle, sql));

    /// <summary>Runs a statement that gives one number.</summary>
    public long Number(string sql)
    {
        using var statement = Prepare(sql);
        var number = statement.Read() ? statement.Long(0) : 0;
        return number;
    }

    /// <summary>Rows changed by the last statement.</summary>
    public int Changes => Sqlite3.Changes(_database);

    /// <summary>The row number that the last insert gave.</summary>
    public long LastRow => Sqlite3.LastRow(_database);

    /// <summary>Whether a transaction is open.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_handle) == 0;

    /// <summary>Whether the file could be opened for reading only.</summary>
    public bool IsReadOnly => raw.sqlite3_db_readonly(_handle, "main") == 1;

    /// <summary>Whether another file, or none, is where the database was opened: it was moved or removed, and what is written goes where nobody will look.</summary>
    public unsafe bool HasMoved
    {
        get
        {
            const int hasMoved = 20;        // SQLITE_FCNTL_HAS_MOVED
            var moved = 0;
            fixed (byte* main = "main\0"u8) _ = Sqlite3.FileControl(_database, main, hasMoved, &moved);
            return moved != 0;
        }
    }

    /// <summary>Ends an open transaction without keeping it; SQLite may have done so by itself.</summary>
    public void Rollback()
    {
        if (InTransaction) raw.sqlite3_exec(_handle, "ROLLBACK");
    }

    /// <summary>From now on reads end with an interrupt at the deadline or when cancelled.</summary>
    public void Limit(TimeSpan time, CancellationToken cancellation)
    {
        if (_watch is null)
        {
            _watch = _ => Stopwatch.GetTimestamp() > _deadline || _cancellation.IsCancellationRequested ? 1 : 0;
            raw.sqlite3_progress_handler(_handle, 1_000, _watch, null!);
        }
        _deadline = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        _cancellation = cancellation;
    }

    /// <summary>Moves the write-ahead log into the file. Gives the frames in it and how many of them are in the file now; busy where something held it up.</summary>
    public (bool Busy, int Frames, int Moved) Checkpoint(int mode)
    {
        var code = raw.sqlite3_wal_checkpoint_v2(_handle, "main", mode, out var frames, out var moved);
        if ((code & 0xff) is raw.SQLITE_BUSY or raw.SQLITE_LOCKED) return (true, frames, moved);
        Check(code);
        return (false, frames, moved);
    }

    /// <summary>Makes durable what was moved into the file. A checkpoint that leaves frames behind does not, so that one that leaves none has to for all of them.</summary>
    public unsafe void Sync()
    {
        const int filePointer = 7;          // SQLITE_FCNTL_FILE_POINTER
        const int normal = 2;               // SQLITE_SYNC_NORMAL
        nint** file;
        fixed (byte* main = "main\0"u8) Check(Sqlite3.FileControl(_database, main, filePointer, &file));
        // A sqlite3_file begins with its methods: a version, then close, read, write, truncate, sync. A handle of one's own would not do: to close it drops the locks that SQLite has on the file.
        var sync = (delegate* unmanaged[Cdecl]<void*, int, int>)(*file)[5];
        var code = sync(file, normal);
        if (code != raw.SQLITE_OK) throw new SqliteFault(code, "what was moved could not be made durable");
    }

    /// <summary>From now on this connection does not move the write-ahead log when it is closed as the last one.</summary>
    public void KeepLog()
    {
        const int noCheckpointOnClose = 1006;       // SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE
        Check(raw.sqlite3_db_config(_handle, noCheckpointOnClose, 1, out _));
    }

    /// <summary>Throws for anything but success.</summary>
    public void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_DONE or raw.SQLITE_ROW)) throw Fault();
    }

    /// <summary>What went wrong last.</summary>
    public SqliteFault Fault() => new(raw.sqlite3_extended_errcode(_handle), raw.sqlite3_errmsg(_handle).utf8_to_string());

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var statement in _statements.Values) statement.Dispose();
        _statements.Clear();
        if (!_owned) return;
        raw.sqlite3_close_v2(_handle);
        _handle.Dispose();
    }

    /// <inheritdoc />
    public override string ToString() => _path;
}
