using Perdure.Ports;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>What a node was told of a lane.</summary>
internal sealed record Told(string What, int Lane, long Epoch = 0, StoreException? Why = null);

/// <summary>A node that keeps what it was told, and hands lanes over at once unless it is to hold them back.</summary>
internal sealed class Recorder : ILaneOwner
{
    private readonly Lock _gate = new();
    private readonly List<Told> _told = [];
    private readonly List<TaskCompletionSource> _heldBack = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IReadOnlyList<NodeIdentity> _peers = [];

    /// <summary>Whether hand-overs wait until <see cref="LetGo"/>.</summary>
    public bool HoldsBack { get; set; }

    /// <summary>Called on the keeper's thread with each lane that came.</summary>
    public Action<Perdure.Ports.Ownership> OnGained { get; set; } = _ => { };

    /// <summary>Called on the keeper's thread before it waits for a hand-over.</summary>
    public Action<int> OnHandOver { get; set; } = _ => { };

    public IReadOnlyList<Told> All
    {
        get { lock (_gate) return [.. _told]; }
    }

    public IReadOnlyList<NodeIdentity> Live
    {
        get { lock (_gate) return _peers; }
    }

    public IEnumerable<Told> Of(string what) => All.Where(t => t.What == what);

    public int Count(string what) => Of(what).Count();

    /// <summary>Waits until what was told fits.</summary>
    public async Task Until(Func<Recorder, bool> fits, string what)
    {
        using var patience = new CancellationTokenSource(OwnershipPlace.Patience);
        while (true)
        {
            Task changed;
            lock (_gate) changed = _changed.Task;
            if (fits(this)) return;
            try { await changed.WaitAsync(patience.Token); }
            catch (OperationCanceledException) { throw new TimeoutException($"Not within {OwnershipPlace.Patience}: {what}. Told: {string.Join(", ", All)}"); }
        }
    }

    public void LetGo()
    {
        List<TaskCompletionSource> all;
        lock (_gate)
        {
            HoldsBack = false;
            all = [.. _heldBack];
            _heldBack.Clear();
        }
        foreach (var one in all) one.SetResult();
    }

    public void Gained(Perdure.Ports.Ownership taken)
    {
        OnGained(taken);
        Add(new(taken.Unclean ? "gained after a death" : "gained", taken.Lanes[0].Lane, taken.Lanes[0].Epoch));
    }

    public Task HandOver(int lane)
    {
        OnHandOver(lane);
        Add(new("hand over", lane));
        lock (_gate)
        {
            if (!HoldsBack) return Task.CompletedTask;
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _heldBack.Add(done);
            return done.Task;
        }
    }

    public void Lost(int lane, StoreException why) => Add(new("lost", lane, 0, why));

    public void Arrived(int lane) => Add(new("arrived", lane));

    public void Away(StoreException why) => Add(new("away", -1, 0, why));

    public void Back() => Add(new("back", -1));

    public void Untold(LaneRange lanes, StoreException? why) => Add(new(why is null ? "told of all" : "untold", -1, 0, why));

    public void Moved(long position) => Add(new("moved", -1, position));

    public void Peers(IReadOnlyList<NodeIdentity> live)
    {
        lock (_gate) _peers = live;
        Add(new("peers", -1, live.Count));
    }

    private void Add(Told told)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            _told.Add(told);
            changed = _changed;
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        changed.SetResult();
    }
}
