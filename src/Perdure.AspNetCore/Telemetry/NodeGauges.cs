using System.Diagnostics.Metrics;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>What is measured by looking: counts of instances and the node's load. Taken when somebody collects, at most once a second.</summary>
internal sealed class NodeGauges : IDisposable
{
    public const string MeterName = "Perdure.Node";
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);
    private readonly Meter _meter;
    private readonly IPerdure _perdure;
    private readonly TimeProvider _time;
    private volatile IReadOnlyList<Tally> _tallies = [];
    private long _taken = long.MinValue;

    public NodeGauges(IPerdure perdure, TimeProvider time, IMeterFactory meters)
    {
        (_perdure, _time) = (perdure, time);
        _meter = meters.Create(MeterName);
        _meter.CreateObservableGauge("perdure.instances", () => _tallies.Select(t => new Measurement<long>(t.Count,
            new("workflow", t.Workflow), new("version", t.WorkflowVersion), new("state", t.State), new("status", Wire.Word(t.Status)))), "{instance}", "Instances by workflow, version, state and status.");
        _meter.CreateObservableGauge("perdure.queue.depth", () => _perdure.Health.Queued, "{command}", "Commands that wait for their lane.");
        _meter.CreateObservableGauge("perdure.instances.in_flight", () => _perdure.Health.InFlight, "{instance}", "Instances with work under way.");
        _meter.CreateObservableGauge("perdure.instances.hot", () => _perdure.Health.Hot, "{instance}", "Instances in memory.");
        _meter.CreateObservableGauge("perdure.ready", () => _perdure.Health.Ready ? 1 : 0, "1", "Whether the node owns its lanes and the store answers.");
    }

    /// <summary>Brings the counts up to date.</summary>
    public async Task Refresh(CancellationToken cancellation)
    {
        var now = _time.GetTimestamp();
        if (_taken != long.MinValue && _time.GetElapsedTime(_taken, now) < Fresh) return;
        try
        {
            _tallies = await _perdure.Views.Tallies(cancellation);
            _taken = now;
        }
        catch (StoreException)
        {
            // The counts stay as they were; that the store is away is another gauge's to say.
        }
    }

    public void Dispose() => _meter.Dispose();
}
