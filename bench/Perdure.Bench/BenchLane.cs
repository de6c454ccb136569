using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Bench;

/// <summary>One lane's workflows, each of which goes on as soon as its last turn is durable. Two batches are on their way at most, with no instance in common.</summary>
internal sealed class BenchLane(IStore store, LaneLease lease, Workflows work, int inFlight)
{
    private readonly Queue<(InstanceId Id, int Turn)> _ready = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _number, _items;
    private int _sent;
    private bool _ends;

    public long Items => Interlocked.Read(ref _items);

    public void Begin()
    {
        lock (_ready)
        {
            for (var i = 0; i < inFlight; i++) _ready.Enqueue((NewId(), 0));
            Send(inFlight / 2);
            Send(inFlight);
        }
    }

    public Task End()
    {
        lock (_ready)
        {
            _ends = true;
            if (_sent == 0) _ended.TrySetResult();
        }
        return _ended.Task;
    }

    private InstanceId NewId()
    {
        lock (work) return work.NewId(lease.Lane, lease.Lanes);
    }

    private void Send(int most)
    {
        if (_ready.Count == 0) return;
        var turns = new (InstanceId Id, int Turn)[Math.Min(most, _ready.Count)];
        var items = new Item[turns.Length];
        for (var i = 0; i < turns.Length; i++)
        {
            turns[i] = _ready.Dequeue();
            items[i] = work.Turn(turns[i].Id, turns[i].Turn);
        }
        _sent++;
        store.Commit(new(lease.Lane, lease.Epoch, ++_number, items), answer => Answered(answer, turns));
    }

    private void Answered(CommitAnswer answer, (InstanceId Id, int Turn)[] turns)
    {
        if (answer is not CommitAnswer.Committed committed || committed.Items.Any(i => i is not ItemAnswer.Committed))
        {
            _ended.TrySetException(new InvalidOperationException($"A commit was not what it should be: {answer} {(answer as CommitAnswer.Committed)?.Items.First(i => i is not ItemAnswer.Committed)}"));
            return;
        }
        Interlocked.Add(ref _items, turns.Length);
        lock (_ready)
        {
            _sent--;
            foreach (var (id, turn) in turns) _ready.Enqueue(turn == Workflows.Steps ? (NewId(), 0) : (id, turn + 1));
            if (!_ends) Send(int.MaxValue);
            else if (_sent == 0) _ended.TrySetResult();
        }
    }
}
