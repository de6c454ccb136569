using Npgsql;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Database;
using Perdure.Postgres.Reading;

namespace Perdure.Postgres;

/// <summary>
/// The histories in a store's database, on one connection that only reads: beside the nodes that work on it, or at a replica. Each page is a statement of its own, so that no snapshot is held and nothing waits.
/// Of a sharded store this is one of its databases.
/// </summary>
public sealed class PostgresHistories : IHistories
{
    private const int PageSize = 200;

    private readonly NpgsqlConnection _connection;
    private readonly string _where;

    private PostgresHistories(NpgsqlConnection connection, string where) => (_connection, _where) = (connection, where);

    /// <summary>Opens a store's database.</summary>
    /// <param name="connectionString">An Npgsql connection string, to a primary or a replica.</param>
    /// <param name="schema">The schema that holds the store.</param>
    /// <exception cref="StoreException">It is not reached, holds no store, or one of a newer schema than this build knows.</exception>
    public static PostgresHistories Open(string connectionString, string schema = "perdure")
    {
        var connections = new Connections(new() { ConnectionString = connectionString, Schema = schema });
        NpgsqlConnection? connection = null;
        try
        {
            connection = connections.OpenHistories();
            StoreSchema.CheckReadable(connection, connections, schema);
            return new(connection, connections.Where);
        }
        catch (Exception fault)
        {
            connection?.Dispose();
            if (fault is NpgsqlException or IOException or TimeoutException) throw PostgresFault.Explain(fault, connections.Where);
            throw;
        }
    }

    /// <inheritdoc />
    public IEnumerable<(InstanceRow Row, long Records)> Instances(string? workflow = null)
    {
        for (var after = 0L; ;)
        {
            var page = All("history-ids", r => (Id: r.GetInt64(0), Records: r.GetInt64(1)), after, (object?)StoredText.OrNull(workflow) ?? DBNull.Value, PageSize);
            var rows = All("read-instances", r => Rows.Instance(r).Row, (object)page.Select(p => p.Id).ToArray()).ToDictionary(row => row.Id.Value);
            foreach (var (id, records) in page)
                if (rows.TryGetValue(id, out var row)) yield return (row, records);
            if (page.Count < PageSize) yield break;
            after = page[^1].Id;
        }
    }

    /// <inheritdoc />
    public (InstanceRow Row, long Records)? Find(InstanceId instance) =>
        All("read-instance", r => Rows.Instance(r).Row, instance.Value) is [var row] && All("newest-version", r => r.GetInt64(0), instance.Value) is [var newest] ? (row, newest) : null;

    /// <inheritdoc />
    public IEnumerable<StoredRecord> Records(InstanceId instance, long upTo)
    {
        for (var from = 1L; from <= upTo;)
        {
            var page = All("read-records", Rows.Record, instance.Value, from, (int)Math.Min(PageSize, upTo - from + 1));
            if (page.Count == 0) yield break;
            foreach (var record in page) yield return record;
            from = page[^1].Version + 1;
        }
    }

    /// <inheritdoc />
    public string? Map(string workflow, int version) => All("map-text", r => r.Text(0), StoredText.Of(workflow), version) is [var text] ? text : null;

    private List<T> All<T>(string statement, Func<NpgsqlDataReader, T> row, params object[] values)
    {
        try
        {
            using var command = StoreSchema.Command(_connection, SqlText.Statement(statement), values);
            using var reader = command.ExecuteReader();
            List<T> rows = [];
            while (reader.Read()) rows.Add(row(reader));
            return rows;
        }
        catch (Exception fault) when (fault is NpgsqlException or IOException or TimeoutException)
        {
            throw PostgresFault.Explain(fault, _where);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _connection.Dispose();
}
