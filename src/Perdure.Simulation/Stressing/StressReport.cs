using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Perdure.Simulation;

/// <summary>Where it saturates.</summary>
/// <param name="Stands">The highest rate that stood; null where none did.</param>
/// <param name="Breaks">The lowest rate that did not.</param>
/// <param name="Capacity">What ended well in a second at that rate, over the second half of what was measured.</param>
/// <param name="Why">What did not hold there.</param>
public sealed record Saturation(double? Stands, double Breaks, double Capacity, string Why);

/// <summary>What came of a stress run: each rate, and where it saturates. In virtual time the text and the JSON of the same seed and options are the same, letter by letter.</summary>
public sealed record StressReport
{
    internal StressReport() { }

    /// <summary>What was put under stress.</summary>
    public required string Subject { get; init; }
    /// <summary>The seed of arrivals, inputs, latencies and faults.</summary>
    public required ulong Seed { get; init; }
    /// <summary>Whether time was virtual.</summary>
    public required bool Virtual { get; init; }
    /// <summary>How it was driven and what was injected.</summary>
    public required string Conditions { get; init; }
    /// <summary>What came of each rate, by rate.</summary>
    public required IReadOnlyList<StressRow> Rows { get; init; }
    /// <summary>Whether it was cancelled; the last row then is as far as it came.</summary>
    public bool Cancelled => Rows.Any(r => r.Cancelled);
    /// <summary>Where it saturates; null where every rate stood.</summary>
    public Saturation? Saturation => Rows.Where(r => r is { Cancelled: false, Stands: false }).MinBy(r => r.Rate) is { } breaks
        ? new(Rows.Where(r => r.Stands && r.Rate < breaks.Rate).Select(r => (double?)r.Rate).Max(), breaks.Rate, breaks.Plateau, breaks.Breaks!) : null;

    /// <summary>Whether every rate stood to its end.</summary>
    public bool Passed => Rows.Count > 0 && Rows.All(r => r.Stands);

    /// <inheritdoc />
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Subject}, {(Virtual ? $"virtual time, seed {Seed}" : "real time")}: {Conditions}\n");
        text.Append("  arrivals      done  failed  turned away       p50       p90       p99     p99.9       max\n");
        foreach (var row in Rows)
        {
            string[] times = [Figures.Of(row.Latency.P50), Figures.Of(row.Latency.P90), Figures.Of(row.Latency.P99), Figures.Of(row.Latency.P999), Figures.Of(row.Latency.Max)];
            text.Append(CultureInfo.InvariantCulture, $"{Figures.Rate(row.Rate),10}{Figures.Rate(row.Throughput),10}{row.Failed,8}{row.Refused,13}{string.Concat(times.Select(t => t.PadLeft(10)))}");
            text.Append(row.Cancelled ? $"  cancelled after {Figures.Of(row.Measured)}" : row.Breaks is { } why ? $"  {why}" : "").Append(row.Unfinished > 0 ? $"  {row.Unfinished} unfinished" : "").Append('\n');
        }
        if (Saturation is { } saturation)
            text.Append(CultureInfo.InvariantCulture, $"Saturates {(saturation.Stands is { } stands ? $"between {Figures.Rate(stands)} and {Figures.Rate(saturation.Breaks)}" : $"below {Figures.Rate(saturation.Breaks)}")}: {saturation.Why}; {Figures.Rate(saturation.Capacity)} got done.\n");
        else if (Rows.Count > 0 && !Cancelled) text.Append(CultureInfo.InvariantCulture, $"Stands {Figures.Rate(Rows[^1].Rate)}.\n");
        if (!Virtual && Rows.Any(r => r.Lag > TimeSpan.FromMilliseconds(50))) text.Append(CultureInfo.InvariantCulture, $"Arrivals were made up to {Figures.Of(Rows.Max(r => r.Lag))} late: this machine cannot make them fast enough.\n");
        foreach (var row in Rows.Where(r => r.Errors.Count > 0 || r.Ends.Count > 1))
        {
            text.Append(CultureInfo.InvariantCulture, $"At {Figures.Rate(row.Rate)}:\n");
            foreach (var error in row.Errors) text.Append(CultureInfo.InvariantCulture, $"  {error.Where}: {error.Code}, {error.Count} of {error.Of} ({Figures.Share(error.Share)})\n");
            foreach (var end in row.Ends) text.Append(CultureInfo.InvariantCulture, $"  ended in {end.State}: {end.Count}\n");
        }
        return text.ToString();
    }

    /// <summary>The report as JSON; times in milliseconds.</summary>
    public string ToJson() => JsonSerializer.Serialize(new
    {
        Subject, Seed, Virtual, Conditions, Passed, Cancelled, Saturation,
        Rows = Rows.Select(r => new
        {
            r.Rate, MeasuredMs = r.Measured.TotalMilliseconds, r.Cancelled, r.Arrived, r.Completed, r.Failed, r.Refused, r.Unfinished, r.Throughput, r.Stands, r.Breaks,
            LatencyMs = new { P50 = r.Latency.P50.TotalMilliseconds, P90 = r.Latency.P90.TotalMilliseconds, P99 = r.Latency.P99.TotalMilliseconds, P999 = r.Latency.P999.TotalMilliseconds, Max = r.Latency.Max.TotalMilliseconds },
            LagMs = r.Lag.TotalMilliseconds, r.Errors, r.Ends,
        }),
    }, Json);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
