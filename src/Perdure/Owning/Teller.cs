using Perdure.Ports;

namespace Perdure.Owning;

/// <summary>
/// Tells the node what came about, in order. What comes about before anybody is named is kept where it matters later: lanes that were gained and lost, who is alive,
/// whether the database is away.
/// </summary>
internal sealed class Teller(Action<Exception>? faulted)
{
    private readonly Queue<Action<ILaneOwner>> _kept = [];
    private volatile ILaneOwner? _owner;
    private IReadOnlyList<NodeIdentity>? _peers;
    private StoreException? _away;
    private string? _untold;
    private bool _named;

    /// <summary>Whom to tell; null before anybody was named.</summary>
    public ILaneOwner? Owner => _owner;

    /// <summary>Names whom to tell; it begins at the next turn.</summary>
    public void Name(ILaneOwner owner) => _owner = owner;

    /// <summary>Tells what was kept.</summary>
    public void CatchUp()
    {
        if (_named || _owner is null) return;
        _named = true;
        while (_kept.TryDequeue(out var kept)) Tell(kept);
        if (_peers is { } peers) Tell(o => o.Peers(peers));
        if (_away is { } why) Tell(o => o.Away(why));
    }

    public void Gained(Ownership taken) => TellOrKeep(o => o.Gained(taken));

    public void Lost(int lane, StoreException why) => TellOrKeep(o => o.Lost(lane, why));

    public void Arrived(int lane) => TellNow(o => o.Arrived(lane));

    public void Moved(long position) => TellNow(o => o.Moved(position));

    public void Peers(IReadOnlyList<NodeIdentity> live)
    {
        _peers = live;
        TellNow(o => o.Peers(live));
    }

    /// <summary>Lanes that came cannot be told of, or can again; told where that has changed.</summary>
    public void Untold(int lanes, StoreException? why)
    {
        if (_untold == why?.Message) return;
        _untold = why?.Message;
        TellOrKeep(o => o.Untold(new(0, lanes, new(lanes)), why));
    }

    public void Away(StoreException why)
    {
        if (_away is not null) return;
        _away = why;
        TellNow(o => o.Away(why));
    }

    public void Back()
    {
        if (_away is null) return;
        _away = null;
        TellNow(o => o.Back());
    }

    /// <summary>Asks the node to hand a lane over. One that fails at it has let go of nothing.</summary>
    /// <param name="lane">Which.</param>
    /// <param name="done">Called once, from any thread: with what went wrong, or with null when the node has let go.</param>
    public void HandOver(int lane, Action<Exception?> done)
    {
        CatchUp();      // who was named a moment ago is asked
        if (!_named)
        {
            done(null);
            return;
        }
        Task handOver;
        try { handOver = _owner!.HandOver(lane); }
        catch (Exception fault)
        {
            faulted?.Invoke(fault);
            done(fault);
            return;
        }
        handOver.ContinueWith(ended => done(ended.IsCanceled ? new OperationCanceledException() : ended.Exception), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void TellOrKeep(Action<ILaneOwner> what)
    {
        if (_named) Tell(what);
        else _kept.Enqueue(what);
    }

    private void TellNow(Action<ILaneOwner> what)
    {
        if (_named) Tell(what);
    }

    /// <summary>A node that cannot be told is at fault; the other lanes go on.</summary>
    private void Tell(Action<ILaneOwner> what)
    {
        try { what(_owner!); }
        catch (Exception fault) { faulted?.Invoke(fault); }
    }
}
