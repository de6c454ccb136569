using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Owning;

/// <summary>What this node does about its lanes after a look: gives up what has passed on, declares the dead, hands over what is another's, takes what is its own. It asks step by step, and goes on when the answer is there.</summary>
/// <param name="me">This node's number.</param>
/// <param name="mark">How its notifications begin.</param>
/// <param name="lanes">How many lanes there are.</param>
/// <param name="times">The spans that ownership rests on.</param>
/// <param name="proof">Until when this node may be sure.</param>
/// <param name="watch">What it has seen of the others.</param>
/// <param name="teller">Tells the node.</param>
/// <param name="post">Puts something before the next turn; from any thread.</param>
/// <param name="look">There is something to see.</param>
internal sealed class LaneMoves(int me, string mark, int lanes, KeeperTimes times, Proof proof, Watch watch, Teller teller, Action<Action> post, Action look)
{
    private const string NewestIs = "newest";

    private const int ToldAtOnce = 32;

    private readonly Dictionary<int, (long Epoch, TimeSpan From)> _free = [];
    private readonly Queue<(TakenLane Lane, bool Unclean)> _untold = [];
    private bool _isHeldUp;

    /// <summary>The lanes, each as this node has it.</summary>
    public IReadOnlyList<Tenure> Tenures { get; } = [.. Enumerable.Range(0, lanes).Select(lane => new Tenure(lane))];

    /// <summary>Whether anything is this node's, or on its way from it.</summary>
    public bool HasAny => Tenures.Any(t => t.Stage != Stage.None);

    /// <summary>How soon to look again, at the latest; set by <see cref="Act"/>.</summary>
    public TimeSpan Soon { get; private set; }

    /// <summary>Whether that is the question for the newest instance, without whose answer the node is told of no lane that came: what refuses itself alone must not cost the session, and with it all the others.</summary>
    public static bool IsForLanesThatCame(Ask? ask) => ask is { What: NewestIs };

    /// <summary>Acts on what was seen.</summary>
    public IEnumerable<Ask> Act(Seen seen, bool leaving)
    {
        Soon = TimeSpan.Zero;
        Check(seen);
        var buried = false;
        foreach (var node in seen.Nodes)
        {
            if (node.Id == me || watch.DeathOf(node, proof.Now) is not { } how) continue;
            var declare = new Ask<bool>("declare-dead", session => session.DeclareDead(node, how));
            yield return declare;
            buried |= declare.Answer;
        }
        if (buried) yield break;

        var plan = Plan(seen, leaving);
        HandOver(plan, leaving);
        var held = TimeSpan.MaxValue;
        if (!leaving)
        {
            foreach (var ask in Take(seen, plan)) yield return ask;
            if (_isHeldUp) held = KeeperTimes.Again;
        }
        var death = watch.NextDeath(seen.Nodes) - proof.Now ?? TimeSpan.MaxValue;
        var soonest = held < death ? held : death;
        Soon = soonest < TimeSpan.Zero ? TimeSpan.Zero : soonest;
    }

    /// <summary>Lets go of the lanes that the node has handed over; takes those away that it does not hand over in the time of a lease.</summary>
    public IEnumerable<Ask> Release()
    {
        foreach (var tenure in Tenures)
        {
            if (tenure.Stage == Stage.HandingOver)
            {
                // What the node was never told of it has not worked at: whatever was cut off in it still is.
                if (tenure is { IsLetGo: true, Fault: null }) tenure.Release(clean: !tenure.IsDeathOwed);
                else if (tenure.IsLetGo || proof.Now - tenure.AskedAt >= times.Lease)
                {
                    tenure.Release(clean: false);
                    teller.Lost(tenure.Lane, new("lane.stuck", $"Lane {tenure.Lane} was to be handed over to another node and was not let go of in time; it was taken away.", tenure.Fault));
                }
            }
        }
        IReadOnlyList<ReleasedLane> done = [.. Tenures.Where(t => t.Stage == Stage.Releasing).Select(t => new ReleasedLane(t.Lane, t.Epoch, t.Heir, t.Clean))];
        if (done.Count == 0) yield break;
        var release = new Ask<IReadOnlyList<int>>("release", session => session.Release(me, done, mark + " " + Wakes.Look));
        yield return release;
        foreach (var lane in release.Answer) Tenures[lane].End();
        look();
    }

