using Perdure.Ports;
using Perdure.Owning;

namespace Perdure.Postgres.Reading;

/// <summary>
/// Finds out how far the log may be read, after commits here and now and then, and tells all nodes. One look answers for all commits before it; what cannot be read yet, since a transaction that began
/// earlier still writes, is looked for again.
/// </summary>
internal sealed class FeedWatch : IDisposable
{
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(20), AfterFault = TimeSpan.FromSeconds(1);

    // For what another node has written and could not tell of.
    private static readonly TimeSpan NowAndThen = TimeSpan.FromSeconds(1);

    private readonly Func<CancellationToken, Task<long>> _end;
    private readonly Wakes _wakes;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _ends = new();
    private long _newest;
    private int _looking;

    /// <param name="end">Asks the database up to where the log may be read.</param>
    /// <param name="wakes">By which the nodes are told.</param>
    /// <param name="time">For pauses.</param>
    public FeedWatch(Func<CancellationToken, Task<long>> end, Wakes wakes, TimeProvider time)
    {
        (_end, _wakes, _time) = (end, wakes, time);
        _timer = time.CreateTimer(_ => Wrote(0), null, NowAndThen, NowAndThen);
    }

    /// <summary>Records up to that position are durable. Cheap; from any thread.</summary>
    public void Wrote(long position)
    {
        InterlockedMax(ref _newest, position);
        if (Interlocked.Exchange(ref _looking, 1) == 0) _ = Task.Run(Look);
    }

    private async Task Look()
    {
        var seen = 0L;
        while (!_ends.IsCancellationRequested)
        {
            var rest = Rest;
            try
            {
                seen = await _end(_ends.Token).ConfigureAwait(false);
                _wakes.Grew(seen);
            }
            catch (StoreException)
            {
                rest = AfterFault;      // the database is away; its readers are told by their own reads
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.Delay(rest, _time, _ends.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (seen < Volatile.Read(ref _newest)) continue;
            Volatile.Write(ref _looking, 0);
            if (seen >= Volatile.Read(ref _newest) || Interlocked.Exchange(ref _looking, 1) != 0) return;
        }
    }

    private static void InterlockedMax(ref long value, long other)
    {
        for (var seen = Volatile.Read(ref value); other > seen;)
        {
            var before = Interlocked.CompareExchange(ref value, other, seen);
            if (before == seen) return;
            seen = before;
        }
    }

    /// <summary>Looks no more.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        _ends.Cancel();
    }
}
