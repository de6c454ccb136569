using Perdure.Ports;
using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Reading;

/// <summary>A few threads that read, each on a connection of its own that cannot write. None holds up the writer, nor a pool that the program may have starved.</summary>
internal sealed class Readers : IDisposable
{
    private readonly Queue<Action<Database>> _queue = new();
    private readonly List<Thread> _threads = [];
    private readonly SqliteStoreOptions _options;
    private bool _ends;

    public Readers(SqliteStoreOptions options, string purpose)
    {
        _options = options;
        for (var i = 0; i < Math.Max(1, options.Readers); i++)
        {
            var database = Database.Open(options.Path, readOnly: true, options.LockWithin);
            database.Execute("PRAGMA query_only = ON; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY");
            var thread = new Thread(() => Loop(database)) { IsBackground = true, Name = $"perdure-{purpose}-{i}" };
            _threads.Add(thread);
            thread.Start();
        }
    }

    /// <summary>Reads from one consistent view of the database, within the time that is allowed.</summary>
    public Task<T> Read<T>(Func<Database, T> read, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested) return Task.FromCanceled<T>(cancellation);
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_queue)
        {
            if (_ends) return Task.FromException<T>(new StoreException("store.closed", "The store is closed."));
            _queue.Enqueue(database => Run(database, read, done, cancellation));
            Monitor.Pulse(_queue);
        }
        return done.Task;
    }

    private void Run<T>(Database database, Func<Database, T> read, TaskCompletionSource<T> done, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            done.SetCanceled(cancellation);
            return;
        }
        try
        {
            database.Arena.Reset();
            database.Limit(_options.ReadWithin, cancellation);
            database["begin-read"].Run();
            var value = read(database);
            database.Rollback();
            done.SetResult(value);
        }
        catch (SqliteFault fault)
        {
            database.Rollback();
            if (fault.Primary != SQLitePCL.raw.SQLITE_INTERRUPT) done.SetException(fault.Explain(_options.Path));
            else if (cancellation.IsCancellationRequested) done.SetCanceled(cancellation);
            else done.SetException(new StoreException("store.read-timeout", $"A read took longer than {_options.ReadWithin} and was ended. Ask for fewer rows, or narrow the filter.", fault));
        }
        catch (Exception e)
        {
            database.Rollback();
            done.SetException(e);
        }
    }

    private void Loop(Database database)
    {
        using (database)
            while (true)
            {
                Action<Database> work;
                lock (_queue)
                {
                    while (_queue.Count == 0)
                    {
                        if (_ends) return;
                        Monitor.Wait(_queue);
                    }
                    work = _queue.Dequeue();
                }
                work(database);
            }
    }

    /// <summary>Does what was asked for, then ends.</summary>
    public void Dispose()
    {
        lock (_queue)
        {
            _ends = true;
            Monitor.PulseAll(_queue);
        }
        foreach (var thread in _threads) thread.Join();
    }
}
