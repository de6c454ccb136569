using Perdure.Ports;
using Perdure.Simulation.Chance;
using Perdure.Simulation.Faults;
using Perdure.Simulation.Nodes;
using Perdure.Simulation.Time;

namespace Perdure.Simulation.Database;

/// <summary>How a request to the database failed.</summary>
internal enum LinkFailure
{
    /// <summary>It was not carried out, for certain.</summary>
    NotDone,
    /// <summary>Nobody knows whether it was carried out.</summary>
    Unknown,
}

/// <summary>
/// The way from a node to the database and back: it takes time, loses requests and answers, brings answers late or twice, and can be cut in either direction.
/// </summary>
internal sealed class Link(Schedule? schedule, Streams chance, FaultMix faults, IActor node, SimulatedDatabase database, StoreClock clock)
{
    // Half a millisecond there or back at the most; a client waits five seconds.
    private const int Travels = 5_000;
    private const long Patience = 5 * TimeSpan.TicksPerSecond;

    /// <summary>Nothing arrives at the database.</summary>
    public bool CutThere
    {
        get => _cutThere;
        set => Cut(_cutThere = value, _cutBack);
    }

    /// <summary>Nothing comes back.</summary>
    public bool CutBack
    {
        get => _cutBack;
        set => Cut(_cutThere, _cutBack = value);
    }

    /// <summary>For how long the database and the node have not heard each other, in ticks; 0 where they do.</summary>
    public long SilentFor => _cutSince is { } since ? Math.Max(1, schedule!.Now - since) : 0;

    /// <summary>Everything takes so many times as long.</summary>
    public int Clogged { get; set; } = 1;

    /// <summary>The database's clock, as the answers brought it.</summary>
    public StoreClock Clock => clock;

    // When the requests that are under way were sent.
    private readonly Dictionary<long, long> _underWay = [];
    private long _sent;
    private bool _cutThere, _cutBack;
    private long? _cutSince;

    private void Cut(bool there, bool back) => _cutSince = there || back ? _cutSince ?? schedule?.Now : null;

    /// <summary>Tells the database something that is not answered, where it can be heard; else it is lost.</summary>
    public void Tell(string what, Action told, Action lost) => schedule?.After(Travel(), database, what, () =>
    {
        if (CutThere) lost();
        else told();
    });

    /// <summary>The database tells the node something, where it can be heard.</summary>
    public void Hear(string what, Action heard, string subject)
    {
        if (!CutBack) schedule?.After(Travel(), node, what, heard, subject);
    }

    /// <summary>Something happens at the node after a time.</summary>
    public void Later(TimeSpan time, Action happens) => schedule?.After(time.Ticks, node, "waits", happens);

    /// <summary>How many requests are under way.</summary>
    public int UnderWay => _underWay.Count;

    /// <summary>Whether a request is under way for longer than any client waits for its answer.</summary>
    public bool IsStuck => schedule is not null && _underWay.Count > 0 && schedule.Now - _underWay.Values.Min() > 2 * Patience;

    /// <summary>Sends a request. Exactly one of the two is called, once; neither where the node dies.</summary>
    /// <param name="what">What it is, for the trace.</param>
    /// <param name="carryOut">What the database does: gets the tables' answer by calling back, or nothing where it crashes.</param>
    /// <param name="writes">Whether it writes.</param>
    /// <param name="answered">Takes the answer.</param>
    /// <param name="failed">Told that no answer will come.</param>
    /// <param name="patience">How long an answer is waited for; five seconds unless given.</param>
    public void Send<T>(string what, bool writes, Action<Action<T>, Action> carryOut, Action<T> answered, Action<LinkFailure, StoreException> failed, TimeSpan? patience = null)
    {
        if (schedule is null)
        {
            clock.Heard(database.Now);
            carryOut(answered, () => failed(LinkFailure.Unknown, Away("The connection broke.")));
            return;
        }
        var (over, number) = (false, ++_sent);
        _underWay.Add(number, schedule.Now);
        if (faults.Strikes(FaultKind.PoolExhausted, (node as SimulatedNode)?.Place))
        {
            Fail(LinkFailure.NotDone, "No connection was free in time.", Travel());
            return;
        }
        if (writes && faults.Strikes(FaultKind.SerializationFailure, (node as SimulatedNode)?.Place))
        {
            Fail(LinkFailure.NotDone, "The transaction could not be serialised.", Travel());
            return;
        }
        if (faults.Strikes(FaultKind.ConnectionDroppedBefore, (node as SimulatedNode)?.Place))
        {
            Fail(LinkFailure.Unknown, "The connection was dropped.", Travel());
            return;
        }
        if (writes && faults.Strikes(FaultKind.TimeoutThatCommits, (node as SimulatedNode)?.Place))
        {
            // What the client has given up is carried out all the same, before it asks again or behind that.
            Fail(LinkFailure.Unknown, "The statement was cancelled for its time.", Travel());
            schedule.After(Travel() * (1 + chance.Network.Below(10)), database, ", given up", () =>
            {
                if (!CutThere && !database.IsFull) carryOut(_ => { }, () => { });
            }, what);
            return;
        }
        schedule.After(patience?.Ticks ?? Patience, node, ": patience", () => Over(LinkFailure.Unknown, "No answer came in time."), what);
        schedule.After(Travel(), database, what, () =>
        {
            if (CutThere) return;
            if (writes && database.IsFull)
            {
                Fail(LinkFailure.NotDone, "There is no room left.", Travel(), "store.full");
                return;
            }
            carryOut(Answer, () => Fail(LinkFailure.Unknown, "The connection broke.", Travel()));
        });

        void Answer(T answer)
        {
            if (CutBack || faults.Strikes(FaultKind.AnswerLost, (node as SimulatedNode)?.Place)) return;
            if (faults.Strikes(FaultKind.ConnectionDroppedAfter, (node as SimulatedNode)?.Place))
            {
                Fail(LinkFailure.Unknown, "The connection was dropped.", Travel());
                return;
            }
            var (times, moment) = (faults.Strikes(FaultKind.AnswerTwice, (node as SimulatedNode)?.Place) ? 2 : 1, database.Now);
            for (var i = 0; i < times; i++)
                schedule.After(faults.Strikes(FaultKind.AnswerLate, (node as SimulatedNode)?.Place) ? Travel() * 500 : Travel(), node, ": answer", () =>
                {
                    if (over) return;
                    over = _underWay.Remove(number);
                    clock.Heard(moment);
                    answered(answer);
                }, what);
        }

        void Fail(LinkFailure failure, string message, long after, string code = "store.unavailable") =>
            schedule.After(after, node, $"{what}: {message}", () => Over(failure, message, code));

        void Over(LinkFailure failure, string message, string code = "store.unavailable")
        {
            if (over) return;
            over = _underWay.Remove(number);
            failed(failure, new(code, message));
        }
    }

    private long Travel() => (1 + chance.Network.Below(Travels)) * (long)Clogged;

    private static StoreException Away(string message) => new("store.unavailable", message);
}
