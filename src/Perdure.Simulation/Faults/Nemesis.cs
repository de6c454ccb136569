using Perdure.Simulation.Nodes;
using Perdure.Simulation.Reporting;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Faults;

/// <summary>Brings about what goes wrong at moments of its own: crashes, pauses, partitions, failovers, clocks. What it began, it ends.</summary>
internal sealed class Nemesis(World world)
{
    private const long Second = TimeSpan.TicksPerSecond;

    private bool _healed;

    private int _due;
    private readonly List<int> _fell = [];

    /// <summary>The strikes that fell at moments of the mix's own, each by its number, by which it can be left out.</summary>
    public IReadOnlyList<int> Fell => _fell;

    public void Begin()
    {
        foreach (var kind in Enum.GetValues<FaultKind>().Where(FaultMix.IsScheduled)) Next(kind);
    }

    /// <summary>What a test says goes wrong at a moment.</summary>
    public void Script(IReadOnlyList<Scripted> script)
    {
        foreach (var (at, one) in script.Index())
            if (!world.Options.Unscripted.Contains(at + 1)) world.Schedule.At(one.At.Ticks, null, $"script: {one.Name}", () =>
            {
                if (one.While is not null and not Phase.Idle) _until.Add(one);
                else Bring(one, one.Node);
            });
    }

    /// <summary>An instance of a place is in a phase now: what a test said goes wrong then, does.</summary>
    public void Seen(int place, Phase phase)
    {
        for (var i = _until.Count - 1; i >= 0; i--)
        {
            if (_until[i] is not { While: { } awaited } one || awaited != phase) continue;
            _until.RemoveAt(i);
            world.Schedule.After(0, null, $"script: {one.Name}", () => Bring(one, place));
        }
    }

    private readonly List<Scripted> _until = [];

    private void Bring(Scripted one, int place)
    {
        world.Timeline?.Add(new(world.Schedule.Now, LaneOf.World, "script", one.Name, Bad: true));
        if (FaultMix.IsScheduled(one.Kind)) Strike(one.Kind, place);
        else world.Faults.Force(one.Kind);
    }

    /// <summary>A life begins: its clock is off and drifts where the mix says so. Both are strikes, so that they are shown, and that switching the kind off is tried.</summary>
    public void Machine(int place, SimulatedNode node)
    {
        if (_healed) return;
        if (world.Faults.MayStrike(FaultKind.ClockDrift))
        {
            world.Faults.Count(FaultKind.ClockDrift, place);
            node.Clock.Drift(world.Chance.Clocks.Between(-500, 500));
        }
        if (world.Faults.MayStrike(FaultKind.ClockJump))
        {
            world.Faults.Count(FaultKind.ClockJump, place);
            node.Clock.Jump(TimeSpan.FromMilliseconds(world.Chance.Clocks.Between(-30_000, 30_000)));
        }
    }

    /// <summary>When the last of those that are paused wakes up.</summary>
    public long LastWakes => world.Nodes.Where(n => !n.Gone).Select(n => n.PausedUntil).DefaultIfEmpty().Max();

    /// <summary>Nothing goes wrong any more; what was broken is mended, and who lost touch starts again.</summary>
    public void Heal()
    {
        _healed = world.Faults.Healed = true;
        world.Database.FullUntil = 0;
        world.Database.Slowness = 1;
        foreach (var node in world.Nodes)
        {
            node.Link.CutThere = node.Link.CutBack = false;
            node.Link.Clogged = 1;      // who is paused wakes up at its time: what has waited for it would else come behind what is newer
        }
        for (var place = 0; place < world.Places; place++) world.ChangeCode(place, newer: true);
    }

