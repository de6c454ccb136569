using System.Globalization;
using Npgsql;
using Perdure.Ports;
using Perdure.Postgres.Database;
using Perdure.Postgres.Writing;

namespace Perdure.Postgres.Transacting;

/// <summary>
/// The one round trip that ends an operation's transaction: what the user's own constraints still have to say, the record behind a savepoint, the commit. The fence is taken last, so that
/// nothing of the user's holds up the lane; between it and the commit nobody waits for this process.
/// </summary>
internal sealed class EndCall
{
    private readonly GroupRows _rows;
    private readonly NpgsqlBatch _batch;
    private readonly NpgsqlBatchCommand _record;
    private readonly NpgsqlParameter<short> _lane = new();
    private readonly NpgsqlParameter<long> _epoch = new();
    private readonly NpgsqlParameter<string> _mark = new();
    private readonly NpgsqlParameter<int> _rounds = new();

    public EndCall(GroupRows rows, Connections connections, int own, TimeSpan within)
    {
        _rows = rows;
        List<NpgsqlParameter> parameters = [new NpgsqlParameter<int> { TypedValue = own }, _lane, _epoch, _mark];
        for (var i = rows.Records.LogBegin; i < rows.Records.All.Count; i++)
        {
            if (i == rows.Records.LogEnd) parameters.Add(_rounds);
            parameters.Add(rows.Records.All[i].Parameter());
        }
        parameters.AddRange(rows.Beside.All.Select(c => c.Parameter()));
        _record = new($"SELECT {connections.Schema}.transact_1({string.Join(", ", Enumerable.Range(1, parameters.Count).Select(i => "$" + i.ToString(CultureInfo.InvariantCulture)))})");
        foreach (var parameter in parameters) _record.Parameters.Add(parameter);
        // After its time the connection is given up: a COMMIT is not cancelled.
        _batch = new() { Timeout = (int)within.TotalSeconds, BatchCommands = { new("SET CONSTRAINTS ALL IMMEDIATE"), new("SAVEPOINT perdure_record"), _record, new("COMMIT") } };
    }

    /// <summary>Whether the engine's own rows are what the server refused, and not what the user wrote.</summary>
    public bool BlamesRecord(NpgsqlException fault) => fault.BatchCommand == _record;

    /// <summary>Why the item cannot be written at all; null where it can, and the rows are ready to be sent.</summary>
    public string? Fill(int lane, long epoch, string mark, Item item)
    {
        var group = Group.Of(lane, epoch, item);
        _rows.Fill(group, 0, 1);
        (_lane.TypedValue, _epoch.TypedValue, _mark.TypedValue, _rounds.TypedValue) = ((short)lane, epoch, mark, _rows.Rounds);
        return _rows.Answers[0] switch
        {
            null => null,
            ItemAnswer.Refused(var reason) => reason,
            var other => throw new InvalidOperationException($"The end of an operation cannot be answered without the database: {other}."),
        };
    }

    /// <summary>Sends it. Returns the record's position once the commit is durable.</summary>
    public async Task<long> Run(NpgsqlConnection connection)
    {
        _batch.Connection = connection;
        using var doubt = new Doubt(connection);
        long position = 0;
        var reader = await _batch.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            do
            {
                while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false)) position = reader.GetInt64(0);
            }
            while (await reader.NextResultAsync(CancellationToken.None).ConfigureAwait(false));
        }
        doubt.Check();
        return position;
    }
}
