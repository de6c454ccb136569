using System.Collections.Immutable;

namespace Perdure.Simulation;

/// <summary>What an instance was doing when a fault struck.</summary>
public enum Phase
{
    /// <summary>No instance was there.</summary>
    Idle,
    /// <summary>A body or its operations ran, or waited for a moment or a message.</summary>
    Running,
    /// <summary>It waited at a gate.</summary>
    AtGate,
    /// <summary>It undid what it had done.</summary>
    Compensating,
    /// <summary>It had ended.</summary>
    Ended,
}

/// <summary>How often each kind of fault struck in each phase, over all seeds.</summary>
public sealed class Reach
{
    private static readonly Phase[] Phases = Enum.GetValues<Phase>();
    private readonly long[] _cells;
    private readonly ImmutableArray<FaultKind> _possible;
    private readonly bool _gates;

    internal Reach(ImmutableArray<FaultKind> possible, bool gates, long[]? cells = null) =>
        (_possible, _gates, _cells) = (possible, gates, cells ?? new long[Enum.GetValues<FaultKind>().Length * Phases.Length]);

    /// <summary>How often a kind struck while at least one instance was in that phase; of operations and undos, the instance whose it was.</summary>
    public long Count(FaultKind kind, Phase phase) => _cells[Cell(kind, phase)];

    /// <summary>The cells that could have been hit and were not: kinds that are switched off are left out, gates where no map has one, and what cannot be.</summary>
    public IEnumerable<(FaultKind Kind, Phase Phase)> Missed() =>
        from kind in _possible from phase in Phases where CanBe(kind, phase) && Count(kind, phase) == 0 select (kind, phase);

    internal void Hit(FaultKind kind, Phase phase) => _cells[Cell(kind, phase)]++;

    internal Reach And(Reach other) => new(_possible, _gates, [.. _cells.Zip(other._cells, (a, b) => a + b)]);

    /// <summary>The sentence of a report.</summary>
    public override string ToString()
    {
        var missed = Missed().GroupBy(m => m.Kind).Select(g => $"{g.Key} while {string.Join(", ", g.Select(m => m.Phase))}").ToList();
        return missed.Count == 0 ? "Every kind of fault struck in every phase." : $"Not reached: {string.Join("; ", missed)}.";
    }

    // An operation is asked for by a body, an undo by a compensation, and neither by what has ended or waits at a gate. A page is of an instance.
    private bool CanBe(FaultKind kind, Phase phase) => (phase != Phase.AtGate || _gates) && kind switch
    {
        FaultKind.UndoFails or (>= FaultKind.UndoFailsAfter and <= FaultKind.UndoLate) => phase == Phase.Compensating,
        (>= FaultKind.OperationFailsBefore and <= FaultKind.OperationLate) or FaultKind.OperationRefused => phase == Phase.Running,
        FaultKind.OperationSlow => phase is Phase.Running or Phase.Compensating,
        FaultKind.ClientRepeats or (>= FaultKind.PageRefused and <= FaultKind.NodeCrashAfterPage) => phase is not Phase.Idle,
        _ => true,
    };

    private static int Cell(FaultKind kind, Phase phase) => (int)kind * Phases.Length + (int)phase;
}