    /// <summary>
    /// Tells of the lanes that were taken: so many at once, then of the rest in the next turn, after the lease is renewed. Where the newest instance cannot be asked for, it is tried again at the next turn.
    /// </summary>
    public IEnumerable<Ask> Tell()
    {
        // A lane may have passed on before it could be told of.
        while (_untold.TryPeek(out var first) && !IsStill(first.Lane)) _untold.Dequeue();
        if (_untold.Count == 0)
        {
            teller.Untold(lanes, null);
            yield break;
        }
        // Asked for all of them: their owners before can write no more.
        var newest = new Ask<InstanceId>(NewestIs, session => session.Newest());
        yield return newest;
        teller.Untold(lanes, null);
        for (var told = 0; _untold.TryPeek(out var taken); told++)
        {
            if (told >= ToldAtOnce && proof.SinceRenewed >= times.Tick)
            {
                look();
                yield break;
            }
            if (IsStill(taken.Lane))
            {
                Tenures[taken.Lane.Lane].Told();
                teller.Gained(Owned(taken.Lane, taken.Unclean, newest.Answer));
            }
            _untold.Dequeue();
        }
    }

    /// <summary>The newest instance cannot be asked for, while the session is there.</summary>
    public void CannotTell(StoreException why) => teller.Untold(lanes, why);

    private bool IsStill(TakenLane taken) => Tenures[taken.Lane] is { IsHeld: true } tenure && tenure.Epoch == taken.Epoch;

    /// <summary>What an opening found, as it is told to the one who opened.</summary>
    public IReadOnlyList<Ownership> Opened()
    {
        var held = _untold.Where(t => IsStill(t.Lane)).ToList();
        foreach (var (lane, _) in held) Tenures[lane.Lane].Told();
        var all = held.Select(t => Owned(t.Lane, t.Unclean, default)).ToList();
        _untold.Clear();
        return all;
    }

    /// <summary>Gives up a lane whose epoch has passed.</summary>
    public void Lose(int lane, StoreException why)
    {
        var tenure = Tenures[lane];
        if (!tenure.IsHeld) return;
        tenure.End();
        if (IsTold(tenure)) teller.Lost(lane, why);
    }

    /// <summary>The node has given up a lane by itself.</summary>
    public void GivenUp(int lane, long epoch)
    {
        if (Tenures[lane] is { IsHeld: true } tenure && tenure.Epoch == epoch) tenure.End();
    }

    /// <summary>Gives up all lanes.</summary>
    public void LoseAll(string code, string why, Exception? cause = null)
    {
        foreach (var tenure in Tenures) Lose(tenure.Lane, new(code, $"Lane {tenure.Lane} is given up: {why}", cause));
    }

    private void Check(Seen seen)
    {
        foreach (var row in seen.Lanes)
        {
            var tenure = Tenures[row.Id];
            if (row.Owner == me && row.Epoch == tenure.Epoch) continue;
            if (tenure.IsHeld) Lose(row.Id, Passed(row.Id, tenure.Epoch, row.Epoch));
            else if (tenure.Stage == Stage.Releasing) tenure.End();
        }
    }

    public static StoreException Passed(int lane, long had, long epoch) =>
        new("lane.fenced", $"Lane {lane} has passed on to another node: it was taken under epoch {epoch}, this node had epoch {had}.");

