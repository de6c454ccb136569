using Microsoft.Extensions.Logging;
using Npgsql;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Writing;

/// <summary>
/// Writes groups on a connection of its own, and finds out for certain how each went. At first in one round trip, since rows are rarely at fault; where they are, once more in one
/// transaction with savepoints, so that only the culprit is refused.
/// </summary>
internal sealed class GroupWriter : IDisposable
{
    private const int TriesMax = 5;

    private readonly Connections _connections;
    private readonly GroupRows _rows;
    private readonly Scopes _scopes;
    private readonly int _own;
    private readonly Func<TimeSpan, bool> _wait;
    private readonly ILogger _log;
    private NpgsqlConnection? _connection;
    private WriteCall? _call;

    /// <param name="connections">Where.</param>
    /// <param name="rows">This writer's own.</param>
    /// <param name="scopes">The store's.</param>
    /// <param name="own">The number of the schema's locks.</param>
    /// <param name="wait">Waits for the time; false where the store is given up meanwhile.</param>
    /// <param name="log">For people.</param>
    public GroupWriter(Connections connections, GroupRows rows, Scopes scopes, int own, Func<TimeSpan, bool> wait, ILogger log) =>
        (_connections, _rows, _scopes, _own, _wait, _log) = (connections, rows, scopes, own, wait, log);

    /// <summary>The backend of the connection; 0 where there is none.</summary>
    public int Backend => _connection?.ProcessID ?? 0;

    /// <summary>Writes a group; every batch of it has its answer afterwards.</summary>
    public void Write(Group group)
    {
        var (away, tries, apart, tooLong) = (TimeSpan.Zero, 0, false, false);
        while (!group.IsAnswered)
        {
            var fences = group.Fences.ToList();
            var sent = false;
            try
            {
                if (fences.Count > 0)
                {
                    Connect();
                    Fill(group);
                    sent = true;
                    if (!(apart ? Apart(group, fences, tooLong) : Together(group, fences))) continue;
                }
                group.Committed();
            }
            catch (PostgresException fault) when (PostgresFault.IsCertain(fault) && !PostgresFault.IsAway(fault))
            {
                Refused(group, fences, fault, ref tries, ref apart, ref tooLong);
            }
            catch (Exception fault)
            {
                Disconnect();
                var reason = PostgresFault.Explain(fault, _connections.Where);
                if (sent && !PostgresFault.IsCertain(fault)) Resolve(group, fences, reason);
                else if (!PostgresFault.IsAway(fault)) throw;
                else if (!Wait(ref away, reason)) group.AnswerAll(new CommitAnswer.Failed(new("store.closed", "The store is closed.", reason)));
            }
        }
    }

    private void Connect()
    {
        // A session writes by the version of the shard map that it began with.
        var map = _connections.Map;
        if (_connection is { State: System.Data.ConnectionState.Open } && _rows.Map == map) return;
        Disconnect();
        _connection = _connections.OpenWriter(map);
        KernelWait.Use(_connection, KernelWait.Moment);
        _rows.Map = map;
        _call = new(_connection, _rows, _own);
    }

    private void Disconnect()
    {
        _call?.Dispose();
        _connection?.Dispose();
        (_call, _connection) = (null, null);
    }

    private bool Wait(ref TimeSpan away, StoreException reason)
    {
        if (away == TimeSpan.Zero) _log.LogWarning("Writing waits: {Reason}", reason.Message);
        away = TimeSpan.FromMilliseconds(Math.Clamp(away.TotalMilliseconds * 2, 100, 2_000));
        return _wait(away);
    }

    // Scopes are made before the group's own transaction, so that they last whatever becomes of it.
    private void Fill(Group group)
    {
        while (_rows.Fill(group, 0, group.Items.Length) is { } missing)
        {
            try
            {
                _scopes.Make(_connection!, missing.Namespace, missing.Workflow);
            }
            catch (PostgresException fault) when (PostgresFault.BlamesRows(fault))
            {
                for (var i = 0; i < group.Items.Length; i++)
                    if (group.Items[i] is { Start: { } start } item && start.Namespace == missing.Namespace && item.Workflow == missing.Workflow)
                        group.Answers[i] ??= new ItemAnswer.Refused(fault.MessageText);
            }
        }
    }

    // Everything in one round trip. False where something is there already: once more with the rest.
    private bool Together(Group group, List<(int Lane, long Epoch, long Number)> fences)
    {
        if (!_rows.Any) return Keep(group, 0, 0, group.Items.Length);
        return _call!.Run(group, fences, fences[0], 0) is { } position && Keep(group, position, 0, group.Items.Length);
    }

    // The rows are written: what is not answered otherwise is committed, one place after the other.
    private bool Keep(Group group, long position, int from, int to)
    {
        for (var i = from; i < to; i++) group.Answers[i] ??= _rows.Answers[i];
        for (var i = 0; i < _rows.RecordCount; i++) group.Answers[_rows.ItemOf(Conflict.None, i)] = new ItemAnswer.Committed(position + i);
        return true;
    }