    private void Next(FaultKind kind)
    {
        var rate = world.Faults.Rate(kind) * world.Places;
        if (rate <= 0) return;
        var wait = -Math.Log(1 - world.Chance.Faults.Share()) / rate;
        world.Schedule.After((long)(wait * Second), null, $"nemesis: {kind}", () =>
        {
            if (_healed) return;
            var number = ++_due;
            if (!world.Faults.IsOff(kind) && !world.Options.Skipped.Contains(number))
            {
                _fell.Add(number);
                Strike(kind, null);
            }
            Next(kind);
        });
    }

    private void Strike(FaultKind kind, int? at)
    {
        var chance = world.Chance.Faults;
        var lasts = chance.Between(Second / 10, 20 * Second);
        if (kind is (>= FaultKind.DatabaseCrash and <= FaultKind.DiskSlow) or FaultKind.FailoverAsynchronous) world.Faults.Count(kind);
        if (kind is FaultKind.DatabaseCrash or FaultKind.Failover)
        {
            world.Database.Crash(kind == FaultKind.Failover ? chance.Between(Second, 5 * Second) : chance.Between(Second / 20, Second));
            return;
        }
        if (kind is FaultKind.FailoverAsynchronous)
        {
            world.Database.Crash(chance.Between(Second, 5 * Second), lostAnyway: 1 + chance.Below(20));
            return;
        }
        if (kind is FaultKind.DiskFull)
        {
            world.Database.FullUntil = world.Schedule.Now + lasts / 4;
            return;
        }
        if (kind is FaultKind.DiskSlow)
        {
            world.Database.Slowness = 200;
            world.Schedule.After(lasts, null, "the disk is itself again", () => world.Database.Slowness = 1);
            return;
        }
        var place = at ?? chance.Below(world.Places);
        world.Faults.Count(kind, place);
        if (kind is FaultKind.MixedVersions)
        {
            world.ChangeCode(place, newer: null);
            return;
        }
        if (world.Current(place) is not { Gone: false } node) return;
        switch (kind)
        {
            case FaultKind.NodeCrash:
                world.Restart(node);
                break;
            case FaultKind.NodeRestart:
                Stop(node);
                break;
            case FaultKind.NodePause:
                node.Pause(world.Schedule.Now + lasts);
                Replace(node, lasts);
                break;
            case FaultKind.Partition:
                (node.Link.CutThere, node.Link.CutBack) = (true, true);
                Mend(node, lasts);
                Replace(node, lasts);
                break;
            case FaultKind.PartitionOneWay:
                if (chance.Happens(0.5)) node.Link.CutThere = true;
                else node.Link.CutBack = true;
                Mend(node, lasts);
                Replace(node, lasts);
                break;
            case FaultKind.Clog:
                node.Link.Clogged = 100;
                world.Schedule.After(lasts, null, $"{node} is clogged no more", () => node.Link.Clogged = 1);
                break;
            case FaultKind.ClockJump:
                node.Clock.Jump(TimeSpan.FromMilliseconds(world.Chance.Clocks.Between(-30_000, 30_000)));
                break;
            case FaultKind.ClockDrift:
                node.Clock.Drift(world.Chance.Clocks.Between(-500, 500));
                break;
        }
    }

    /// <summary>A node is stopped in order, and another life begins.</summary>
    public void Stop(SimulatedNode node) => node.Close(TimeSpan.FromSeconds(2)).ContinueWith(_ => world.Restart(node),
        CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private void Mend(SimulatedNode node, long after) => world.Schedule.After(after, null, $"{node} is heard again", () => node.Link.CutThere = node.Link.CutBack = false);

    // Others notice that it is not there, and take its lanes where they are shared; else one takes its place, some of them before it is back, so that there are two for a while.
    private void Replace(SimulatedNode node, long lasts) => world.Schedule.After(world.Chance.Faults.Between(2 * Second, 5 * Second), null, $"{node} is missed", () =>
    {
        if (!_healed && world.Options.SharedLanes == 0 && lasts > 2 * Second && world.Current(node.Place) == node) world.Begin(node.Place);
    });
}
