using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Sqlite.Files;
using Perdure.Sqlite.Native;
using Perdure.Sqlite.Reading;

namespace Perdure.Sqlite;

/// <summary>The histories in a store's file, opened for reading only: beside the node that owns it, or in a copy. Each read is short, so that no writer and no checkpoint waits for it.</summary>
public sealed class SqliteHistories : IHistories
{
    private const int PageSize = 200;

    private readonly Database _database;
    private readonly string _path;

    private SqliteHistories(Database database, string path) => (_database, _path) = (database, path);

    /// <summary>Opens a store's file.</summary>
    /// <exception cref="StoreException">There is none, it is not a store, or it cannot be read.</exception>
    public static SqliteHistories Open(string path)
    {
        if (!File.Exists(path)) throw new StoreException("store.unavailable", $"{path} does not exist.");
        try
        {
            StoreFile.Inspect(path);
            var database = Database.Open(path, readOnly: true, TimeSpan.FromSeconds(5));
            if (database.Number("PRAGMA user_version") > 0) return new(database, path);
            database.Dispose();
            throw new StoreException("store.foreign", $"{path} is not a store of Perdure.");
        }
        catch (SqliteFault fault)
        {
            throw fault.Explain(path);
        }
    }

    /// <inheritdoc />
    public IEnumerable<(InstanceRow Row, long Records)> Instances(string? workflow = null)
    {
        for (var after = 0L; ;)
        {
            var last = after;
            var page = Read(d => Rows.All(d["workflow-ids-up"].Set(1, last).Set(2, workflow).Set(3, (long)PageSize), s => (Id: new InstanceId(s.Long(0)), Records: s.Long(1))));
            foreach (var (id, records) in page)
                if (Read(d => Rows.Instance(d, id)) is { } found) yield return (found.Row, records);
            if (page.Count < PageSize) yield break;
            after = page[^1].Id.Value;
        }
    }

    /// <inheritdoc />
    public (InstanceRow Row, long Records)? Find(InstanceId instance) =>
        Read(d => Rows.Instance(d, instance)) is { } found ? (found.Row, Read(d => Rows.One(d["newest-version"].Set(1, instance.Value), s => s.Long(0)))) : null;

    /// <inheritdoc />
    public IEnumerable<StoredRecord> Records(InstanceId instance, long upTo)
    {
        for (var from = 1L; from <= upTo;)
        {
            var first = from;
            var page = Read(d => Rows.Records(d["read-records"].Set(1, instance.Value).Set(2, first).Set(3, Math.Min(PageSize, upTo - first + 1))));
            if (page.Count == 0) yield break;
            foreach (var record in page) yield return record;
            from = page[^1].Version + 1;
        }
    }

    /// <inheritdoc />
    public string? Map(string workflow, int version) => Read(d => Rows.One(d["map-text"].Set(1, workflow).Set(2, (long)version), s => s.Text(0)));

    private T Read<T>(Func<Database, T> read)
    {
        try
        {
            return read(_database);
        }
        catch (SqliteFault fault)
        {
            throw fault.Explain(_path);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _database.Dispose();
}
