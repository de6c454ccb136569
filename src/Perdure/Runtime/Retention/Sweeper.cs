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

    // A pass looks at what ended late of what began early, too, though there is nothing to remove: where that is much, it is not looked at all the time.
    private const int RestsForAfterPass = 20;

    // What has just ended is still being asked for.
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(1);

    private readonly Node _node;
    private readonly IRetention _store;
    private readonly RetentionOptions _options;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stops = new();
    private readonly ITimer _timer;
    private Task _pass = Task.CompletedTask;
    private long _ended, _passBegan;
    private TimeSpan _took;
    private readonly Pace _pace = new();

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
        _passBegan = began;
        var (instances, keys) = (0L, 0L);
        try
        {
            var now = _node.Store.Clock.GetUtcNow();
            if (_options.FinishedFor is { } age) instances += await Instances(now - age, long.MaxValue, byAge: true).ConfigureAwait(false);
            if (_options.FinishedMax is { } most && await Finished().ConfigureAwait(false) - most is > 0 and var excess) instances += await Instances(now - Settling, excess, byAge: false).ConfigureAwait(false);
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
        _node.Waits.End(_node.Shell.Time.GetTimestamp());
        (_ended, _took) = (_node.Shell.Time.GetTimestamp(), instances + keys > 0 ? TimeSpan.Zero : _node.Shell.Time.GetElapsedTime(began));
        if (instances + keys > 0) Log.Swept(_log, instances, keys, _node.Shell.Time.GetElapsedTime(began).TotalSeconds);
    }

    private async Task<long> Finished() => (await _node.Store.Views.Tallies(_stops.Token).ConfigureAwait(false)).Where(t => t.Status == Status.Ended).Sum(t => t.Count);

    private async Task<long> Instances(DateTimeOffset endedBefore, long most, bool byAge)
    {
        var (removed, after) = (0L, default(InstanceId));
        while (removed < most && GoesOn)
        {
            var began = Begin();
            var piece = await _store.Remove(endedBefore, after, (int)Math.Min(_options.PieceMax, most - removed), _stops.Token).ConfigureAwait(false);
            removed += piece.Removed;
            Telemetry.Removed.Add(piece.Removed);
            var due = piece.OldestEnd is { } oldest ? endedBefore - oldest : TimeSpan.Zero;
            if (piece.Removed > 0) Telemetry.RetentionLag.Record(due.TotalSeconds);
            if (piece.Reached is not { } reached) break;
            after = reached;
            await Rest(began, piece.Removed, late: byAge && due > _options.Every * 2).ConfigureAwait(false);
        }
        return removed;
    }

    private async Task<long> Keys(DateTimeOffset madeBefore)
    {
        var removed = 0L;
        while (GoesOn)
        {
            var began = Begin();
            var piece = await _store.RemoveKeys(madeBefore, _options.PieceMax, _stops.Token).ConfigureAwait(false);
            removed += piece;
            Telemetry.KeysRemoved.Add(piece);
            if (piece < _options.PieceMax) break;
            await Rest(began, piece, late: false).ConfigureAwait(false);
        }
        return removed;
    }

    private long Begin()
    {
        _node.Waits.Begin();
        return _node.Shell.Time.GetTimestamp();
    }

    /// <summary>Behind is what is removed long after it was due, and a pass that is not over when the next one is to begin.</summary>
    private Task Rest(long began, int removed, bool late)
    {
        var now = _node.Shell.Time.GetTimestamp();
        var (meanwhile, alone) = _node.Waits.End(now);
        var busy = _node.Lanes.Sum(lane => (long)lane.InFlight) > _node.Options.InFlightMax / 2;
        var behind = removed > 0 && (late || _node.Shell.Time.GetElapsedTime(_passBegan, now) > _options.Every);
        return Task.Delay(_pace.After(_node.Shell.Time.GetElapsedTime(began, now), behind, busy, meanwhile, alone), _node.Shell.Time, _stops.Token);
    }

    /// <summary>Begins no piece any more; completes when the last one is over.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync().ConfigureAwait(false);
        _stops.Cancel();
        await _pass.ConfigureAwait(false);
    }
}
