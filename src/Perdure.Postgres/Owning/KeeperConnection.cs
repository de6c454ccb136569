using Perdure.Postgres.Database;
using System.Globalization;
using Npgsql;
using Perdure.Kernel;
using Perdure.Owning;
using Perdure.Ports;

namespace Perdure.Postgres.Owning;

/// <summary>The connection that holds a node's lock. All its calls are synchronous, and each is one statement: a starved thread pool cannot cost ownership. What the database answers is told as it is; faults are thrown.</summary>
internal sealed class KeeperConnection : IKeeperSession, IDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly KeeperTimes _times;

    private KeeperConnection(NpgsqlConnection connection, KeeperTimes times) => (_connection, _times) = (connection, times);

    /// <summary>The schema's oid, by which locks, sessions and notifications of several stores in one database are told apart.</summary>
    public uint Schema { get; private set; }

    /// <inheritdoc />
    public TimeSpan Served { get; private set; }

    /// <summary>Whether it can be used still.</summary>
    public bool IsOpen => _connection.FullState == System.Data.ConnectionState.Open;

    /// <summary>Connects, and refuses what cannot hold ownership.</summary>
    public static KeeperConnection Open(NpgsqlDataSource source, string schema, KeeperTimes times)
    {
        var connection = source.OpenConnection();
        try
        {
            var made = new KeeperConnection(connection, times);
            made.Greet(schema);
            return made;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>How the store's sessions of a node are named: by this its connections are found and ended when it is dead.</summary>
    public static string NameOf(int node, uint schema) => string.Create(CultureInfo.InvariantCulture, $"perdure node {node} of {schema}");

    /// <inheritdoc />
    public int Join(NodeIdentity node)
    {
        using var command = Command("join", node.Host, node.ProcessId, node.Build, Carried.Write(node.Carries), Milliseconds(_times.Lease), Milliseconds(_times.Grace), Schema.ToString(CultureInfo.InvariantCulture));
        return (int)command.ExecuteScalar()!;
    }

    /// <inheritdoc />
    public void JoinAgain(NodeIdentity node, int number)
    {
        using var command = Command("join-again", node.Host, node.ProcessId, node.Build, Carried.Write(node.Carries), Milliseconds(_times.Lease), Milliseconds(_times.Grace), number);
        command.ExecuteNonQuery();
    }

    /// <inheritdoc />
    public void Name(int number) => Ask("name-session", NameOf(number, Schema));

    /// <inheritdoc />
    public bool Lock(int number)
    {
        if (Ask("lock", LockClass, number) is true) return true;
        Ask("end-former-session", (long)Schema, (long)number, NameOf(number, Schema));
        return false;
    }

    /// <inheritdoc />
    public Seen Look(int number, bool leaving)
    {
        using var command = Command("look", number, Milliseconds(_times.Lease), leaving, (long)Schema);
        using var reader = command.ExecuteReader();
        reader.Read();
        T[] All<T>(int column) => reader.IsDBNull(column) ? [] : reader.GetFieldValue<T[]>(column);
        var (ids, joined, until, leases, graces, leave, locked) = (All<int>(2), All<long>(3), All<long>(4), All<int>(5), All<int>(6), All<bool>(7), All<bool>(8));
        var (lanes, epochs, owners, heirs) = (All<short>(9), All<long>(10), All<int?>(11), All<int?>(12));
        var clean = All<bool>(13);
        return new(
            reader.GetBoolean(0), reader.GetFieldValue<DateTimeOffset>(1),
            [.. ids.Select((id, i) => new NodeRow(id, joined[i], until[i], TimeSpan.FromMilliseconds(leases[i]), TimeSpan.FromMilliseconds(graces[i]), leave[i], locked[i]))],
            [.. lanes.Select((lane, i) => new LaneRow(lane, epochs[i], owners[i], heirs[i]) { Clean = clean[i] })],
            [.. All<short>(14).Select(lane => (int)lane)]);
    }

    /// <inheritdoc />
    public IReadOnlyList<NodeIdentity> Identities()
    {
        using var command = Command("identities");
        using var reader = command.ExecuteReader();
        var all = new List<NodeIdentity>();
        while (reader.Read()) all.Add(Carried.Read(reader.GetString(0), reader.GetInt32(1), reader.GetString(2), reader.GetString(3)));
        return all;
    }

    /// <inheritdoc />
    public bool DeclareDead(NodeRow node, Death how)
    {
        using var command = Command("declare-dead", node.Id, node.LeaseUntil, how == Death.Lock, LockClass, NameOf(node.Id, Schema));
        using var reader = command.ExecuteReader();
        return reader.Read();
    }

    /// <inheritdoc />
    public void EndSessions(int node) => Ask("end-sessions", NameOf(node, Schema), node);

    /// <inheritdoc />
    public IReadOnlyList<TakenLane> Take(int number, IReadOnlyList<LaneRow> lanes)
    {
        using var command = Command("take", number, lanes.Select(l => (short)l.Id).ToArray(), lanes.Select(l => l.Epoch).ToArray());
        using var reader = command.ExecuteReader();
        var taken = new List<TakenLane>();
        while (reader.Read())
            taken.Add(new(reader.GetInt16(0), reader.GetInt64(1), reader.GetBoolean(2), OrNull<long>(reader, 3) is { } since ? DateTimeOffset.FromUnixTimeMilliseconds(since) : null, OrNull<int>(reader, 4)));
        return taken;
    }

    /// <inheritdoc />
    public IReadOnlyList<int> Release(int number, IReadOnlyList<ReleasedLane> lanes, string payload)
    {
        using var command = Command(
            "release", number, lanes.Select(l => (short)l.Lane).ToArray(), lanes.Select(l => l.Epoch).ToArray(), lanes.Select(l => l.Heir ?? 0).ToArray(), lanes.Select(l => l.Clean).ToArray(), Channel, payload);
        using var reader = command.ExecuteReader();
        var released = new List<int>();
        while (reader.Read()) released.Add(reader.GetInt16(0));
        return released;
    }

    /// <inheritdoc />
    public void Leave(int number, string payload)
    {
        using var command = Command("leave", number, Channel, payload);
        command.ExecuteNonQuery();
    }

    /// <inheritdoc />
    public void Notify(IReadOnlyList<string> payloads)
    {
        using var command = Command("notify", Channel, payloads.ToArray());
        command.ExecuteNonQuery();
    }

    /// <inheritdoc />
    public int ClearInbox(TimeSpan age, int limit)
    {
        using var command = Command("inbox-clear", (long)age.TotalMilliseconds, limit);
        return command.ExecuteNonQuery();
    }

    /// <inheritdoc />
    public InstanceId Newest() => new((long)Ask("newest-instance")!);

    public void Dispose() => _connection.Dispose();

    /// <summary>The channel of the store's notifications.</summary>
    public string Channel => ChannelOf(Schema);

    public static string ChannelOf(uint schema) => string.Create(CultureInfo.InvariantCulture, $"perdure_{schema}");

    private void Greet(string schema)
    {
        using var command = Command("greet", schema, Setting(_times.RowWithin), Setting(_times.StatementWithin));
        using var reader = command.ExecuteReader();
        reader.Read();
        if (reader.GetInt32(0) != _connection.ProcessID)
            throw new StoreException("store.pooled", "The connection leads through a pooler (PgBouncer or the like), which may give every transaction another session: it cannot hold ownership. Connect straight to the PostgreSQL server.");
        if (reader.GetBoolean(1))
            throw new StoreException("store.standby", "The server is a standby, which cannot be written. Connect to the primary; a connection string that names all hosts with Target Session Attributes=primary finds it.");
        Schema = (uint)reader.GetInt64(2);
        Served = TimeSpan.FromSeconds(reader.GetDouble(3));
        if (Schema == 0) throw new StoreException("store.unavailable", $"The database has no schema \"{schema}\".");
    }

    /// <summary>The first half of the keys of this store's locks.</summary>
    private int LockClass => unchecked((int)Schema);

    private static string Setting(TimeSpan span) => Milliseconds(span).ToString(CultureInfo.InvariantCulture);

    private static int Milliseconds(TimeSpan span) => (int)span.TotalMilliseconds;

    private static T? OrNull<T>(NpgsqlDataReader reader, int column) where T : struct => reader.IsDBNull(column) ? null : reader.GetFieldValue<T>(column);

    private object? Ask(string name, params object[] values)
    {
        using var command = Command(name, values);
        return command.ExecuteScalar();
    }

    private NpgsqlCommand Command(string name, params object[] values)
    {
        var command = new NpgsqlCommand(SqlText.Statement(name), _connection) { CommandTimeout = _times.StatementSeconds };
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        return command;
    }
}
