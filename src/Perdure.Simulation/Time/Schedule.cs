using Perdure.Simulation.Chance;

namespace Perdure.Simulation.Time;

/// <summary>Who something is scheduled for. What is scheduled for one that is gone never happens; for one that is paused it happens once it goes on.</summary>
internal interface IActor
{
    /// <summary>Nothing of it happens any more.</summary>
    bool Gone { get; }
    /// <summary>Until when nothing of it happens, in ticks of the world's time; 0 while it is not paused.</summary>
    long PausedUntil { get; }
}

/// <summary>
/// The one queue of a world: what happens next, by (time, a tie-break drawn from the seed, order of scheduling). One thread takes from it; time moves from one thing to the next.
/// </summary>
internal sealed class Schedule(Pcg32 chance)
{
    private readonly Upcoming<Entry> _queue = new();
    private readonly System.Collections.Concurrent.ConcurrentQueue<Action> _foreign = new();
    private volatile bool _hasForeign;
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private long _sequence;

    // What it is, is put together only where somebody asks.
    private readonly record struct Entry(IActor? For, string? Subject, string What, Action Happens)
    {
        public string Text => Subject is null ? What : $"{Subject}{What}";
    }

    /// <summary>The world's time: ticks since its beginning.</summary>
    public long Now { get; private set; }

    /// <summary>How many things have happened.</summary>
    public long Happened { get; private set; }

    /// <summary>How many things wait.</summary>
    public int Count => _queue.Count;

    /// <summary>Told of each thing that happens: when, for whom, what.</summary>
    public Action<long, IActor?, string>? Watched { get; set; }

    /// <summary>What happens now, for reports of a world that stands still.</summary>
    public string Doing => _doing.Text;

    /// <summary>For whom it happens; null for the world itself.</summary>
    public IActor? DoingFor => _doing.For;

    private Entry _doing = new(null, null, "", () => { });

    /// <summary>What was to happen now had been called off: it is nobody's.</summary>
    public void CalledOff() => _doing = new(null, null, "what was called off", () => { });

    /// <summary>True on any thread but the world's own, which then does it before its next thing.</summary>
    public bool Elsewhere(Action again)
    {
        if (Environment.CurrentManagedThreadId == _thread) return false;
        _foreign.Enqueue(again);
        _hasForeign = true;
        return true;
    }

    /// <summary>Something happens at a moment, or now where that has passed.</summary>
    /// <param name="at">When, in ticks of the world's time.</param>
    /// <param name="actor">For whom; null for the world itself.</param>
    /// <param name="what">What it is, for the trace.</param>
    /// <param name="happens">What is done then.</param>
    /// <param name="subject">What stands before <paramref name="what"/>.</param>
    public void At(long at, IActor? actor, string what, Action happens, string? subject = null) =>
        _queue.Add(new(Math.Max(at, Now), chance.Next(), ++_sequence), new(actor, subject, what, happens));

    /// <summary>Something happens after a time.</summary>
    public void After(long ticks, IActor? actor, string what, Action happens, string? subject = null) => At(Now + Math.Max(0, ticks), actor, what, happens, subject);

    /// <summary>Lets the next thing happen, unless it is later than <paramref name="until"/>. False where nothing is left until then; it is that time now.</summary>
    public bool Step(long until)
    {
        if (_hasForeign) TakeForeign();
        while (_queue.Count > 0)
        {
            var key = _queue.First;
            if (key.At > until) break;
            var entry = _queue.Take();
            if (entry.For is { Gone: true }) continue;
            Now = key.At;
            if (entry.For is { PausedUntil: var resumes } && resumes > Now)
            {
                _queue.Add(new(resumes, key.Tie, ++_sequence), entry);
                continue;
            }
            Happened++;
            _doing = entry;
            if (Watched is { } watched) watched(Now, entry.For, entry.Text);
            entry.Happens();
            return true;
        }
        Now = Math.Max(Now, until);
        return false;
    }

    private void TakeForeign()
    {
        _hasForeign = false;      // before they are taken: what comes meanwhile sets it again
        while (_foreign.TryDequeue(out var foreign)) foreign();
    }
}
