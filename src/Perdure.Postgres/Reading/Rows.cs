using Npgsql;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Reading;

/// <summary>Rows of statements as the records of the ports. The columns stand in the order of <c>read.sql</c>.</summary>
internal static class Rows
{
    /// <summary>Whole milliseconds as a moment.</summary>
    public static DateTimeOffset Moment(this NpgsqlDataReader row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));

    /// <summary>A stored text.</summary>
    public static string Text(this NpgsqlDataReader row, int column) => StoredText.Read(row.GetString(column));

    /// <summary>A stored text, or none.</summary>
    public static string? TextOrNull(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.Text(column);

    /// <summary>Bytes.</summary>
    public static byte[] Bytes(this NpgsqlDataReader row, int column) => row.GetFieldValue<byte[]>(column);

    /// <summary>position, instance, version, at, body, hash.</summary>
    public static StoredRecord Record(NpgsqlDataReader row) => new(row.GetInt64(0), new(row.GetInt64(1)), row.GetInt64(2), row.Moment(3), row.Bytes(4), row.Bytes(5));

    /// <summary>One instance's row and the position of its checkpoint.</summary>
    public static (InstanceRow Row, long Checkpoint) Instance(NpgsqlDataReader row) => (
        new(new(row.GetInt64(0)), row.Text(1), row.Text(2), row.GetInt32(3), row.Text(4), row.TextOrNull(5), row.Text(6), (Status)row.GetInt16(7), row.GetInt32(8), row.Moment(9), row.Moment(10),
            row.Bytes(11), row.GetInt32(12)),
        row.GetInt64(13));

    /// <summary>ordinal, visit, name, generation, operation, intended at, instance.</summary>
    public static (InstanceId Instance, StackEntry Entry) Entry(NpgsqlDataReader row) =>
        (new(row.GetInt64(6)), new(row.GetInt32(0), row.GetInt32(1), row.Text(2), row.GetInt32(3), row.Text(4), row.GetInt64(5)));

    /// <summary>id, instance.</summary>
    public static (InstanceId Instance, string Id) MessageId(NpgsqlDataReader row) => (new(row.GetInt64(1)), row.Text(0));

    /// <summary>key, severity, code, summary, instance, workflow, state, raised, delivered, tries, error.</summary>
    public static StoredPage Page(NpgsqlDataReader row) => new(
        new(row.Text(0), (Severity)row.GetInt16(1), row.Text(2), row.Text(3)), new(row.GetInt64(4)), row.Text(5), row.Text(6), row.Moment(7), row.IsDBNull(8) ? null : row.Moment(8), row.GetInt32(9),
        row.TextOrNull(10));

    /// <summary>instance, version, payload hash, created.</summary>
    public static StoredKey Key(NpgsqlDataReader row) => new(new(row.GetInt64(0)), row.GetInt32(1), row.Bytes(2), row.Moment(3));

    /// <summary>instance, kind, ordinal, due.</summary>
    public static StoredTimer Timer(NpgsqlDataReader row) => new(new(row.GetInt64(0)), new((TimerKind)row.GetInt16(1), row.GetInt32(2)), row.Moment(3));

    /// <summary>position, receiver, message, ordinal, state, type, schema, codec, body.</summary>
    public static OutboxMessage Message(NpgsqlDataReader row) =>
        new(row.GetInt64(0), new(row.GetInt64(1)), row.Text(2), row.GetInt32(3), row.Text(4), new(row.Text(5), row.Text(6), row.Bytes(8), row.Text(7)));
}