    private int?[] Plan(Seen seen, bool leaving)
    {
        var now = proof.Now;
        var there = seen.Nodes.Select(n => n.Id).ToHashSet();
        var members = seen.Nodes.Where(n => n.Id == me ? !leaving : !n.Leaving).Select(n => new Member(n.Id, n.Id == me || watch.IsWell(n, now))).ToList();
        foreach (var lane in seen.Lanes)
        {
            if (lane.Owner is { } owner && there.Contains(owner)) _free.Remove(lane.Id);
            else if (!_free.TryGetValue(lane.Id, out var free) || free.Epoch != lane.Epoch) _free[lane.Id] = (lane.Epoch, now);
        }
        return Spread.Plan(members, [.. seen.Lanes.Select(l => IsOverdue(l.Id) ? l with { WantedBy = null } : l)], there.Contains);
    }

    private bool IsOverdue(int lane) => _free.TryGetValue(lane, out var free) && proof.Now - free.From >= KeeperTimes.Reserved;

    /// <summary>One lane at a time, so that the others go on; all at once where the node leaves.</summary>
    private void HandOver(int?[] plan, bool leaving)
    {
        foreach (var tenure in Tenures.Where(t => t.Stage is Stage.HandingOver or Stage.Releasing)) tenure.Heir = plan[tenure.Lane] == me ? null : plan[tenure.Lane];
        foreach (var tenure in Tenures)
        {
            if (!leaving && (teller.Owner is null || Tenures.Any(t => t.Stage is Stage.HandingOver or Stage.Releasing))) return;
            if (tenure.Stage != Stage.Held || (!leaving && (!IsTold(tenure) || plan[tenure.Lane] is not { } other || other == me))) continue;
            tenure.Ask(proof.Now, plan[tenure.Lane]);
            var (epoch, lane) = (tenure.Epoch, tenure.Lane);
            teller.HandOver(lane, fault => post(() =>
            {
                if (tenure is { Stage: Stage.HandingOver } && tenure.Epoch == epoch) tenure.LetGo(fault);
            }));
        }
    }

    private IEnumerable<Ask> Take(Seen seen, int?[] plan)
    {
        _isHeldUp = false;
        var there = seen.Nodes.Select(n => n.Id).ToHashSet();
        var wanted = seen.Lanes.Where(l => Tenures[l.Id].Stage == Stage.None
            && (l.Owner == me || ((l.Owner is not { } owner || !there.Contains(owner)) && (plan[l.Id] == me || IsOverdue(l.Id))))).ToList();
        if (wanted.Count == 0) yield break;

        var deaths = wanted.ToDictionary(l => l.Id, IsDeath);
        foreach (var lane in wanted) Tenures[lane.Id].AskFor(lane.Epoch + 1, deaths[lane.Id]);
        var take = new Ask<IReadOnlyList<TakenLane>>("take", session => session.Take(me, wanted));
        yield return take;
        var taken = take.Answer;
        foreach (var lane in taken)
        {
            // Where it was this node's by its row, its own memory says what that means.
            var death = lane.Owner == me ? deaths[lane.Lane] : !lane.Clean;
            Tenures[lane.Lane].Take(lane.Epoch, death);
            _untold.Enqueue((lane, death));
        }
        if (taken.Count == wanted.Count) yield break;

        // Somebody holds their rows: where it is what a dead node has left, it is ended.
        foreach (var owner in wanted.Where(l => taken.All(t => t.Lane != l.Id)).Select(l => l.Owner).OfType<int>().Where(o => o != me).Distinct())
            yield return Ask.To("end-sessions", session => session.EndSessions(owner));
        _isHeldUp = true;
    }

    // What this node gave up itself, and nobody has had since, was not cut off by a death; what it took and was never told of is as its owner before had left it.
    private bool IsDeath(LaneRow row) => row.Owner == me ? Tenures[row.Id].IsDeathOwedAt(row.Epoch, otherwise: !row.Clean) : !row.Clean;

    private bool IsTold(Tenure tenure) => _untold.All(t => t.Lane.Lane != tenure.Lane);

    private Ownership Owned(TakenLane taken, bool unclean, InstanceId above) => new([new(taken.Lane, lanes, taken.Epoch) { Before = new(unclean, taken.Before) }], unclean, above, taken.Before);
}
