using Microsoft.Extensions.Logging;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// Removes what has been kept for long enough, in passes, each in pieces with rests between them. Of the nodes that share a store the one that owns the first lane does it, so that
/// no two do the same work; where that lane passes on, so does this, and a piece that both should do harms nothing.
/// </summary>
internal sealed class Sweeper : IAsyncDisposable
{
    private const int FirstLane = 0;

    // Pieces take this share of the time at the most, so that what they cost the store is bounded whatever one costs: a quarter; a tenth where the node has much under way; half where what is
    // removed was due for long, since then it would not keep up otherwise.
    private const int RestsFor = 3, RestsForWhereBusy = 9, RestsForWhereLate = 1;
    private static readonly TimeSpan Late = TimeSpan.FromHours(1);
    // A pass looks at what ended late of what began early, too, though there is nothing to remove: where that is much, it is not looked at all the time.
    private const int RestsForAfterPass = 20;
    private static readonly TimeSpan LeastRest = TimeSpan.FromMilliseconds(10);

    // What has just ended is still being asked for.
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(1);

    private readonly Node _node;
    private readonly IRetention _store;
    private readonly RetentionOptions _options;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stops = new();
    private readonly ITimer _timer;
    private Task _pass = Task.CompletedTask;
    private long _ended;
    private TimeSpan _took;

    public Sweeper(Node node, IRetention store, RetentionOptions options, ILogger log)
    {
        (_node, _store, _options, _log) = (node, store, options, log);
        _timer = node.Shell.Time.CreateTimer(_ => Tick(), null, options.Every, options.Every);
    }

    private bool GoesOn => !_stops.IsCancellationRequested && _node.Closed is null && _node.LaneNumbered(FirstLane) is not null;

    private void Tick()
    {
        if (_pass.IsCompleted && GoesOn && _node.Shell.Time.GetElapsedTime(_ended) >= _took * RestsForAfterPass) _pass = Pass();
    }

    private async Task Pass()
    {
        var began = _node.Shell.Time.GetTimestamp();
        var (instances, keys) = (0L, 0L);
        try
        {
            var now = _node.Store.Clock.GetUtcNow();
            if (_options.FinishedFor is { } age) instances += await Instances(now - age, long.MaxValue).ConfigureAwait(false);
            if (_options.FinishedMax is { } most && await Finished().ConfigureAwait(false) - most is > 0 and var excess) instances += await Instances(now - Settling, excess).ConfigureAwait(false);
            if (_options.KeysFor is { } keysAge) keys = await Keys(now - keysAge).ConfigureAwait(false);
            Telemetry.RetentionLag.Record(0);
        }
        catch (OperationCanceledException) when (_stops.IsCancellationRequested)
        {
            // What was removed is removed, the rest is for the next owner.
        }
        catch (Exception e)
        {
            Log.SweepFailed(_log, e, _options.Every);
        }
        (_ended, _took) = (_node.Shell.Time.GetTimestamp(), instances + keys > 0 ? TimeSpan.Zero : _node.Shell.Time.GetElapsedTime(began));
        if (instances + keys > 0) Log.Swept(_log, instances, keys, _node.Shell.Time.GetElapsedTime(began).TotalSeconds);
    }

    private async Task<long> Finished() => (await _node.Store.Views.Tallies(_stops.Token).ConfigureAwait(false)).Where(t => t.Status == Status.Ended).Sum(t => t.Count);

    private async Task<long> Instances(DateTimeOffset endedBefore, long most)
    {
        var (removed, after) = (0L, default(InstanceId));
        while (removed < most && GoesOn)
        {
            var began = _node.Shell.Time.GetTimestamp();
            var piece = await _store.Remove(endedBefore, after, (int)Math.Min(_options.PieceMax, most - removed), _stops.Token).ConfigureAwait(false);
            removed += piece.Removed;
            Telemetry.Removed.Add(piece.Removed);
            var due = piece.OldestEnd is { } oldest ? endedBefore - oldest : TimeSpan.Zero;
            if (piece.Removed > 0) Telemetry.RetentionLag.Record(due.TotalSeconds);
            if (piece.Reached is not { } reached) break;
            after = reached;
            await Rest(began, late: due > Late).ConfigureAwait(false);
        }
        return removed;
    }

    private async Task<long> Keys(DateTimeOffset madeBefore)
    {
        var removed = 0L;
        while (GoesOn)
        {
            var began = _node.Shell.Time.GetTimestamp();
            var piece = await _store.RemoveKeys(madeBefore, _options.PieceMax, _stops.Token).ConfigureAwait(false);
            removed += piece;
            Telemetry.KeysRemoved.Add(piece);
            if (piece < _options.PieceMax) break;
            await Rest(began, late: false).ConfigureAwait(false);
        }
        return removed;
    }

    private Task Rest(long began, bool late)
    {
        var busy = _node.Lanes.Sum(lane => (long)lane.InFlight) > _node.Options.InFlightMax / 2;
        var rest = _node.Shell.Time.GetElapsedTime(began) * (busy ? RestsForWhereBusy : late ? RestsForWhereLate : RestsFor);
        return Task.Delay(rest > LeastRest ? rest : LeastRest, _node.Shell.Time, _stops.Token);
    }

    /// <summary>Begins no piece any more; completes when the last one is over.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync().ConfigureAwait(false);
        _stops.Cancel();
        await _pass.ConfigureAwait(false);
    }
}
