using Perdure.Postgres.Database;
using Npgsql;
using Perdure.Owning;

namespace Perdure.Postgres.Sending;

/// <summary>Those who wait for answers: asks for the answers that it was told of, for many at once, and at every tick for all that are waited for.</summary>
internal sealed class Answers
{
    private readonly NpgsqlDataSource _source;
    private readonly PostgresStoreOptions _options;
    private readonly Lock _gate = new();
    private readonly Dictionary<long, Waiter> _waiting = [];
    private readonly HashSet<long> _told = [];
    private TaskCompletionSource _tell = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _asks;

    public Answers(NpgsqlDataSource source, PostgresStoreOptions options, Wakes wakes)
    {
        (_source, _options) = (source, options);
        wakes.Answered += Tell;
    }

    /// <summary>Waits for the answer to the command at that place; null where none has come in time.</summary>
    /// <param name="position">Its place in the inbox.</param>
    /// <param name="ready">Called when an answer would be noticed.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task<ReadOnlyMemory<byte>?> Await(long position, Action ready, CancellationToken cancellation)
    {
        Waiter waiter;
        lock (_gate)
        {
            if (!_waiting.TryGetValue(position, out waiter!)) _waiting[position] = waiter = new();
            waiter.Count++;
            if (!_asks)
            {
                _asks = true;
                _ = Ask();
            }
        }
        try
        {
            ready();
            return await waiter.Answer.Task.WaitAsync(_options.AnswerWithin, _options.Time, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            lock (_gate)
                if (--waiter.Count == 0) _waiting.Remove(position);
        }
    }

    private void Tell(long position)
    {
        TaskCompletionSource tell;
        lock (_gate)
        {
            if (!_waiting.ContainsKey(position) || !_told.Add(position)) return;
            tell = _tell;
        }
        tell.TrySetResult();
    }

    /// <summary>Goes on as long as somebody waits. A database that does not answer is asked again at the next tick.</summary>
    private async Task Ask()
    {
        var looked = _options.Time.GetTimestamp();
        while (true)
        {
            // By time and not by silence: where one or the other is told of all the time, an answer whose notification was lost would never be looked for.
            var all = _options.Time.GetElapsedTime(looked) >= _options.Tick;
            if (all) looked = _options.Time.GetTimestamp();
            long[] positions;
            Task told;
            lock (_gate)
            {
                if (_waiting.Count == 0)
                {
                    _asks = false;
                    return;
                }
                positions = all ? [.. _waiting.Keys] : [.. _told];
                _told.Clear();
                if (_tell.Task.IsCompleted) _tell = new(TaskCreationOptions.RunContinuationsAsynchronously);
                told = _tell.Task;
            }
            if (positions.Length > 0) await Read(positions).ConfigureAwait(false);
            var left = _options.Tick - _options.Time.GetElapsedTime(looked);
            if (left <= TimeSpan.Zero) continue;
            using var tick = new CancellationTokenSource();
            await Task.WhenAny(told, Task.Delay(left, _options.Time, tick.Token)).ConfigureAwait(false);
            await tick.CancelAsync().ConfigureAwait(false);
        }
    }

    private async Task Read(long[] positions)
    {
        try
        {
            await using var command = _source.CreateCommand(SqlText.Statement("inbox-answers"));
            command.Parameters.Add(new() { Value = positions });
            await using var reader = await command.ExecuteReaderAsync().ConfigureAwait(false);
            while (await reader.ReadAsync().ConfigureAwait(false))
            {
                var (position, answer) = (reader.GetInt64(0), reader.GetFieldValue<byte[]>(1));
                Waiter? waiter;
                lock (_gate) waiter = _waiting.GetValueOrDefault(position);
                waiter?.Answer.TrySetResult(answer);
            }
        }
        catch (Exception fault) when (fault is NpgsqlException or IOException or TimeoutException or ObjectDisposedException)
        {
            // Who waits is told that no answer has come when the time for it is over; those that were told of are asked for again.
            System.Diagnostics.Debug.WriteLine(fault);
        }
    }

    private sealed class Waiter
    {
        public TaskCompletionSource<ReadOnlyMemory<byte>> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Count { get; set; }
    }
}
