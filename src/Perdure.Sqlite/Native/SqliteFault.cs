using Perdure.Ports;
using SQLitePCL;

namespace Perdure.Sqlite.Native;

/// <summary>What SQLite answered when it could not do what it was asked.</summary>
internal sealed class SqliteFault(int extended, string message) : Exception(message)
{
    /// <summary>The extended result code.</summary>
    public int Extended => extended;

    /// <summary>The primary result code.</summary>
    public int Primary => extended & 0xff;

    /// <summary>The rows themselves are at fault, not the store: a constraint, a trigger, a value that does not fit.</summary>
    public bool BlamesRows => Primary is raw.SQLITE_CONSTRAINT or raw.SQLITE_TOOBIG or raw.SQLITE_MISMATCH;

    /// <summary>A unique key or primary key that is there already.</summary>
    public bool IsDuplicate => extended is raw.SQLITE_CONSTRAINT_UNIQUE or raw.SQLITE_CONSTRAINT_PRIMARYKEY or raw.SQLITE_CONSTRAINT_ROWID;

    /// <summary>A write that failed for want of room stopped before its commit frame was whole, so that nothing of it can come back.</summary>
    public bool IsFull => Primary == raw.SQLITE_FULL;

    /// <summary>What was written may not be on the disk, and the system may have forgotten it.</summary>
    public bool IsUnsynced => extended == raw.SQLITE_IOERR_FSYNC;

    /// <summary>The same in words for people, with a stable code.</summary>
    public StoreException Explain(string path) => Primary switch
    {
        raw.SQLITE_FULL => new("store.full", $"There is no room left to write {path}. Nothing that was acknowledged is lost. Free space on its volume (or raise the store's MaxBytes); writing goes on by itself.", this),
        raw.SQLITE_READONLY => new("store.read-only", $"{path} cannot be written ({Message}). Give this process permission to write the file and its folder, or mount the volume for writing.", this),
        raw.SQLITE_PERM or raw.SQLITE_AUTH => new("store.read-only", $"{path} may not be written ({Message}). Give this process permission to write the file and its folder.", this),
        raw.SQLITE_CANTOPEN => new("store.unavailable", $"{path} cannot be opened ({Message}). The folder must exist or be creatable, and this process must be allowed to read and write it.", this),
        raw.SQLITE_NOTADB => new("store.corrupt", $"{path} is not an SQLite database ({Message}). Give the store another path, or restore this file from a backup.", this),
        raw.SQLITE_CORRUPT => new("store.corrupt", $"{path} is damaged ({Message}). Stop, keep a copy of the file with its -wal, and restore a backup or use `sqlite3 {path} .recover`.", this),
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new("store.busy", $"{path} is locked by another program ({Message}). End its transaction; writing goes on by itself.", this),
        raw.SQLITE_IOERR => new("store.io", $"Reading or writing {path} failed ({Message}, code {extended}). Check the volume; nothing that was acknowledged is lost.", this),
        raw.SQLITE_NOMEM => new("store.unavailable", $"There is not enough memory to use {path}.", this),
        _ => new("store.unavailable", $"{path} could not be used ({Message}, code {extended}).", this),
    };
}
