using Microsoft.Extensions.Logging;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Writing;

/// <summary>One thread that writes the batches of some lanes. While it waits for a commit, batches gather; they are the next group.</summary>
internal sealed class Writer : IDisposable
{
    private readonly LinkedList<GivenBatch> _given = new();
    private readonly List<TaskCompletionSource> _idle = [];
    // Wakes in a fraction of the time that Monitor.Wait takes, and that time is part of every commit.
    private readonly AutoResetEvent _work = new(false);
    private readonly ManualResetEvent _ending = new(false);
    private readonly GroupWriter _groups;
    private readonly ILogger _log;
    private readonly Thread _thread;
    private bool _ends, _writing;

    public Writer(int number, Connections connections, GroupRows rows, Scopes scopes, int own, ILogger log)
    {
        _groups = new(connections, rows, scopes, own, time => !_ending.WaitOne(time), log);
        _log = log;
        _thread = new(Loop) { IsBackground = true, Name = $"perdure-write-{number}" };
        _thread.Start();
    }

    /// <summary>The backend that writes now; 0 where there is none.</summary>
    public int Backend => _groups.Backend;

    /// <summary>Writes a batch after everything of its lane that was given before. Answers on the writer's thread, exactly once.</summary>
    public void Write(Batch batch, Action<CommitAnswer> answered)
    {
        var given = new GivenBatch(batch, answered);
        lock (_given)
        {
            if (!_ends)
            {
                _given.AddLast(given);
                _work.Set();
                return;
            }
        }
        given.Answer = new CommitAnswer.Failed(new("store.closed", "The store is closed."));
        Tell(given);
    }

    /// <summary>Completes when everything that was given so far is answered.</summary>
    public Task Settled()
    {
        lock (_given)
        {
            if (_given.Count == 0 && !_writing) return Task.CompletedTask;
            var idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _idle.Add(idle);
            return idle.Task;
        }
    }

    private void Loop()
    {
        while (true)
        {
            Group? group;
            lock (_given)
            {
                group = Group.Take(_given);
                _writing = group is not null;
                if (group is null)
                {
                    foreach (var idle in _idle) idle.SetResult();
                    _idle.Clear();
                    if (_ends) return;
                }
            }
            if (group is null) _work.WaitOne();
            else Write(group);
        }
    }

    private void Write(Group group)
    {
        try
        {
            _groups.Write(group);
        }
        catch (Exception e)
        {
            // Nothing else than a broken invariant comes here, before anything was sent.
            _log.LogCritical(e, "A group of {Items} items could not be written", group.Items.Length);
            group.AnswerAll(new CommitAnswer.Failed(new("store.broken", $"A batch could not be written: {e.Message}", e)));
        }
        foreach (var batch in group.Batches) Tell(batch);
    }

    private void Tell(GivenBatch batch)
    {
        try
        {
            batch.Answered(batch.Answer!);
        }
        catch (Exception e)
        {
            _log.LogCritical(e, "The receiver of a commit's answer failed");
        }
    }

    /// <summary>Does what was given, as far as the database is there, then ends.</summary>
    public void Dispose()
    {
        lock (_given)
        {
            _ends = true;
        }
        _ending.Set();
        _work.Set();
        _thread.Join();
        _groups.Dispose();
        _work.Dispose();
        _ending.Dispose();
    }
}
