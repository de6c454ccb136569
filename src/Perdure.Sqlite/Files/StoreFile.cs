using Perdure.Ports;
using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Files;

/// <summary>The database file itself: whose it is, which schema it has, and how it is moved forward.</summary>
internal static class StoreFile
{
    /// <summary>"Perd": marks a file as this store's.</summary>
    public const int ApplicationId = 0x50657264;

    /// <summary>Larger pages are fewer pages to write a commit; smaller ones are fewer bytes where keys fall anywhere.</summary>
    public const int PageSize = 8192;

    // EROFS and ENOSPC of Linux and macOS.
    private const int ReadOnlyVolume = 30, NoSpace = 28;

    /// <summary>The newest schema that this code knows.</summary>
    public static int SchemaVersion { get; } = SqlText.Schema().Max(s => s.Version);

    /// <summary>Makes the folder and takes the lock beside the file; null where another process has it.</summary>
    public static FileLock? TakeLock(string path)
    {
        try
        {
            var folder = Path.GetDirectoryName(Path.GetFullPath(path));
            if (!string.IsNullOrEmpty(folder)) Directory.CreateDirectory(folder);
            if (Directory.Exists(path)) throw new StoreException("store.unavailable", $"{path} is a folder; the store's path must name a file.");
            return FileLock.TryTake(path + ".lock");
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException { HResult: ReadOnlyVolume })
        {
            throw new StoreException("store.read-only", $"{path} cannot be written: {e.Message} Give this process permission to write the file and its folder.", e);
        }
        catch (IOException e) when (e.HResult == NoSpace)
        {
            throw new StoreException("store.full", $"There is no room left to make {path}. Free space on its volume.", e);
        }
        catch (IOException e)
        {
            throw new StoreException("store.unavailable", $"{path} cannot be opened: {e.Message} The folder must exist or be creatable, and be on a volume that can be written.", e);
        }
    }

    /// <summary>
    /// Makes sure that a file that is there already is a store of this or an older schema. Changes nothing in it. It is opened by SQLite alone:
    /// closing a file of one's own would drop the locks that SQLite holds on it for this process.
    /// </summary>
    public static void Inspect(string path)
    {
        if (!File.Exists(path) || new FileInfo(path).Length == 0) return;
        using var database = Database.Open(path, readOnly: true, TimeSpan.FromSeconds(1));
        var tables = database.Number(SqlText.Statement("tables"));
        var owner = database.Number("PRAGMA application_id");
        var version = database.Number("PRAGMA user_version");
        if (owner != ApplicationId && (tables > 0 || owner != 0))
            throw new StoreException("store.foreign", $"{path} is the database of another application (application_id {owner}, {tables} tables). Nothing was changed in it. Give the store a path of its own.");
        if (version > SchemaVersion)
            throw new StoreException("store.newer", $"{path} has schema {version}; this build knows schemas up to {SchemaVersion}. Nothing was changed in it. Run the newer build again, or restore a backup from before the upgrade.");
    }

    /// <summary>Sets up a connection that writes, and moves the schema forward.</summary>
    public static void Prepare(Database database, SqliteStoreOptions options, NodeIdentity node)
    {
        database.Execute($"PRAGMA page_size = {PageSize}");
        Configure(database, options);
        Migrate(database, SqlText.Schema(), options.Time.GetUtcNow(), node.Build);
    }

    /// <summary>The settings of a connection that writes.</summary>
    public static void Configure(Database database, SqliteStoreOptions options)
    {
        // The schema's triggers refuse what its foreign keys would (0003.sql), and cost less.
        database.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY");
        database.Execute($"PRAGMA cache_size = {-options.CacheBytes / 1024}");
        if (options.MaxBytes is { } most) database.Execute($"PRAGMA max_page_count = {Math.Max(1, most / PageSize)}");
    }

    /// <summary>Applies the scripts that lead beyond the present schema, in order: all of them or none.</summary>
    public static void Migrate(Database database, IEnumerable<(int Version, string Sql)> scripts, DateTimeOffset at, string build)
    {
        database.Execute("BEGIN IMMEDIATE");
        try
        {
            var present = database.Number("PRAGMA user_version");
            foreach (var (version, sql) in scripts.Where(s => s.Version > present).OrderBy(s => s.Version))
            {
                database.Execute(sql);
                using var applied = database.Prepare(SqlText.Statement("schema-applied"));
                applied.Set(1, version).Set(2, at.ToUnixTimeMilliseconds()).Set(3, build).Run();
                database.Execute($"PRAGMA user_version = {version}; PRAGMA application_id = {ApplicationId}");
            }
            database.Execute("COMMIT");
        }
        catch
        {
            database.Rollback();
            throw;
        }
    }
}
