using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Perdure.Runtime;

/// <summary>What the engine measures, under the names and units of OpenTelemetry. A meter and a source named <c>Perdure</c>.</summary>
internal static class Telemetry
{
    public const string Name = "Perdure";

    public static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);

    public static readonly Counter<long> Started = Meter.CreateCounter<long>("perdure.instances.started", "{instance}", "Instances started.");
    public static readonly Counter<long> Ended = Meter.CreateCounter<long>("perdure.instances.ended", "{instance}", "Instances ended.");
    public static readonly Counter<long> Attempts = Meter.CreateCounter<long>("perdure.step.attempts", "{attempt}", "Attempts of operations that ended, by outcome.");
    public static readonly Histogram<double> StepDuration = Meter.CreateHistogram<double>("perdure.step.duration", "s", "How long attempts of operations took.");
    public static readonly Histogram<double> CommitLatency = Meter.CreateHistogram<double>("perdure.commit.duration", "s", "From handing a batch to the store to its answer.");
    public static readonly Histogram<long> CommitSize = Meter.CreateHistogram<long>("perdure.commit.items", "{item}", "Turns in a commit.");
    public static readonly Counter<long> Breaches = Meter.CreateCounter<long>("perdure.deadline.breaches", "{breach}", "Deadlines that passed.");
    public static readonly Counter<long> Incidents = Meter.CreateCounter<long>("perdure.incidents", "{incident}", "Incidents raised, by code.");
    public static readonly Counter<long> Removed = Meter.CreateCounter<long>("perdure.retention.removed", "{instance}", "Finished instances removed.");
    public static readonly Counter<long> KeysRemoved = Meter.CreateCounter<long>("perdure.retention.keys", "{instance}", "Removed instances whose keys were removed too.");
    public static readonly Gauge<double> RetentionLag = Meter.CreateGauge<double>("perdure.retention.lag", "s", "How long what is being removed was due; 0 after a pass.");
    public static readonly Counter<long> Refusals = Meter.CreateCounter<long>("perdure.refusals", "{refusal}", "Requests and commands refused, by code.");
}
