namespace Perdure.Simulation.Stressing;

/// <summary>One that has arrived.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Intended">When it was to arrive, in ticks of the stage.</param>
/// <param name="Input">What it brings, as JSON.</param>
internal sealed record Arrival(long Number, long Intended, byte[] Input);

/// <summary>What arrivals are for: an operation, or a workflow.</summary>
internal interface ITarget
{
    /// <summary>Begins it; its end comes back by <see cref="Stage.Ended"/> or <see cref="Stage.Refused"/>.</summary>
    void Begin(Arrival arrival);
}

/// <summary>
/// Keeps the books of one rate: who arrived, waits, is under way and has ended, in four spans of time: warm-up, the first and the second half of what is measured, and after it. Safe from any thread.
/// </summary>
internal sealed class Stage
{
    private const int Spans = 4, First = 1, Second = 2;

    private readonly Lock _books = new();
    private readonly IPace _pace;
    private readonly int _concurrency, _waitingMax;
    private readonly long _from, _half, _to;
    private readonly Queue<Arrival> _waiting = new();
    private readonly Dictionary<long, long> _underWay = [];
    private readonly long[] _arrived = new long[Spans], _completed = new long[Spans], _failed = new long[Spans], _refused = new long[Spans];
    private readonly LatencyHistogram _latency = new();
    private readonly SortedDictionary<(string Where, string Code), long> _errors = new(Pairs);
    private readonly SortedDictionary<string, long> _attempts = new(StringComparer.Ordinal), _ends = new(StringComparer.Ordinal);
    private long _latest;
    private Exception? _broken;

    public Stage(StageOptions options, int concurrency, IPace pace)
    {
        (_pace, _concurrency, _waitingMax) = (pace, concurrency, options.WaitingMax);
        _from = options.WarmsUp.Ticks;
        _half = _from + options.Time.Ticks / 2;
        _to = _from + options.Time.Ticks;
    }

    /// <summary>Where arrivals go.</summary>
    public ITarget Target { private get; set; } = null!;

    /// <summary>When arrivals end, in ticks of the stage.</summary>
    public long ArrivalsEnd => _to;

    /// <summary>What ends the run: not a measurement but a mistake.</summary>
    public Exception? Broken => Volatile.Read(ref _broken);

    public void Break(Exception why) => Interlocked.CompareExchange(ref _broken, why, null);

    /// <summary>How many have arrived and not ended.</summary>
    public int Open
    {
        get
        {
            lock (_books) return _underWay.Count + _waiting.Count;
        }
    }

    public void Arrive(Arrival arrival)
    {
        lock (_books)
        {
            _arrived[SpanOf(arrival.Intended)]++;
            _latest = Math.Max(_latest, _pace.Now - arrival.Intended);
            if (_underWay.Count >= _concurrency)
            {
                if (_waiting.Count < _waitingMax) _waiting.Enqueue(arrival);
                else TurnAway("stress", "stress.waiting-full");
                return;
            }
            _underWay.Add(arrival.Number, arrival.Intended);
        }
        Target.Begin(arrival);
    }

    /// <summary>An arrival has come to its end.</summary>
    /// <param name="arrival">Which.</param>
    /// <param name="failure">Whether it failed.</param>
    /// <param name="end">The state in which a workflow ended.</param>
    public void Ended(Arrival arrival, bool failure, string? end = null)
    {
        lock (_books)
        {
            if (!_underWay.Remove(arrival.Number)) return;
            var now = _pace.Now;
            (failure ? _failed : _completed)[SpanOf(now)]++;
            if (end is not null) _ends[end] = _ends.GetValueOrDefault(end) + 1;
            if (IsMeasured(arrival.Intended)) _latency.Record(new(now - arrival.Intended));
        }
        Next();
    }

    /// <summary>An arrival was not taken.</summary>
    public void Refused(Arrival arrival, string code)
    {
        lock (_books)
        {
            if (!_underWay.Remove(arrival.Number)) return;
            TurnAway("start", code);
        }
        Next();
    }

    /// <summary>An attempt, or an instance, has come to its end.</summary>
    /// <param name="where">Of which operation; or what else.</param>
    /// <param name="code">The code of its failure; null where it succeeded.</param>
    public void Told(string where, string? code)
    {
        lock (_books)
        {
            _attempts[where] = _attempts.GetValueOrDefault(where) + 1;
            if (code is not null) Error(where, code);
        }
    }

    public StressProgress Progress(double rate)
    {
        lock (_books)
            return new(rate, new(Math.Min(_pace.Now, _to)), new(_to), _arrived.Sum(), _completed.Sum(), _failed.Sum() + _refused.Sum(), _underWay.Count + _waiting.Count, _latency.Percentile(99));
    }

    /// <summary>What came of it. Those that have not ended count with the time that has passed, so that they do not flatter the percentiles.</summary>
    public StressRow Close(StageOptions options, bool cancelled)
    {
        lock (_books)
        {
            var now = _pace.Now;
            foreach (var intended in _underWay.Values.Concat(_waiting.Select(w => w.Intended)).Where(IsMeasured)) _latency.Record(new(now - intended));
            var measured = new TimeSpan(Math.Clamp(now - _from, 0, _to - _from));
            return new(options, measured, cancelled)
            {
                Arrived = Of(_arrived), Completed = Of(_completed), Failed = Of(_failed), Refused = Of(_refused), Unfinished = _underWay.Count + _waiting.Count,
                Latency = new(_latency.Percentile(50), _latency.Percentile(90), _latency.Percentile(99), _latency.Percentile(99.9), _latency.Max),
                Lag = new(_latest),
                Errors = [.. _errors.Select(e => new StressError(e.Key.Where, e.Key.Code, e.Value, e.Key.Where is "stress" or "start" ? _arrived.Sum() : _attempts.GetValueOrDefault(e.Key.Where)))],
                Ends = [.. _ends.Select(e => new StressEnd(e.Key, e.Value))],
                Plateau = _completed[Second] / new TimeSpan(_to - _half).TotalSeconds,
                BacklogAtHalf = Backlog(Second), BacklogAtEnd = Backlog(Second + 1), TurnedAwayInSecondHalf = _refused[Second], ArrivedInSecondHalf = _arrived[Second],
            };
        }
    }

    private static readonly Comparer<(string Where, string Code)> Pairs = Comparer<(string Where, string Code)>.Create((a, b) =>
        string.CompareOrdinal(a.Where, b.Where) is var where and not 0 ? where : string.CompareOrdinal(a.Code, b.Code));

    private static long Of(long[] counts) => counts[First] + counts[Second];

    // How many had arrived, were taken, and had not ended when a span began.
    private long Backlog(int span) => _arrived[..span].Sum() - _completed[..span].Sum() - _failed[..span].Sum() - _refused[..span].Sum();

    private void Next()
    {
        Arrival? next;
        lock (_books)
        {
            if (_underWay.Count >= _concurrency || !_waiting.TryDequeue(out next)) return;
            _underWay.Add(next.Number, next.Intended);
        }
        Target.Begin(next);
    }

    private void TurnAway(string where, string code)
    {
        _refused[SpanOf(_pace.Now)]++;
        Error(where, code);
    }

    private void Error(string where, string code) => _errors[(where, code)] = _errors.GetValueOrDefault((where, code)) + 1;

    private bool IsMeasured(long at) => at >= _from && at < _to;

    private int SpanOf(long at) => at < _from ? 0 : at < _half ? First : at < _to ? Second : Second + 1;
}
