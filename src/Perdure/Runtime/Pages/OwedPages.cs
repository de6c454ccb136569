using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>How far one sink is with one page.</summary>
internal sealed class SinkProgress
{
    public bool Acknowledged { get; set; }
    public bool Busy { get; set; }
    /// <summary>Every sink has it, and the store does not know that yet.</summary>
    public bool OwesMark { get; set; }
    public int Tries { get; set; }
    /// <summary>When it is due again.</summary>
    public TimeSpan Next { get; set; }
}

/// <summary>A page that is owed.</summary>
internal sealed class OwedPage(StoredPage page, int sinks, TimeSpan now)
{
    public StoredPage Page { get; set; } = page;
    public int TriesBefore { get; } = page.Tries;
    public SinkProgress[] Sinks { get; } = [.. Enumerable.Range(0, sinks).Select(_ => new SinkProgress { Next = now })];
    /// <summary>Every sink has it, and the store knows.</summary>
    public bool Done { get; set; }
    public long Look { get; set; }
    public long Round { get; set; }

    public bool IsBusy => Sinks.Any(s => s.Busy);
    public int Tries => Sinks.Sum(s => s.Tries);
    public bool IsDue(int sink, TimeSpan now) => !Done && Sinks[sink] is { Busy: false } one && (!one.Acknowledged || one.OwesMark) && one.Next <= now;
}

/// <summary>
/// What is known here of the pages that are owed: of a bounded number, new ones first. Each look reads from the newest on until it meets what the look before saw first, so that no number of
/// old ones hides a new one; and while there are more than one portion, now and then a portion further on, round and round, so that each comes here some time. Where there are more than are kept, one that
/// had its try and is due last gives way. Callers hold <see cref="Gate"/> while they touch what is in it.
/// </summary>
internal sealed class OwedPages(IPerdure perdure, IStore store, int sinks, Func<TimeSpan> now, TimeSpan pause)
{
    private const int Portion = 500, Kept = 10_000;
    private readonly Dictionary<string, OwedPage> _pages = new(StringComparer.Ordinal);
    private HashSet<string> _front = new(StringComparer.Ordinal);
    private long _look, _round;
    private int _walk;
    private TimeSpan _walked;

    public Lock Gate { get; } = new();

    public IReadOnlyCollection<OwedPage> All => _pages.Values;

    /// <summary>Reads what is owed now.</summary>
    public async Task Look(CancellationToken cancellation)
    {
        _look++;
        List<string> done;
        // A read that begins now cannot see them any more; one that had begun before could, and would bring them back.
        lock (Gate) done = [.. _pages.Where(p => p.Value.Done).Select(p => p.Key)];

        var front = new HashSet<string>(StringComparer.Ordinal);
        var (read, met, whole) = (0, false, false);
        do
        {
            var portion = await store.PagesOwed(read, Portion, cancellation).ConfigureAwait(false);
            lock (Gate)
            {
                foreach (var page in portion)
                {
                    if (read == 0) front.Add(page.Page.Key);
                    met |= _front.Contains(page.Page.Key);
                    Take(page, isNew: true);
                }
                whole = portion.Count < Portion;
                read += portion.Count;
            }
        }
        while (!whole && !met && read < Kept);
        _front = front;
        lock (Gate)
        {
            foreach (var key in done) _pages.Remove(key);
            // One portion is all there is at one moment; several are of different ones, and what is delivered meanwhile lets them skip some.
            if (whole && read < Portion)
            {
                Forget(p => p.Look < _look);
                _walk = 0;
                return;
            }
        }
        if (now() - _walked >= pause) await Walk(cancellation).ConfigureAwait(false);
    }

    private async Task Walk(CancellationToken cancellation)
    {
        var portion = await store.PagesOwed(_walk, Portion, cancellation).ConfigureAwait(false);
        _walked = now();
        lock (Gate)
        {
            foreach (var page in portion) Take(page, isNew: false);
            _walk += portion.Count;
            if (portion.Count == Portion) return;
            (_walk, _round) = (0, _round + 1);
            Forget(p => p.Round < _round - 2);
        }
    }

    private void Take(StoredPage page, bool isNew)
    {
        if (!perdure.Owns(page.Instance)) return;
        if (!_pages.TryGetValue(page.Page.Key, out var known))
        {
            if (_pages.Count >= Kept && !MakeRoom(isNew)) return;
            _pages[page.Page.Key] = known = new(page, sinks, now());
        }
        (known.Page, known.Look, known.Round) = (page, _look, _round);
    }

    private bool MakeRoom(bool forNew)
    {
        var last = _pages.Values.Where(p => !p.Done && !p.IsBusy && (forNew || p.Tries > 0)).MaxBy(p => (p.Tries > 0, p.Sinks.Max(s => s.Next), -p.Page.RaisedAt.Ticks));
        return last is not null && _pages.Remove(last.Page.Page.Key);
    }

    private void Forget(Func<OwedPage, bool> which)
    {
        foreach (var page in _pages.Values.Where(p => !p.IsBusy && which(p)).ToList()) _pages.Remove(page.Page.Page.Key);
    }
}
