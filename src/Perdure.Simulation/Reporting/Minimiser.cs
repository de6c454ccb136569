using System.Diagnostics;

namespace Perdure.Simulation.Reporting;

/// <summary>
/// Shrinks a failing run while it still fails with the same oracle: fewer starts, then fewer kinds of faults, then fewer strikes and scripted faults. It stops at a number of runs or a time, with the least that was found.
/// </summary>
internal sealed class Minimiser(Func<Recipe, SeedReport> run, int scripted, int runs, TimeSpan within, CancellationToken cancellation)
{
    private readonly long _began = Stopwatch.GetTimestamp();
    private string _oracle = "";
    private (Recipe Recipe, SeedReport Report) _least;

    /// <summary>How many runs it took.</summary>
    public int Runs { get; private set; }

    /// <summary>Whether a bound, or somebody, ended it before nothing more could be taken away.</summary>
    public bool CutOff => Runs >= runs || cancellation.IsCancellationRequested || Stopwatch.GetElapsedTime(_began) >= within;

    public (Recipe Recipe, SeedReport Report) Shrink(Recipe recipe, SeedReport failed)
    {
        (_oracle, _least) = (failed.Violation!.Oracle, (recipe, failed));
        bool less;
        do less = Starts() | Kinds() | Strikes() | Script();
        while (less && !CutOff);
        return _least;
    }

    private bool Starts()
    {
        var less = false;
        for (var load = 0; load < _least.Recipe.Starts.Length; load++)
            for (var cut = Math.Max(1, _least.Recipe.Starts[load] / 2); cut > 0;)
            {
                var starts = _least.Recipe.Starts;
                if (starts[load] >= cut && Fails(_least.Recipe with { Starts = starts.SetItem(load, starts[load] - cut) })) less = true;
                else cut /= 2;
            }
        return less;
    }

    private bool Kinds()
    {
        var less = false;
        foreach (var kind in Enum.GetValues<FaultKind>())
            if (_least.Report.Struck.Contains(kind)) less |= Fails(_least.Recipe with { Off = _least.Recipe.Off.Add(kind) });
        return less;
    }

    private bool Strikes()
    {
        var less = false;
        for (var strike = 1; strike <= _least.Report.Strikes; strike++)
            if (!_least.Recipe.Skipped.Contains(strike)) less |= Fails(_least.Recipe with { Skipped = _least.Recipe.Skipped.Add(strike) });
        return less;
    }

    private bool Script()
    {
        var less = false;
        for (var fault = 1; fault <= scripted; fault++)
            if (!_least.Recipe.Unscripted.Contains(fault)) less |= Fails(_least.Recipe with { Unscripted = _least.Recipe.Unscripted.Add(fault) });
        return less;
    }

    private bool Fails(Recipe recipe)
    {
        if (CutOff) return false;
        Runs++;
        var report = run(recipe);
        if (report.Violation?.Oracle != _oracle) return false;
        _least = (recipe, report);
        return true;
    }
}
