using Perdure.Kernel;
using Perdure.Simulation.Chance;

namespace Perdure.Simulation.Faults;

/// <summary>How often each kind of fault strikes in one run. Each run draws a mix of its own, so that some runs have few kinds, often, and rare combinations occur.</summary>
internal sealed class FaultMix
{
    private static readonly FaultKind[] Kinds = Enum.GetValues<FaultKind>();

    private readonly double[] _rates = new double[Kinds.Length];
    private readonly long[] _struck = new long[Kinds.Length];
    private readonly int[] _forced = new int[Kinds.Length];
    private readonly int[] _asked = new int[Kinds.Length];
    private readonly List<int>[] _fell = [.. Kinds.Select(_ => new List<int>())];
    private readonly Streams _chance;

    private FaultMix(Streams chance) => _chance = chance;

    /// <summary>A world in which nothing goes wrong.</summary>
    public static FaultMix None(Streams chance) => new(chance);

    /// <summary>Draws a mix: each kind that is switched on takes part in half of all runs, at a tenth to three times of its usual rate.</summary>
    /// <param name="chance">The seed's.</param>
    /// <param name="switched">For each kind the rate that was set; 0 switches it off, null leaves it to chance.</param>
    /// <param name="off">The kinds that are left out.</param>
    /// <param name="pinned">Which requests and attempts are struck; null where the dice say.</param>
    public static FaultMix Draw(Streams chance, Func<FaultKind, double?> switched, Func<FaultKind, bool> off, IReadOnlySet<(FaultKind Kind, int Number)>? pinned)
    {
        var mix = new FaultMix(chance) { IsOff = off, Pinned = pinned };
        foreach (var kind in Kinds)
        {
            if (kind is FaultKind.OperationSlow)
            {
                mix._rates[(int)kind] = switched(kind) ?? Usual(kind);      // in every run: what is slow is seen by deadlines and timeouts alone
                continue;
            }
            if (IsOffUnlessSet(kind))
            {
                mix._rates[(int)kind] = switched(kind) ?? 0;
                continue;
            }
            var from = mix.From(kind);
            var (takesPart, share) = (from.Happens(0.5), from.Share());      // drawn always, so that switching one kind leaves the others alone
            mix._rates[(int)kind] = switched(kind) ?? (takesPart ? Usual(kind) * Math.Pow(10, share * 1.5 - 1) : 0);
        }
        return mix;
    }

    /// <summary>No fault strikes from now on.</summary>
    public bool Healed { get; set; }

    public double Rate(FaultKind kind) => _rates[(int)kind];

    /// <summary>Kinds that are left out of a run while it is minimised. What they would have been is drawn all the same, so that the others fall as before.</summary>
    public Func<FaultKind, bool> IsOff { get; init; } = _ => false;

    /// <summary>Which requests and attempts are struck, by their number among those that the kind could strike; null where the dice say, which fall all the same.</summary>
    public IReadOnlySet<(FaultKind Kind, int Number)>? Pinned { get; init; }

    /// <summary>Whether it may strike in this run.</summary>
    public bool MayStrike(FaultKind kind) => Rate(kind) > 0 && !IsOff(kind);

    /// <summary>Which requests and attempts a kind struck, by their number among those that it could strike.</summary>
    public IReadOnlyList<int> Fell(FaultKind kind) => _fell[(int)kind];

    /// <summary>How often it struck in this run.</summary>
    public long Struck(FaultKind kind) => _struck[(int)kind];

    /// <summary>Told of each strike: the kind, the place where it is one place's, the instance where it is one instance's.</summary>
    public Action<FaultKind, int?, InstanceId?>? Told { get; set; }

    /// <summary>The next thing that this kind can strike is struck, whatever the rates say.</summary>
    public void Force(FaultKind kind) => _forced[(int)kind]++;

    // Kinds that came later draw from streams of their own, so that seeds of before are as they were where those do not strike.
    private Pcg32 From(FaultKind kind) => kind switch
    {
        FaultKind.OperationSlow => _chance.Operations,
        FaultKind.OperationRefused => _chance.Refusals,
        >= FaultKind.UndoFailsAfter => _chance.Undos,
        >= FaultKind.TornWrite => _chance.LaterFaults,
        _ => _chance.Faults,
    };

    /// <summary>Whether it strikes now.</summary>
    public bool Strikes(FaultKind kind, int? place = null, InstanceId? instance = null)
    {
        if (_forced[(int)kind] > 0)
        {
            _forced[(int)kind]--;
            Count(kind, place, instance);
            return true;
        }
        if (_rates[(int)kind] <= 0 || (Healed && kind is not FaultKind.OperationSlow)) return false;
        var falls = From(kind).Happens(_rates[(int)kind]);
        var number = ++_asked[(int)kind];
        if (!(Pinned?.Contains((kind, number)) ?? falls) || IsOff(kind) || Healed) return false;
        _fell[(int)kind].Add(number);
        Count(kind, place, instance);
        return true;
    }

    /// <summary>A scripted or scheduled fault strikes.</summary>
    public void Count(FaultKind kind, int? place = null, InstanceId? instance = null)
    {
        _struck[(int)kind]++;
        Told?.Invoke(kind, place, instance);
    }

    /// <summary>The kinds that a world brings about at moments of its own, rather than at each request; their rates are per second of a node's life.</summary>
    public static bool IsScheduled(FaultKind kind) => kind is (>= FaultKind.DatabaseCrash and <= FaultKind.ClockDrift) or FaultKind.FailoverAsynchronous or FaultKind.MixedVersions;

    /// <summary>The kinds that no run has of itself.</summary>
    public static bool IsOffUnlessSet(FaultKind kind) => kind is FaultKind.FailoverAsynchronous or FaultKind.MixedVersions;

    public static double Usual(FaultKind kind) => kind switch
    {
        FaultKind.DatabaseCrash or FaultKind.Failover or FaultKind.DiskFull or FaultKind.DiskSlow => 0.02,
        FaultKind.NodeCrash => 0.05,
        _ when IsScheduled(kind) => 0.03,
        FaultKind.OperationFailsForGood => 0.03,
        FaultKind.OperationFailsBefore or FaultKind.OperationRefused or FaultKind.OperationUnknownAfter or FaultKind.OperationUnknownBefore or FaultKind.OperationLate or FaultKind.UndoFails
            or (>= FaultKind.UndoFailsAfter and <= FaultKind.UndoLate) => 0.05,
        FaultKind.ClientRepeats => 0.1,
        FaultKind.OperationSlow => 0.02,
        FaultKind.TornWrite => 0.001,
        FaultKind.PageRefused => 0.2,
        FaultKind.PageAnswerLost => 0.1,
        FaultKind.PageLate or FaultKind.NodeCrashAfterPage => 0.05,
        _ => 0.01,
    };
}
