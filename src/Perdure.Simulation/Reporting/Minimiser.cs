using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Perdure.Simulation.Reporting;

/// <summary>
/// Shrinks a failing run while it still fails in the same way: fewer starts, nodes, messages and people who intervene, then fewer kinds of faults, then fewer strikes and scripted faults. It stops at a number of runs or a
/// time, with the least that was found.
/// </summary>
internal sealed class Minimiser(Func<Recipe, SeedReport> run, int scripted, bool pauses, bool cancels, int runs, TimeSpan within, CancellationToken cancellation)
{
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly HashSet<string> _tried = new(StringComparer.Ordinal);
    private string _failure = "";
    private (Recipe Recipe, SeedReport Report) _least;

    /// <summary>How many runs it took.</summary>
    public int Runs { get; private set; }

    /// <summary>Whether a bound, or somebody, ended it before nothing more could be taken away.</summary>
    public bool CutOff => Runs >= runs || cancellation.IsCancellationRequested || Stopwatch.GetElapsedTime(_began) >= within;

    public (Recipe Recipe, SeedReport Report) Shrink(Recipe recipe, SeedReport failed)
    {
        (_failure, _least) = (ClassOf(failed.Violation!), (recipe, failed));
        bool less;
        do less = Starts() | Calm() | Senders() | Nodes() | Pin() | Kinds() | Strikes() | Earlier() | Script();
        while (less && !CutOff);
        return _least;
    }

    /// <summary>What a failure is, whichever instance it is of and however often: the promise, and its words without ids, tokens and numbers. What fails otherwise is another failure, though it be of the same promise.</summary>
    public static string ClassOf(Violation violation) => $"{violation.Oracle}: {Numbers.Replace(Ids.Replace(violation.Seen, "#"), "#")}";

    // An id, with the visit, name and generation of a token where it is one.
    private static readonly Regex Ids = new(@"\b(?=[a-z]*[0-9])[0-9a-z]{13}\b(\.\d+\.\S+\.\d+)?");

    private static readonly Regex Numbers = new(@"\d+([.,:]\d+)*");

    private bool Starts() => Fewer(r => r.Starts, (r, starts) => r with { Starts = starts }) | Pieces(() => Asked(_least.Recipe), some => _least.Recipe with { Unasked = _least.Recipe.Unasked.Union(some) });

    private static IReadOnlyList<(int Load, int Number)> Asked(Recipe recipe) =>
        [.. recipe.Starts.SelectMany((count, load) => Enumerable.Range(1, count).Select(number => (load, number))).Where(start => !recipe.Unasked.Contains(start))];

    // Who needs no fault at all needs nothing of what follows.
    private bool Calm() => _least.Recipe.Faulty && Fails(_least.Recipe with { Faulty = false, Off = [], Skipped = [], Pinned = null });

    private bool Nodes()
    {
        for (var nodes = 1; nodes < _least.Recipe.Nodes; nodes++)
            if (Fails(_least.Recipe with { Nodes = nodes })) return true;
        return false;
    }

    private bool Senders() => Fewer(r => r.Sends, (r, sends) => r with { Sends = sends })
        | (pauses && !_least.Recipe.WithoutPauses && Fails(_least.Recipe with { WithoutPauses = true })) | (cancels && !_least.Recipe.WithoutCancels && Fails(_least.Recipe with { WithoutCancels = true }));

    private bool Fewer(Func<Recipe, ImmutableArray<int>> of, Func<Recipe, ImmutableArray<int>, Recipe> with)
    {
        var less = false;
        for (var at = 0; at < of(_least.Recipe).Length; at++)
            for (var cut = Math.Max(1, of(_least.Recipe)[at] / 2); cut > 0;)
            {
                var counts = of(_least.Recipe);
                if (counts[at] >= cut && Fails(with(_least.Recipe, counts.SetItem(at, counts[at] - cut)))) less = true;
                else cut /= 2;
            }
        return less;
    }

    // Mostly one kind alone is to blame; else each that can be spared is switched off.
    private bool Kinds()
    {
        if (!_least.Recipe.Faulty) return false;
        var kinds = Enum.GetValues<FaultKind>();
        if (_least.Report.Struck.Count > 1)
            foreach (var kind in _least.Report.Struck.Order())
                if (Fails(_least.Recipe with { Off = [.. kinds.Where(k => k != kind)] })) return true;
        var less = _least.Recipe.Off.Count + _least.Report.Struck.Count < kinds.Length && Fails(_least.Recipe with { Off = [.. kinds.Except(_least.Report.Struck)] });
        foreach (var kind in kinds)
            if (_least.Report.Struck.Contains(kind)) less |= Fails(_least.Recipe with { Off = _least.Recipe.Off.Add(kind) });
        return less;
    }

    private bool Strikes() => Pieces(() => _least.Report.Strikes, some => _least.Recipe with { Skipped = _least.Recipe.Skipped.Union(some) })
        | (_least.Recipe.Pinned is not null && Pieces(() => _least.Report.Fell, some => _least.Recipe with { Pinned = [.. _least.Report.Fell.Except(some)] }));

    // From now on the same requests and attempts are struck whatever the dice say, which fall otherwise as soon as there are fewer of them.
    private bool Pin() => _least.Recipe is { Faulty: true, Pinned: null } && Fails(_least.Recipe with { Pinned = [.. _least.Report.Fell] });

    // With few starts what is struck is among the first that there are.
    private bool Earlier()
    {
        if (_least.Recipe.Pinned is not [var (kind, number)]) return false;
        for (var load = 0; load < _least.Recipe.Starts.Length; load++)
            for (var starts = 1; starts <= Math.Min(Few, _least.Recipe.Starts[load]); starts++)
                for (var first = 1; first <= Math.Min(Few, number); first++)
                    if (Fails(_least.Recipe with { Starts = _least.Recipe.Starts.SetItem(load, starts), Unasked = [], Pinned = [(kind, first)] })) return true;
        return false;
    }

    private const int Few = 6;

    private bool Script() => Pieces<int>(() => [.. Enumerable.Range(1, scripted).Where(fault => !_least.Recipe.Unscripted.Contains(fault))], some => _least.Recipe with { Unscripted = _least.Recipe.Unscripted.Union(some) });

    // Leaves out all of them, then half of them, then ever smaller pieces, at last each for itself.
    private bool Pieces<T>(Func<IReadOnlyList<T>> all, Func<IEnumerable<T>, Recipe> without)
    {
        var less = false;
        for (var size = all().Count; size > 0; size /= 2)
            for (var at = 0; all() is var left && at < left.Count;)
            {
                if (Fails(without([.. left.Skip(at).Take(size)]))) less = true;      // what stands at this place now comes next
                else at += size;
            }
        return less;
    }

    private bool Fails(Recipe recipe)
    {
        if (CutOff || !_tried.Add(recipe.ToString())) return false;
        Runs++;
        var report = run(recipe);
        if (report.Violation is not { } violation || ClassOf(violation) != _failure) return false;
        // What was pinned and did not fall makes no difference.
        if (recipe.Pinned is not null) recipe = recipe with { Pinned = [.. report.Fell] };
        _least = (recipe, report with { Recipe = recipe });
        return true;
    }
}