    // One transaction with savepoints, halving until a culprit stands alone, or until no statement takes longer than it may.
    private bool Apart(Group group, List<(int Lane, long Epoch, long Number)> fences, bool tooLong)
    {
        var before = (ItemAnswer?[])group.Answers.Clone();
        try
        {
            _call!.Execute("BEGIN");
            _call.Fence(fences);
            // What took too long as a whole is not tried as a whole once more.
            if (tooLong) Halves(group, fences[0], 0, group.Items.Length, 0);
            else Halve(group, fences[0], 0, group.Items.Length, 0);
            _call.Commit();
            return true;
        }
        catch (PostgresException fault) when (PostgresFault.IsCertain(fault))
        {
            group.Answers = before;
            if (_connection!.State == System.Data.ConnectionState.Open) _call!.Execute("ROLLBACK");
            throw;
        }
    }

    // Gives how many records the transaction has then.
    private int Halve(Group group, (int Lane, long Epoch, long Number) marked, int from, int to, int written)
    {
        while (true)
        {
            _rows.Fill(group, from, to);
            if (!_rows.Any)
            {
                Keep(group, 0, from, to);
                return written;
            }
            long? position;
            _call!.Execute("SAVEPOINT part");
            try
            {
                position = _call.Run(group, [], marked, written);
            }
            catch (PostgresException fault) when (PostgresFault.IsCertain(fault) && (PostgresFault.BlamesRows(fault) ? _rows.RecordCount > 0 : PostgresFault.TookTooLong(fault) && _rows.RecordCount > 1))
            {
                _call.Execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part");
                if (_rows.RecordCount > 1) return Halves(group, marked, from, to, written);
                var culprit = _rows.ItemOf(Conflict.None, 0);
                group.Answers[culprit] = PostgresFault.IsDuplicate(fault) || _call.HasRecord(group.Items[culprit]) ? new ItemAnswer.Duplicate(fault.ConstraintName ?? "record") : new ItemAnswer.Refused(fault.MessageText);
                continue;
            }
            // Where something is there already the records are not written, but what stands beside them may be: the marker, by which that tells, is this transaction's already.
            _call.Execute(position is null ? "ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part" : "RELEASE SAVEPOINT part");
            if (position is not { } first) continue;
            Keep(group, first, from, to);
            return written + _rows.RecordCount;
        }
    }

    private int Halves(Group group, (int Lane, long Epoch, long Number) marked, int from, int to, int written)
    {
        var middle = (from + to) / 2;
        return Halve(group, marked, middle, to, Halve(group, marked, from, middle, written));
    }

    // The server refused, and nothing was written.
    private void Refused(Group group, List<(int Lane, long Epoch, long Number)> fences, PostgresException fault, ref int tries, ref bool apart, ref bool tooLong)
    {
        if (fault.SqlState == PostgresFault.Fenced)
        {
            if (!TellFenced(group, fences) && ++tries > TriesMax) group.AnswerAll(new CommitAnswer.Failed(PostgresFault.Explain(fault, _connections.Where)));
        }
        // A key that another node took between the look and the write: the next look sees it.
        else if ((PostgresFault.IsPassing(fault) || (PostgresFault.IsDuplicate(fault) && !apart && fault.TableName is "request_key" or "business_key" or "message")) && ++tries <= TriesMax) { }
        else if (PostgresFault.BlamesRows(fault) && !apart) apart = true;
        // The same once more would take as long. One record alone that does is not at fault: the server is held up, and the lane tries again.
        else if (PostgresFault.TookTooLong(fault) && !apart && group.Items.Length > 1) apart = tooLong = true;
        else group.AnswerAll(new CommitAnswer.Failed(PostgresFault.Explain(fault, _connections.Where)));
    }

    // False where every lane is still this owner's, and none came too late.
    private bool TellFenced(Group group, List<(int Lane, long Epoch, long Number)> fences)
    {
        var lanes = Lanes(fences);
        var any = false;
        foreach (var (lane, epoch, number) in fences)
        {
            if (lanes.TryGetValue(lane, out var present) && present.Epoch == epoch && number > present.Marker && number > present.Closed) continue;
            any = true;
            foreach (var batch in group.Batches)
                if (batch.Batch.Lane == lane && batch.Batch.Epoch == epoch) batch.Answer ??= new CommitAnswer.Fenced(present.Epoch);
        }
        return any;
    }

    private Dictionary<int, (long Epoch, long Marker, long Closed)> Lanes(List<(int Lane, long Epoch, long Number)> fences)
    {
        var lanes = new Dictionary<int, (long Epoch, long Marker, long Closed)>();
        using var command = StoreSchema.Command(_connection!, SqlText.Statement("fences"), fences.Select(f => (short)f.Lane).ToArray());
        using var reader = command.ExecuteReader();
        while (reader.Read()) lanes[reader.GetInt16(0)] = (reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
        return lanes;
    }

    // Nobody knows whether the group was written. A look would not do: its transaction may still be under way. A write under the same fence waits for it, and closes the way for one that comes late.
    private void Resolve(Group group, List<(int Lane, long Epoch, long Number)> fences, StoreException reason)
    {
        _log.LogWarning("A commit is resolved: {Reason}", reason.Message);
        var away = TimeSpan.Zero;
        while (true)
        {
            try
            {
                Connect();
                Resolution.Run(_connection!, group, fences, reason);
                return;
            }
            catch (Exception fault)
            {
                Disconnect();
                if (Wait(ref away, PostgresFault.Explain(fault, _connections.Where))) continue;
                group.AnswerAll(new CommitAnswer.Unknown(reason));
                return;
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => Disconnect();
}
