using System.Globalization;
using System.Text;

namespace Perdure.Simulation.Replaying;

/// <summary>Where today's code does something else than was recorded.</summary>
/// <param name="Instance">The instance.</param>
/// <param name="Workflow">Its workflow.</param>
/// <param name="Version">Its version.</param>
/// <param name="Visit">The visit; 0 where it is about the whole map.</param>
/// <param name="State">The state of that visit.</param>
/// <param name="Code">What it is: the code of the incident that it would raise, or <c>transition.other</c>, <c>data.other</c>, <c>step.new</c>, <c>visit.open</c>, <c>redaction.unknown</c>.</param>
/// <param name="Breaks">Whether a node with today's code would raise an incident, or refuse to start; otherwise it would only do something else.</param>
/// <param name="Message">For people.</param>
public sealed record HistoryDivergence(string Instance, string Workflow, int Version, int Visit, string State, string Code, bool Breaks, string Message)
{
    /// <summary>The first step that differs, by its name in the journal; null where it is about none.</summary>
    public string? Step { get; init; }
    /// <summary>What was recorded there.</summary>
    public string? Recorded { get; init; }
    /// <summary>What today's code expects there.</summary>
    public string? Expected { get; init; }

    /// <inheritdoc />
    public override string ToString()
    {
        var text = new StringBuilder(Breaks ? "BREAKS   " : "differs  ");
        text.Append(CultureInfo.InvariantCulture, $"{Workflow} version {Version}, instance {Instance}");
        if (Visit > 0) text.Append(CultureInfo.InvariantCulture, $", visit {Visit} ({State})");
        if (Step is not null) text.Append(CultureInfo.InvariantCulture, $", step {Step}");
        text.Append(CultureInfo.InvariantCulture, $": {Code}\n    {Message.ReplaceLineEndings("\n    ")}");
        if (Recorded is not null) text.Append(CultureInfo.InvariantCulture, $"\n    recorded: {Recorded}");
        if (Expected is not null) text.Append(CultureInfo.InvariantCulture, $"\n    expected: {Expected}");
        return text.ToString();
    }
}

/// <summary>What replaying histories against today's code gave.</summary>
/// <param name="Instances">How many instances were replayed.</param>
/// <param name="Visits">How many visits of them.</param>
/// <param name="Skipped">How many instances were left out: they are of other workflows than were asked for, or have ended under a version that is not there any more.</param>
/// <param name="Breaks">How many divergences break.</param>
/// <param name="Differences">How many only differ.</param>
/// <param name="Divergences">The divergences in the order of the file; of very many, the first ones.</param>
public sealed record ReplayReport(int Instances, int Visits, int Skipped, int Breaks, int Differences, IReadOnlyList<HistoryDivergence> Divergences)
{
    /// <summary>Whether nothing breaks.</summary>
    public bool Passed => Breaks == 0;

    /// <inheritdoc />
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var divergence in Divergences) text.Append(divergence).Append('\n');
        if (Divergences.Count < Breaks + Differences) text.Append(CultureInfo.InvariantCulture, $"… and {Breaks + Differences - Divergences.Count} more\n");
        return text.Append(CultureInfo.InvariantCulture, $"{Instances} instances, {Visits} visits replayed: {Breaks} break, {Differences} differ").Append(Skipped > 0 ? $", {Skipped} instances left out" : "").Append('.').ToString();
    }
}
