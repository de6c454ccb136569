using Perdure.Ports;
using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Writing;

/// <summary>
/// Writes batches, each in one transaction under its fence. At first without savepoints, since rows are rarely at fault; where they are, once more with
/// a savepoint for each item, so that only the culprit is refused.
/// </summary>
internal sealed class BatchWriter
{
    private readonly Database _database;
    private readonly string _path;
    private readonly Counts _counts;
    private readonly Scopes _scopes;
    private readonly ItemWriter _items;
    private readonly Statement _begin, _commit, _fence;
    private readonly HashSet<long> _left = [];

    public BatchWriter(Database database, Maps maps, string path)
    {
        _database = database;
        _path = path;
        _counts = new(database);
        _scopes = new(database);
        _items = new(database, maps, _scopes, _counts);
        (_begin, _commit, _fence) = (database["begin"], database["commit"], database["fence"]);
        var last = database["last-position"];
        last.Read();
        Position = last.Long(0);
        last.Reset();
    }

    /// <summary>The position of the newest record.</summary>
    public long Position { get; set; }

    /// <summary>Writes a batch and says how it went. Throws only for a broken invariant.</summary>
    public CommitAnswer Write(Batch batch)
    {
        var answer = Try(batch, savepoints: false) ?? Try(batch, savepoints: true)!;
        if (answer is CommitAnswer.Committed) Position = _items.Position;
        else _scopes.Forget();
        return answer;
    }

    // Null where rows were at fault and nothing was written: to be tried again with savepoints.
    private CommitAnswer? Try(Batch batch, bool savepoints)
    {
        _counts.Clear();
        _left.Clear();
        var answers = new ItemAnswer[batch.Items.Count];
        try
        {
            _begin.Run();
            _fence.Set(1, batch.Number).Set(2, (long)batch.Lane).Set(3, batch.Epoch).Run();
            if (_database.Changes == 0)
            {
                var (epoch, _) = Lane(batch.Lane);
                _database.Rollback();
                return new CommitAnswer.Fenced(epoch);
            }
            _items.GoOn(Position);
            for (var i = 0; i < answers.Length; i++)
            {
                var item = batch.Items[i];
                if (_left.Count > 0 && _left.Contains(item.Instance.Value)) answers[i] = ItemAnswer.Skipped.Item;
                else
                {
                    answers[i] = savepoints ? WriteAlone(item) : _items.Write(item);
                    if (answers[i] is not ItemAnswer.Committed) _left.Add(item.Instance.Value);
                }
            }
            _counts.Write();
        }
        catch (SqliteFault fault)
        {
            _database.Rollback();
            _scopes.Forget();
            if (fault.BlamesRows && !savepoints) return null;
            return new CommitAnswer.Failed(fault.Explain(_path));
        }
        catch
        {
            _database.Rollback();
            throw;
        }
        return Commit(batch, answers);
    }

    private ItemAnswer WriteAlone(Item item)
    {
        var restore = _counts.Mark();
        _database.Execute("SAVEPOINT item");
        try
        {
            var answer = _items.Write(item);
            _database.Execute("RELEASE item");
            return answer;
        }
        catch (SqliteFault fault) when (fault.BlamesRows)
        {
            _database.Execute("ROLLBACK TO item; RELEASE item");
            restore();
            _scopes.Forget();
            _items.GoOn(_items.Position);
            if (fault.IsDuplicate) return new ItemAnswer.Duplicate(fault.Message);
            return HasRecord(item) ? new ItemAnswer.Duplicate("record") : new ItemAnswer.Refused(fault.Message);
        }
    }

    private bool HasRecord(Item item)
    {
        var find = _database["has-record"].Set(1, item.Instance.Value).Set(2, item.Version);
        var found = find.Read();
        find.Reset();
        return found;
    }

    private CommitAnswer Commit(Batch batch, ItemAnswer[] answers)
    {
        try
        {
            _commit.Run();
            return new CommitAnswer.Committed(answers);
        }
        catch (SqliteFault fault)
        {
            _database.Rollback();
            _scopes.Forget();
            return fault.IsFull || fault.Primary == SQLitePCL.raw.SQLITE_BUSY
                ? new CommitAnswer.Failed(fault.Explain(_path))
                : Resolve(batch, answers, fault);
        }
    }

    // A look would not do: the lost frames may be on the disk without being seen. A commit under the same fence takes their place in the log, or follows them.
    private CommitAnswer Resolve(Batch batch, ItemAnswer[] answers, SqliteFault lost)
    {
        try
        {
            _begin.Run();
            var (epoch, marker) = Lane(batch.Lane);
            if (epoch != batch.Epoch)
            {
                _database.Rollback();
                return new CommitAnswer.Fenced(epoch);
            }
            _fence.Set(1, marker).Set(2, (long)batch.Lane).Set(3, batch.Epoch).Run();
            _commit.Run();
            return marker == batch.Number ? new CommitAnswer.Committed(answers) : new CommitAnswer.Failed(lost.Explain(_path));
        }
        catch (SqliteFault)
        {
            _database.Rollback();
            return new CommitAnswer.Unknown(lost.Explain(_path));
        }
    }

    private (long Epoch, long Marker) Lane(int lane)
    {
        var find = _database["epoch"].Set(1, (long)lane);
        var found = find.Read() ? (find.Long(0), find.Long(1)) : (0, 0);
        if (find.AtRow) find.Reset();
        return found;
    }
}
