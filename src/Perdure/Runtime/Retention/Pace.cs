namespace Perdure.Runtime;

/// <summary>
/// How long to rest after a piece, as a multiple of what the piece took: a share of the time that does nobody harm as long as that is enough; where it is not, as little as the writers let pass.
/// </summary>
internal sealed class Pace
{
    // A quarter of the time; a tenth where the node has much under way.
    private const double Usual = 3, WhereBusy = 9;
    // What is behind never rests for longer than what has all the time in the world.
    private const double Most = WhereBusy, Least = 0.1;
    // Writers may wait half as long again as they do alone, and a moment, since much of next to nothing is nothing.
    private const double Tolerated = 1.5;
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1), LeastRest = TimeSpan.FromMilliseconds(10);
    // Without a rest nobody would know any more how long writers wait alone.
    private const int ListensEvery = 8;

    private double _rests = Usual;
    private TimeSpan? _alone;
    private int _pieces;

    /// <summary>The rest after a piece.</summary>
    /// <param name="took">How long the piece took.</param>
    /// <param name="behind">Whether more is due than is being removed.</param>
    /// <param name="busy">Whether the node has much under way.</param>
    /// <param name="meanwhile">How long writers waited together with pieces; null where none did.</param>
    /// <param name="alone">How long they waited without; null where none did.</param>
    public TimeSpan After(TimeSpan took, bool behind, bool busy, TimeSpan? meanwhile, TimeSpan? alone)
    {
        if (alone is { } seen) _alone = _alone is { } known ? known + (seen - known) / 4 : seen;
        if (!behind) _rests = busy ? WhereBusy : Usual;
        else if (meanwhile is { } waited && _alone is { } quiet && waited > quiet * Tolerated + Moment) _rests = Math.Min(Most, Math.Max(Least, _rests * 2));
        else _rests = _rests > Least ? _rests / 2 : 0;
        if (_rests == 0 && ++_pieces % ListensEvery != 0) return TimeSpan.Zero;
        var rest = took * _rests;
        return rest > LeastRest ? rest : LeastRest;
    }
}
