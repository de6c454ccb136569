using System.Collections.Concurrent;

namespace Shop.Ledgers;

/// <summary>
/// A SQLite file with one writer. Work that arrives while a commit is on its way to the disk shares the next commit, each piece in a savepoint of
/// its own: one that fails takes nothing with it. An answer comes after what it says is durable.
/// </summary>
public sealed class LedgerFile : IDisposable
{
    private const int MostInOneCommit = 256;

    private readonly BlockingCollection<Work> _queue = [];
    private readonly LedgerConnection _writing;
    private readonly LedgerConnection _reading;
    private readonly Lock _oneReader = new();
    private readonly Thread _writer;

    /// <summary>Opens the file, or makes it.</summary>
    /// <param name="path">Where.</param>
    /// <param name="schema">Statements that may be run again on a file that has it all.</param>
    public LedgerFile(string path, string schema)
    {
        _writing = new(path);
        _writing.Execute(schema);
        _reading = new(path);
        _writer = new(Run) { IsBackground = true, Name = "ledger " + Path.GetFileNameWithoutExtension(path) };
        _writer.Start();
    }

    /// <summary>Does something in a transaction and answers once it is durable.</summary>
    public Task<T> Write<T>(Func<LedgerConnection, T> work)
    {
        var item = new Work<T>(work);
        _queue.Add(item);
        return item.Answer;
    }

    /// <summary>Reads what is durable.</summary>
    public T Read<T>(Func<LedgerConnection, T> read)
    {
        lock (_oneReader) return read(_reading);
    }

    private void Run()
    {
        List<Work> batch = [];
        foreach (var first in _queue.GetConsumingEnumerable())
        {
            batch.Clear();
            batch.Add(first);
            while (batch.Count < MostInOneCommit && _queue.TryTake(out var next)) batch.Add(next);
            try
            {
                _writing.Execute("BEGIN IMMEDIATE");
                foreach (var work in batch)
                {
                    _writing.Execute("SAVEPOINT work");
                    if (!work.Do(_writing)) _writing.Execute("ROLLBACK TO work");
                    _writing.Execute("RELEASE work");
                }
                _writing.Execute("COMMIT");
            }
            catch (Exception exception)
            {
                foreach (var work in batch) work.Lost(exception);
                try { _writing.Execute("ROLLBACK"); }
                catch (Microsoft.Data.Sqlite.SqliteException) { /* There was no transaction left to end. */ }
            }
            foreach (var work in batch) work.Tell();
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        // A service that is known under two names is disposed of under each.
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _queue.CompleteAdding();
        _writer.Join();
        _writing.Dispose();
        _reading.Dispose();
        _queue.Dispose();
    }

    private int _disposed;

    private abstract class Work
    {
        public abstract bool Do(LedgerConnection connection);
        public abstract void Lost(Exception exception);
        public abstract void Tell();
    }

    private sealed class Work<T>(Func<LedgerConnection, T> work) : Work
    {
        private readonly TaskCompletionSource<T> _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private Exception? _exception;

        public Task<T> Answer => _told.Task;

        public override bool Do(LedgerConnection connection)
        {
            try { _result = work(connection); }
            catch (Exception exception) { _exception = exception; }
            return _exception is null;
        }

        public override void Lost(Exception exception) => _exception ??= exception;

        public override void Tell()
        {
            if (_exception is null) _told.SetResult(_result!);
            else _told.SetException(_exception);
        }
    }
}
