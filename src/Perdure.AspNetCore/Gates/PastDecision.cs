using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>
/// Finds the decision that was taken at a gate that is not open any more, so that the repeat of a decision is answered as the decision was: the engine itself only knows the
/// present visit.
/// </summary>
internal static class PastDecision
{
    private const int Page = 500;

    public static async Task<GateDecided?> Find(IStore store, InstanceId instance, int visit, CancellationToken cancellation)
    {
        var trail = new Trail(complete: true);
        for (long from = 1; ;)
        {
            var records = await store.Records(instance, from, Page, cancellation);
            foreach (var record in records)
                foreach (var @event in Trails.Decode(record))
                {
                    if (@event is GateDecided decided && trail.Visit == visit) return decided;
                    trail.Apply(@event, record.Version, record.At);
                    if (trail.Visit > visit) return null;
                }
            if (records.Count < Page) return null;
            from = records[^1].Version + 1;
        }
    }
}
