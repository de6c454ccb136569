using Perdure.Postgres.Database;
using Npgsql;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Owning;
using Perdure.Postgres.Owning;

namespace Perdure.Postgres.Sending;

/// <summary>Commands for instances whose lane another node owns: kept in a table, told of by notifications, and found by looking where those do not arrive.</summary>
/// <param name="source">Connections to the primary.</param>
/// <param name="options">How long an answer is waited for, and how often it is looked for.</param>
/// <param name="wakes">What the nodes tell one another.</param>
/// <param name="lanes">How many lanes the store has.</param>
internal sealed class Inbox(NpgsqlDataSource source, PostgresStoreOptions options, Wakes wakes, int lanes)
{
    private readonly Answers _answers = new(source, options, wakes);

    /// <summary>Keeps a command, wakes the node that owns its lane, and waits for the answer; null where none has come in time. The same key again waits for the same answer.</summary>
    public async Task<ReadOnlyMemory<byte>?> Send(InstanceId to, string key, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        var lane = to.Slot % lanes;
        (long Position, byte[]? Answer)? kept;
        // Between the two statements the command that was there may get an answer that is not final: then its key is free, and this one is a command of its own.
        while ((kept = await Asked(() => Keep(lane, to, key, body, cancellation)).ConfigureAwait(false)) is null) { }
        var (position, answer) = kept.Value;
        if (answer is not null) return answer;
        return await _answers.Await(position, () => wakes.Sent(lane), cancellation).ConfigureAwait(false);
    }

    // Where it stands, and its answer where there is one; null where it was there and its key is free since.
    private async Task<(long Position, byte[]? Answer)?> Keep(int lane, InstanceId to, string key, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        await using var batch = source.CreateBatch();
        batch.BatchCommands.Add(Part("inbox-send", (short)lane, to.Value, key, body));
        batch.BatchCommands.Add(Part("inbox-find", to.Value, key));
        await using var reader = await batch.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        return await reader.ReadAsync(cancellation).ConfigureAwait(false) ? (reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetFieldValue<byte[]>(1)) : null;
    }

    /// <summary>Commands of a lane that are not answered, in the order in which they were kept.</summary>
    public Task<IReadOnlyList<InboxMessage>> Open(int lane, int limit, CancellationToken cancellation) => Asked<IReadOnlyList<InboxMessage>>(async () =>
    {
        await using var command = Command("inbox-open", (short)lane, limit);
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var all = new List<InboxMessage>();
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false)) all.Add(new(reader.GetInt64(0), new(reader.GetInt64(1)), reader.GetString(2), reader.GetFieldValue<byte[]>(3)));
        return all;
    });

    /// <summary>Answers a command, and wakes the node that waits for it. One that was answered keeps its answer; where that is not final, the same key is a new command from then on.</summary>
    public async Task Answer(long position, ReadOnlyMemory<byte> answer, bool final, CancellationToken cancellation)
    {
        await Asked(async () =>
        {
            await using var command = Command("inbox-answer", position, answer, final);
            return await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        }).ConfigureAwait(false);
        wakes.Answer(position);
    }

    private async Task<T> Asked<T>(Func<Task<T>> ask)
    {
        try { return await ask().ConfigureAwait(false); }
        catch (Exception fault) when (fault is NpgsqlException or IOException or TimeoutException) { throw PostgresFault.Explain(fault, Connections.WhereOf(options)); }
    }

    private NpgsqlCommand Command(string name, params ReadOnlySpan<object> values)
    {
        var command = source.CreateCommand(SqlText.Statement(name));
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        return command;
    }

    private static NpgsqlBatchCommand Part(string name, params ReadOnlySpan<object> values)
    {
        var part = new NpgsqlBatchCommand(SqlText.Statement(name));
        foreach (var value in values) part.Parameters.Add(new() { Value = value });
        return part;
    }
}
