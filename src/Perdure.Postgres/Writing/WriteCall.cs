using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Database;
using Perdure.Postgres.Reading;

namespace Perdure.Postgres.Writing;

/// <summary>What is there already, as <c>write_1</c> tells it.</summary>
internal enum Conflict
{
    /// <summary>None: everything was written.</summary>
    None,
    /// <summary>A request key.</summary>
    RequestKey,
    /// <summary>A business key.</summary>
    BusinessKey,
    /// <summary>A message id.</summary>
    Message,
}

/// <summary>The calls that write a group, on one connection: one round trip, which is one transaction where none is open.</summary>
internal sealed class WriteCall : IDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly GroupRows _rows;
    private readonly int _own;
    private readonly List<(NpgsqlParameter<short[]> Lanes, NpgsqlParameter<long[]> Epochs, NpgsqlParameter<long[]> Numbers, NpgsqlParameter<int> First, NpgsqlParameter<int> Rounds)> _heads = [];
    private readonly NpgsqlParameter<short> _lane = new();
    private readonly NpgsqlParameter<long> _number = new();
    private readonly NpgsqlCommand _records, _both, _steps;
    private readonly List<(int Item, InstanceId Holder)> _businesses = [];

    public WriteCall(NpgsqlConnection connection, GroupRows rows, int own)
    {
        (_connection, _rows, _own) = (connection, rows, own);
        var alone = Records(own);
        _records = Command(connection, $"SELECT * FROM write_1({Numbers(1, alone.Count)})", alone);
        List<NpgsqlParameter> records = Records(own), beside = [_lane, _number, .. _rows.Beside.All.Select(c => c.Parameter())];
        // One statement, since a batch of two would be sent with the help of the thread pool, which may be starved. What is beside is written once all that write_1 tells is there.
        _both = Command(connection,
            $"""
            WITH written AS MATERIALIZED (SELECT * FROM write_1({Numbers(1, records.Count)})),
              beside AS MATERIALIZED (SELECT beside_1({Numbers(records.Count + 1, beside.Count)}) FROM (SELECT count(*) FROM written) told)
            SELECT written.* FROM beside CROSS JOIN written
            """, [.. records, .. beside]);
        var (steps, _) = Head(own);
        foreach (var column in _rows.Records.Steps) steps.Add(column.Parameter());
        _steps = Command(connection, $"SELECT 0, 0, write_steps_1({Numbers(1, steps.Count)})", steps);
    }

    private (List<NpgsqlParameter> Parameters, NpgsqlParameter<int> Rounds) Head(int own)
    {
        var head = (
            Lanes: new NpgsqlParameter<short[]> { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint }, Epochs: new NpgsqlParameter<long[]> { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
            Numbers: new NpgsqlParameter<long[]> { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint }, First: new NpgsqlParameter<int>(), Rounds: new NpgsqlParameter<int>());
        _heads.Add(head);
        return ([new NpgsqlParameter<int> { TypedValue = own }, head.Lanes, head.Epochs, head.Numbers, head.First], head.Rounds);
    }

    private List<NpgsqlParameter> Records(int own)
    {
        var (parameters, rounds) = Head(own);
        var columns = _rows.Records.All;
        for (var i = 0; i < columns.Count; i++)
        {
            if (i == _rows.Records.LogEnd) parameters.Add(rounds);
            parameters.Add(columns[i].Parameter());
        }
        return parameters;
    }

    private static string Numbers(int from, int count) => string.Join(", ", Enumerable.Range(from, count).Select(i => "$" + i.ToString(CultureInfo.InvariantCulture)));

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, List<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        return command;
    }

    /// <summary>
    /// Writes what the rows hold. Returns once the server is ready for the next command, so that where no transaction is open it has committed. The answers of the group's items are then
    /// complete, or some of them tell of conflicts and nothing was written.
    /// </summary>
    /// <param name="group">The group that the rows are of.</param>
    /// <param name="fences">The fences to take; none where the open transaction has them.</param>
    /// <param name="marked">A lane of the group and its marker, by which the rows beside the records know that those are written.</param>
    /// <param name="first">How many records the open transaction has written before.</param>
    /// <returns>The position of the first record; null where there were conflicts.</returns>
    public long? Run(Group group, IReadOnlyList<(int Lane, long Epoch, long Number)> fences, (int Lane, long Epoch, long Number) marked, int first)
    {
        var beside = _rows.Beside.Any;
        var steps = !beside && _rows.Records.HasOnlySteps;
        var head = _heads[beside ? 1 : steps ? 2 : 0];
        head.Lanes.TypedValue = [.. fences.Select(f => (short)f.Lane)];
        head.Epochs.TypedValue = [.. fences.Select(f => f.Epoch)];
        head.Numbers.TypedValue = [.. fences.Select(f => f.Number)];
        head.First.TypedValue = first;
        head.Rounds.TypedValue = _rows.Rounds;
        (_lane.TypedValue, _number.TypedValue) = ((short)marked.Lane, marked.Number);

        long? position = null;
        _businesses.Clear();
        using var doubt = new Doubt(_connection);
        using (var reader = (beside ? _both : steps ? _steps : _records).ExecuteReader())
        {
            while (reader.Read())
            {
                var (what, index) = ((Conflict)reader.GetInt32(0), reader.GetInt32(1));
                if (what == Conflict.None) position = reader.GetInt64(2);
                else Tell(group, what, index, reader);
            }
            // To the end: an error of the commit itself comes behind the last row.
            while (reader.NextResult())
                while (reader.Read()) { }
        }
        doubt.Check();
        foreach (var (item, holder) in _businesses) group.Answers[item] ??= Taken(group.Items[item], holder);
        return position;
    }

    // Each look of write_1 has a snapshot of its own, and the same request of another node may have committed after the first of them. Who sees the business key of a start sees its request key too.
    private ItemAnswer Taken(Item item, InstanceId holder)
    {
        using var find = StoreSchema.Command(_connection, SqlText.Statement("find-key"), StoredText.Of(item.Start!.Namespace), StoredText.Of(item.Workflow), StoredText.Of(item.Start.RequestKey));
        using var reader = find.ExecuteReader();
        return reader.Read() ? new ItemAnswer.KeyTaken(Rows.Key(reader)) : new ItemAnswer.BusinessKeyTaken(holder);
    }

    private void Tell(Group group, Conflict what, int index, NpgsqlDataReader reader)
    {
        var item = _rows.ItemOf(what, index);
        var holder = new InstanceId(reader.GetInt64(2));
        if (what == Conflict.RequestKey) group.Answers[item] = new ItemAnswer.KeyTaken(new(holder, reader.GetInt32(3), reader.GetFieldValue<byte[]>(4), DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(5))));
        else if (what == Conflict.BusinessKey) _businesses.Add((item, holder));
        else group.Answers[item] = new ItemAnswer.Duplicate(ItemAnswer.Duplicate.Message);
    }

    /// <summary>Runs a statement.</summary>
    public void Execute(string sql)
    {
        using var command = new NpgsqlCommand(sql, _connection);
        command.ExecuteNonQuery();
    }

    /// <summary>Commits the open transaction. Throws where the server warns that it may not be durable everywhere: then nobody knows.</summary>
    public void Commit()
    {
        using var doubt = new Doubt(_connection);
        Execute("COMMIT");
        doubt.Check();
    }

    /// <summary>Takes fences in the open transaction.</summary>
    public void Fence(IReadOnlyList<(int Lane, long Epoch, long Number)> fences)
    {
        using var command = new NpgsqlCommand(SqlText.Statement("fence"), _connection);
        command.Parameters.Add(new() { Value = _own });
        command.Parameters.Add(new() { Value = fences.Select(f => (short)f.Lane).ToArray() });
        command.Parameters.Add(new() { Value = fences.Select(f => f.Epoch).ToArray() });
        command.Parameters.Add(new() { Value = fences.Select(f => f.Number).ToArray() });
        command.ExecuteNonQuery();
    }

    /// <summary>Whether a record is there already.</summary>
    public bool HasRecord(Item item)
    {
        using var command = StoreSchema.Command(_connection, SqlText.Statement("has-record"), item.Instance.Value, item.Version);
        return command.ExecuteScalar() is not null;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _records.Dispose();
        _both.Dispose();
        _steps.Dispose();
    }
}
