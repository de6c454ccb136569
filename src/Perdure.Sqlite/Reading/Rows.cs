using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Reading;

/// <summary>Rows of statements as the records of the ports. The columns stand in the order of <c>read.sql</c>.</summary>
internal static class Rows
{
    /// <summary>position, instance, version, at, body, hash.</summary>
    public static StoredRecord Record(Statement s) => new(s.Long(0), new(s.Long(1)), s.Long(2), s.Time(3), s.Bytes(4), s.Bytes(5));

    /// <summary>All records.</summary>
    public static List<StoredRecord> Records(Statement s) => All(s, Record);

    /// <summary>One instance's row and the position of its checkpoint; null where there is none.</summary>
    public static (InstanceRow Row, long Checkpoint)? Instance(Database database, InstanceId id)
    {
        var s = database["read-instance"].Set(1, id.Value);
        if (!s.Read()) return null;
        var row = new InstanceRow(new(s.Long(0)), s.Text(1), s.Text(2), s.Int(3), s.Text(4), s.TextOrNull(5), s.Text(6), (Status)s.Int(7), s.Int(8), s.Time(9), s.Time(10), s.Bytes(11), s.Int(12));
        var checkpoint = s.Long(13);
        s.Reset();
        return (row, checkpoint);
    }

    /// <summary>key, severity, code, summary, instance, workflow, state, raised, delivered, tries, error.</summary>
    public static StoredPage Page(Statement s) => new(
        new(s.Text(0), (Severity)s.Int(1), s.Text(2), s.Text(3)), new(s.Long(4)), s.Text(5), s.Text(6), s.Time(7), s.IsNull(8) ? null : s.Time(8), s.Int(9), s.TextOrNull(10));

    /// <summary>Every row.</summary>
    public static List<T> All<T>(Statement s, Func<Statement, T> row)
    {
        var rows = new List<T>();
        try
        {
            while (s.Read()) rows.Add(row(s));
        }
        finally
        {
            if (s.AtRow) s.Reset();
        }
        return rows;
    }

    /// <summary>The one row; the default where there is none.</summary>
    public static T? One<T>(Statement s, Func<Statement, T> row)
    {
        if (!s.Read()) return default;
        try
        {
            return row(s);
        }
        finally
        {
            s.Reset();
        }
    }
}
